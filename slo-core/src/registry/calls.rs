//! gRPC calls: of methods that are known, and of those that turn out to exist.
//!
//! A server of gRPC has no table of routes that a layer could ask: there is only the path, and clients may write into
//! it what they like. So a call counts for a method of its own only once that method is known to exist: it was named
//! beforehand, its handler has run, or it has worked. Until then it counts as one of an unknown method, and is moved
//! when it turns out that there is one.
//! What must never happen: a series for every path that a client thinks of.

use super::attempt::Attempt;
use super::local::{self, CallStart};
use super::recorder::Recorder;
use super::route::Protocol;
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
        match local::start_call(self.id, method) {
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
            && let Some(route) =
                self.recorder().and_then(|known| local::move_call(known.id, self.route(), method))
        {
            // Its start was counted there.
            (self.route, self.state) = (route, self.state.of_known_method());
        }
    }
}
