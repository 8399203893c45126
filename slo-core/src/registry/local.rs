//! This thread's shards, one per registry it records for.
//!
//! The way of every count: thread-local lookup, plain additions. The shard is claimed on the first count and
//! handed back when the thread ends. A thread that is already past that point (a destructor that records)
//! takes the shared shard under a lock instead, so that nothing is lost.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, Ended};
use super::directory::{self, RegistryId};
use super::hot::Hot;
use super::methods::Methods;
use super::outcome::Verdict;
use super::places::{About, Guard, Key, Places};
use super::route::{OVERFLOW, Protocol, RouteId};
use super::shard::Shard;
use super::shared::Shared;
use super::took::{Head, Took};
use crate::sync::{Undropped, thread_local};

/// What this thread holds of one registry.
struct Local {
    id: RegistryId,
    desk: Desk,
}

impl Drop for Local {
    fn drop(&mut self) {
        self.desk.shard.release();
    }
}

/// By the slot of the registry.
type Locals = Vec<Option<Box<Local>>>;

thread_local! {
    /// Never dropped by itself: a thread need not ask, with every count, whether that has happened.
    static LOCALS: RefCell<Undropped<Locals>> = const { RefCell::new(Undropped::new(Vec::new())) };
}

thread_local! {
    /// Drops them in its stead.
    static END: End = const { End };
}

struct End;

impl Drop for End {
    fn drop(&mut self) {
        let locals =
            LOCALS.try_with(|locals| locals.try_borrow_mut().map(|mut own| std::mem::take(&mut **own)));
        // Only here, where nothing is borrowed: see `remember`.
        drop(locals);
    }
}

/// Counts the start of an attempt, if this thread knows the text; returns its route and when it started.
#[inline(never)]
pub(super) fn start_known(id: RegistryId, about: About, name: &str) -> Option<(RouteId, u64)> {
    let known = with_own(id, |desk| {
        let route = desk.start_at_home(Key::new(about, name), name)?;
        Some((route, desk.shared.clock.ticks()))
    });
    if known.is_some() { known } else { start_beside(id, about, name) }
}

/// The same, for a text that is not at home because another one is.
#[inline(never)]
fn start_beside(id: RegistryId, about: About, name: &str) -> Option<(RouteId, u64)> {
    with_own(id, |desk| {
        let route = desk.start_known(Key::new(about, name), name)?;
        Some((route, desk.shared.clock.ticks()))
    })
}

/// The same, for every text and on every thread: nothing inside if it is left out, `None` if the registry is gone.
#[cold]
pub(super) fn start(
    id: RegistryId,
    protocol: Protocol,
    method: &'static str,
    name: &str,
) -> Option<Option<(RouteId, u64)>> {
    with(id, |desk| Some((desk.start(protocol, method, name)?, desk.shared.clock.ticks())))
}

/// Returns whether requests of this method and path are left out.
pub(super) fn leaves_out(id: RegistryId, method: &str, path: &str) -> bool {
    with(id, |desk| desk.shared.left_out.has(method, path)).unwrap_or_default()
}

/// Counts the end of an attempt.
#[inline(never)]
pub(super) fn finish(id: RegistryId, attempt: &Attempt, code: u16, verdict: Option<Verdict>) {
    let known = with_own(id, |desk| {
        let ended = attempt.ended(&desk.shared, code, verdict)?;
        desk.finish_known(attempt.route(), ended)
    });
    if known.is_none() {
        finish_unknown(id, attempt, None, code, verdict);
    }
}

/// Counts the end of an attempt whose answer was followed since its head.
#[inline(never)]
pub(super) fn finish_after(
    id: RegistryId,
    attempt: &Attempt,
    head: Head,
    code: u16,
    verdict: Option<Verdict>,
) {
    let known = with_own(id, |desk| {
        let ended = attempt.ended_after(&desk.shared, Some(head), code, verdict);
        desk.finish_known(attempt.route(), ended)
    });
    if known.is_none() {
        finish_unknown(id, attempt, Some(head), code, verdict);
    }
}

