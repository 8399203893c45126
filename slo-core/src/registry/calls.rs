//! gRPC calls: of methods that are known, and of those that turn out to exist.
//!
//! A server of gRPC has no table of routes that a layer could ask: there is only the path, and clients may write into
//! it what they like. So a call counts for a method of its own only once that method is known to exist: it was named
//! beforehand, its handler has run, or it has worked. Until then it counts as one of an unknown method, and is moved
//! when it turns out that there is one.
//! What must never happen: a series for every path that a client thinks of.

use std::sync::Arc;

use super::attempt::Attempt;
use super::directory::RegistryId;
use super::local::{Desk, with, with_own};
use super::recorder::Recorder;
use super::route::{OVERFLOW, Protocol, RouteId};
use crate::naming::METHOD_OTHER;

impl Recorder {
    /// Starts a call of a gRPC method, by its full name `package.Service/Method`. Whatever the name, no series comes of
    /// it unless the method is known: see [`Attempt::is_of_unknown_method`].
    ///
    /// ```
    /// use slo_core::{GrpcCode, Outcome, Registry};
    ///
    /// let registry = Registry::builder("shop").route("shop.Shop/Buy").build()?;
    /// let recorder = registry.recorder();
    /// recorder.call("shop.Shop/Buy").finish(Outcome::Completed(GrpcCode::Ok.number()));
    /// assert_eq!(registry.latency("shop.Shop/Buy").map(|latency| latency.count()), Some(1));
    ///
    /// let mut sell = recorder.call("shop.Shop/Sell");
    /// assert!(sell.is_of_unknown_method());
    /// // It works, so there is such a method.
    /// sell.turn_out_to_call("shop.Shop/Sell");
    /// sell.finish(Outcome::Completed(GrpcCode::Ok.number()));
    /// assert!(!recorder.call("shop.Shop/Sell").is_of_unknown_method());
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    pub fn call(&self, method: &str) -> Attempt {
        match start_call(self.id, method) {
            CallStart::Known(begun) => Attempt::begin(self.id, begun),
            CallStart::LeftOut => Attempt::default(),
            // Our own text stays where it is without being held.
            CallStart::Unknown => {
                let mut attempt = self.start(Protocol::Rpc, "", METHOD_OTHER, || Some(Box::new(())));
                attempt.state = attempt.state.of_unknown_method();
                attempt
            }
        }
    }
}

impl Attempt {
    /// Returns whether it is a call of a method that is not known, and that has not ended.
    #[must_use]
    pub fn is_of_unknown_method(&self) -> bool {
        !self.is_ended() && self.state.method_is_unknown()
    }

    /// Makes a call of an unknown method one of this method, which from now on is known. It must exist: nothing but what
    /// the server does for a call may say so, never what a client writes. Beyond the maximum of routes, it stays as it is,
    /// and is counted as one without a place of its own.
    pub fn turn_out_to_call(&mut self, method: &str) {
        if self.is_of_unknown_method()
            // The name of all others.
            && method != METHOD_OTHER
            && let Some(route) =
                self.recorder().and_then(|known| move_call(known.id, self.route(), method))
        {
            // Its start was counted there.
            (self.route, self.state) = (route, self.state.of_known_method());
        }
    }
}

/// What became of the start of a call.
enum CallStart {
    Known((RouteId, u64)),
    Unknown,
    LeftOut,
}

/// Counts the start of a call, if its method is known.
fn start_call(id: RegistryId, method: &str) -> CallStart {
    let known = with_own(id, |desk| Some((desk.start_call(method)?, desk.shared.clock.ticks())));
    known.map_or_else(|| start_unknown_call(id, method), CallStart::Known)
}

/// The same on every thread, and for a call that may be left out.
#[inline(never)]
fn start_unknown_call(id: RegistryId, method: &str) -> CallStart {
    let started = with(id, |desk| match desk.start_call(method) {
        Some(route) => CallStart::Known((route, desk.shared.clock.ticks())),
        None if desk.shared.left_out.has("", method) => CallStart::LeftOut,
        None => CallStart::Unknown,
    });
    started.unwrap_or(CallStart::Unknown)
}

/// Moves a call to the method that it turns out to be one of; `None` if there is no room for it.
fn move_call(id: RegistryId, from: RouteId, method: &str) -> Option<RouteId> {
    with(id, |desk| desk.move_call(from, method)).flatten()
}

impl Desk {
    /// Counts the start of a call, if its method is known. A client may ask for any, so that nobody else is asked.
    #[inline]
    fn start_call(&mut self, method: &str) -> Option<RouteId> {
        let route = self.find_call(method)?;
        self.hot_of(route)?.start();
        Some(route)
    }

    fn move_call(&mut self, from: RouteId, method: &str) -> Option<RouteId> {
        let Some(route) = self.find_or_add_call(method) else {
            self.shard.routes_overflowed.add(1);
            return None;
        };
        // First there, then not here any more: it never looks as if it were nowhere.
        self.resolve(route)?.0.start();
        self.resolve(from)?.0.leave();
        Some(route)
    }

    /// Takes a lock for a method that is new to this thread, but not with every call once there is no more room.
    fn find_or_add_call(&mut self, method: &str) -> Option<RouteId> {
        if self.methods.are_all {
            return self.find_call(method);
        }
        match self.shared.routes.find_or_add(Protocol::Rpc, "", method) {
            OVERFLOW => {
                self.methods.are_all = true;
                None
            }
            index => Some(RouteId::new(index)),
        }
    }

    #[inline]
    fn find_call(&mut self, method: &str) -> Option<RouteId> {
        if self.shared.routes.get(self.methods.looked_at).is_some() {
            self.learn_calls();
        }
        self.methods.find(method, |route| self.is_called(route, method))
    }

    /// Looks at the routes that are new since the last time.
    #[cold]
    fn learn_calls(&mut self) {
        while let Some(known) = self.shared.routes.get(self.methods.looked_at) {
            let text = Arc::clone(&known.template);
            // That a method is known, because it has a classifier, say, does not make it count.
            let is_call = known.is_a_method() && !self.shared.left_out.has("", &text);
            let route = RouteId::new(self.methods.looked_at);
            if is_call && self.resolve(route).is_some() {
                self.methods.insert(&text, route);
            }
            self.methods.looked_at += 1;
        }
    }
}
