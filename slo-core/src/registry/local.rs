//! This thread's shards, one per registry it records for.
//!
//! The way of every count: thread-local lookup, plain additions. The shard is claimed on the first count and
//! handed back when the thread ends. A thread that is already past that point (a destructor that records)
//! takes the shared shard under a lock instead, so that nothing is lost.

use std::cell::RefCell;
use std::sync::Arc;

use super::attempt::Ended;
use super::directory::{self, RegistryId};
use super::hot::Hot;
use super::route::{OVERFLOW, Protocol};
use super::shard::Shard;
use super::shared::Shared;
use crate::sync::thread_local;

/// What this thread holds of one registry.
struct Local {
    id: RegistryId,
    shared: Arc<Shared>,
    shard: Arc<Shard>,
    routes: Routes,
}

impl Drop for Local {
    fn drop(&mut self) {
        self.shard.release();
    }
}

thread_local! {
    /// By the slot of the registry.
    static LOCALS: RefCell<Vec<Option<Local>>> = const { RefCell::new(Vec::new()) };
}

/// What a thread records with: the registry, its own shard, and its memory of routes.
pub(super) struct Desk<'a> {
    pub(super) shared: &'a Shared,
    shard: &'a Shard,
    routes: &'a mut Routes,
}

/// Lends `work` this thread's desk; `None` if the registry is gone.
#[inline]
pub(super) fn with<R>(id: RegistryId, work: impl FnOnce(Desk<'_>) -> R) -> Option<R> {
    let mut work = Some(work);
    let done = LOCALS.try_with(|locals| {
        let mut locals = locals.try_borrow_mut().ok()?;
        let local = match locals.get_mut(id.slot()) {
            Some(Some(local)) if local.id == id => local,
            _ => claim(&mut locals, id)?,
        };
        let Local { shared, shard, routes, .. } = local;
        Some(work.take()?(Desk { shared, shard, routes }))
    });
    match done {
        Ok(Some(result)) => Some(result),
        _ => without_local(id, work?),
    }
}

#[cold]
fn claim(locals: &mut Vec<Option<Local>>, id: RegistryId) -> Option<&mut Local> {
    let shared = directory::find(id)?;
    let shard = shared.claim_shard();
    let slot = id.slot();
    locals.resize_with(locals.len().max(slot + 1), || None);
    Some(locals[slot].insert(Local { id, shared, shard, routes: Routes::default() }))
}

#[cold]
fn without_local<R>(id: RegistryId, work: impl FnOnce(Desk<'_>) -> R) -> Option<R> {
    let shared = directory::find(id)?;
    Some(
        shared
            .with_last_resort(|shard| work(Desk { shared: &shared, shard, routes: &mut Routes::default() })),
    )
}

/// The routes this thread has met.
///
/// A template is known by the address of its text. Routers keep one text per route, so the address nearly always
/// tells; the text is compared all the same, since a freed address may serve again.
#[derive(Debug, Default)]
struct Routes {
    /// Indices of routes, by the address of their texts; empty until first used.
    by_address: Vec<u32>,
    /// By the index of the route.
    hot: Vec<Option<Hot>>,
}

impl Desk<'_> {
    /// Counts the start of an attempt and returns its route.
    #[inline]
    pub(super) fn start(&mut self, protocol: Protocol, method: &'static str, name: &str) -> u32 {
        for place in Routes::places(method, name) {
            let Some(hot) = self.routes.known(place) else { break };
            if hot.serves(protocol, method, name) {
                return hot.start(self.shard);
            }
        }
        self.start_unknown(protocol, method, name)
    }

    #[cold]
    fn start_unknown(&mut self, protocol: Protocol, method: &'static str, name: &str) -> u32 {
        let index = self.shared.routes.find_or_add(protocol, method, name);
        let shard = self.shard;
        let Some(hot) = self.hot(index) else { return 0 };
        hot.is_called(method);
        let route = hot.start(shard);
        if index != OVERFLOW {
            self.routes.remember(route, method, name);
        }
        route
    }

    /// Counts the end of an attempt.
    #[inline]
    pub(super) fn finish(&mut self, ended: &Ended) {
        let (shared, shard) = (self.shared, self.shard);
        if let Some(hot) = self.hot(ended.route) {
            hot.finish(shared, shard, ended);
        }
    }

    #[inline]
    fn hot(&mut self, route: usize) -> Option<&mut Hot> {
        if !matches!(self.routes.hot.get(route), Some(Some(_))) {
            self.resolve(route);
        }
        self.routes.hot.get_mut(route)?.as_mut()
    }

    #[cold]
    fn resolve(&mut self, route: usize) {
        let hot = &mut self.routes.hot;
        hot.resize_with(hot.len().max(route + 1), || None);
        hot[route] = Hot::new(self.shared, self.shard, route);
    }
}

impl Routes {
    /// Four places for each route of the default maximum.
    const ADDRESS_BITS: u32 = 12;
    /// Routes whose addresses fall together lie in neighbouring places, up to this many.
    const NEIGHBOURS: usize = 8;
    const FREE: u32 = u32::MAX;

    /// Returns the places where a route may lie. Places go round in a circle.
    #[inline]
    fn places(method: &'static str, name: &str) -> impl Iterator<Item = usize> {
        // Fibonacci hashing: the upper bits of the product depend on all bits of the addresses.
        const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
        let address = (name.as_ptr() as u64) ^ (method.as_ptr() as u64).rotate_left(32);
        let home = (address.wrapping_mul(MULTIPLIER) >> (64 - Self::ADDRESS_BITS)) as usize;
        (home..home + Self::NEIGHBOURS).map(|place| place % (1 << Self::ADDRESS_BITS))
    }

    /// Returns the route in a place, if there is one.
    #[inline]
    fn known(&self, place: usize) -> Option<&Hot> {
        self.hot.get(*self.by_address.get(place)? as usize)?.as_ref()
    }

    fn remember(&mut self, route: u32, method: &'static str, name: &str) {
        self.by_address.resize(1 << Self::ADDRESS_BITS, Self::FREE);
        let mut places = Self::places(method, name);
        let home = places.next().unwrap_or_default();
        // Where all are taken, the first one gives way.
        let place = [home].into_iter().chain(places).find(|place| self.by_address[*place] == Self::FREE);
        self.by_address[place.unwrap_or(home)] = route;
    }
}