#[cold]
fn finish_unknown(
    id: RegistryId,
    attempt: &Attempt,
    head: Option<Head>,
    code: u16,
    verdict: Option<Verdict>,
) {
    let Some(shared) = directory::find(id) else { return };
    // Here, where nothing is borrowed: classifiers are code of users.
    let asked = if verdict.is_none() { shared.classify(attempt.route(), code) } else { None };
    with(id, |desk| {
        let route = attempt.route();
        let plain = if head.is_none() { attempt.ended(&desk.shared, code, verdict) } else { None };
        match plain {
            Some(ended) => desk.finish(route, ended, asked),
            None => desk.finish(route, attempt.ended_after(&desk.shared, head, code, verdict), asked),
        }
    });
}

/// Returns the moment it is, and whether there was maintenance since a count of the registry's clock; `None` if the
/// registry is gone.
pub(super) fn head(id: RegistryId, started: u64) -> Option<(Head, bool)> {
    let head =
        |desk: &mut Desk| (Head::at(desk.shared.clock.ticks()), desk.shared.maintenance.reach(started));
    with_own(id, |desk| Some(head(desk))).or_else(|| with(id, head))
}

/// Returns the time since a count of the registry's clock; `None` if the registry is gone.
pub(super) fn elapsed(id: RegistryId, started: u64) -> Option<Duration> {
    with(id, |desk| Duration::from_nanos(desk.shared.clock.nanos_since(started)))
}

/// Remembers that a text stands for a route; `guard` keeps the text where it is.
#[cold]
pub(super) fn remember(id: RegistryId, key: Key, route: RouteId, guard: Option<Guard>) {
    let mut guard = Some(guard);
    let leaving = with_own(id, |desk| Some(desk.places.remember(key, route, guard.take()?)));
    // Only here, where nothing is borrowed: a guard may do anything when it is dropped.
    drop((leaving, guard));
}

/// Lends `work` this thread's desk, if it has one.
///
/// What `work` calls may record in turn, but finds the desk lent out and takes the last resort: no code of users
/// runs in here.
#[inline]
pub(super) fn with_own<R>(id: RegistryId, work: impl FnOnce(&mut Desk) -> Option<R>) -> Option<R> {
    let lent = LOCALS.try_with(|locals| {
        let mut locals = locals.try_borrow_mut().ok()?;
        let local = locals.get_mut(id.slot())?.as_mut()?;
        if local.id == id { work(&mut local.desk) } else { None }
    });
    lent.ok().flatten()
}

/// Lends `work` a desk: this thread's, claimed now if it has none, or the last resort's. `None` if the registry is
/// gone.
pub(super) fn with<R>(id: RegistryId, mut work: impl FnMut(&mut Desk) -> R) -> Option<R> {
    // Past its end this thread has no desk any more: nobody would hand back the shard.
    let lent = END.try_with(|_| {
        LOCALS.try_with(|locals| {
            let mut locals = locals.try_borrow_mut().ok()?;
            Some(work(&mut claim(&mut locals, id)?.desk))
        })
    });
    if let Ok(Ok(Some(result))) = lent {
        return Some(result);
    }
    let shared = directory::find(id)?;
    let shard = shared.last_resort();
    Some(work(&mut Desk::new(Arc::clone(&shared), Arc::clone(&shard))))
}

fn claim(locals: &mut Locals, id: RegistryId) -> Option<&mut Local> {
    let slot = id.slot();
    let known = locals.get(slot).and_then(Option::as_ref);
    if known.is_none_or(|local| local.id != id) {
        let shared = directory::find(id)?;
        let shard = shared.claim_shard();
        locals.resize_with(locals.len().max(slot + 1), || None);
        // What was kept for a registry that is gone goes here. It may record in turn, see `with_own`.
        locals[slot] = Some(Box::new(Local { id, desk: Desk::new(shared, shard) }));
    }
    locals[slot].as_deref_mut()
}

/// What a thread records with: the registry, its own shard, and its memory of routes.
pub(super) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) shard: Arc<Shard>,
    places: Places,
    /// Routes by their text, for a text that is met at ever new addresses: nobody needs to be asked for its route.
    /// Those of one text differ in the method.
    by_text: HashMap<Arc<str>, Vec<RouteId>>,
    /// What this thread has resolved, by the number of the route.
    hot: Vec<Option<Hot>>,
    /// The methods of calls.
    pub(super) methods: Methods,
}

impl Desk {
    fn new(shared: Arc<Shared>, shard: Arc<Shard>) -> Self {
        Self {
            shared,
            shard,
            places: Places::default(),
            by_text: HashMap::new(),
            hot: Vec::new(),
            methods: Methods::default(),
        }
    }

    /// Counts the start of an attempt and returns its route, if its text is known and at home.
    #[inline]
    fn start_at_home(&self, key: Key, name: &str) -> Option<RouteId> {
        let route = self.places.find_at_home(key, |route| self.is_called(route, name))?;
        self.hot_of(route)?.start();
        Some(route)
    }

    fn start_known(&self, key: Key, name: &str) -> Option<RouteId> {
        let route = self.places.find(key, |route| self.is_called(route, name))?;
        self.hot_of(route)?.start();
        Some(route)
    }

    #[inline]
    pub(super) fn is_called(&self, route: RouteId, name: &str) -> bool {
        self.hot_of(route).is_some_and(|hot| hot.is_called(name))
    }

    #[inline]
    pub(super) fn hot_of(&self, route: RouteId) -> Option<&Hot> {
        self.hot.get(route.number())?.as_ref()
    }

    /// Counts the start of an attempt, unless its route is left out.
    fn start(&mut self, protocol: Protocol, method: &'static str, name: &str) -> Option<RouteId> {
        // What this thread has met is not left out.
        if let Some((route, hot)) = self.find_by_text(protocol, method, name) {
            hot.start();
            return Some(route);
        }
        if protocol == Protocol::Http && self.shared.left_out.has(method, name) {
            return None;
        }
        let index = self.shared.routes.find_or_add(protocol, method, name);
        if index == OVERFLOW {
            self.shard.routes_overflowed.add(1);
        }
        let route = RouteId::new(index);
        if let Some((hot, ..)) = self.resolve(route) {
            hot.start();
            if index != OVERFLOW {
                let text = hot.template();
                self.by_text.entry(text).or_default().push(route);
            }
        }
        Some(route)
    }

    fn find_by_text(&self, protocol: Protocol, method: &str, name: &str) -> Option<(RouteId, &Hot)> {
        let mut known =
            self.by_text.get(name)?.iter().filter_map(|route| Some((*route, self.hot_of(*route)?)));
        known.find(|(_, hot)| hot.is_asked_by(protocol, method))
    }

    /// Counts the end of an attempt, if this thread knows its route and its verdict.
    #[inline(always)]
    fn finish_known<T: Took>(&mut self, route: RouteId, ended: Ended<T>) -> Option<()> {
        let hot = self.hot.get_mut(route.number())?.as_mut()?;
        hot.finish(&self.shared, &self.shard, ended)?;
        if let Some(nanos) = ended.took.streamed() {
            hot.add_stream(&self.shared, &self.shard, nanos);
        }
        Some(())
    }

    /// Counts the end of an attempt; `asked` is what the classifier says of it, if it was asked.
    fn finish<T: Took>(&mut self, route: RouteId, ended: Ended<T>, asked: Option<Verdict>) {
        if let Some((hot, ..)) = self.resolve(route) {
            asked.into_iter().for_each(|verdict| hot.learn_verdict(ended.code, verdict));
            let counted = self.finish_known(route, ended);
            debug_assert!(counted.is_some(), "the verdict is known");
        }
    }

    pub(super) fn resolve(&mut self, route: RouteId) -> Option<(&mut Hot, &Shared, &Shard)> {
        let (shared, shard, number) = (&self.shared, &self.shard, route.number());
        self.hot.resize_with(self.hot.len().max(number + 1), || None);
        let hot = &mut self.hot[number];
        if hot.is_none() {
            *hot = Hot::new(shared, shard, route.index());
        }
        Some((hot.as_mut()?, shared, shard))
    }
}
