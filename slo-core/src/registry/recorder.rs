//! Where attempts start.
//!
//! A route is found by where its text lies, and looked up by the text only where a thread meets it for the first time.
//! What must never happen: a text of a client's that becomes a route.

use std::any::Any;

use super::attempt::Attempt;
use super::directory::RegistryId;
use super::local;
use super::places::{About, Guard, Key};
use super::route::{Protocol, RouteId};
use crate::naming::ROUTE_UNMATCHED;

/// Starts attempts for one registry. A plain number: copy it freely, it keeps nothing alive. Once the
/// registry is gone, recording does nothing.
#[derive(Clone, Copy, Debug)]
pub struct Recorder {
    pub(super) id: RegistryId,
}

impl Recorder {
    /// Starts a request of a route, given as method and template; without a template it matched no route.
    ///
    /// Both must come from a bounded set: the route table, never the request's own text.
    #[inline]
    pub fn request(&self, method: &'static str, template: Option<&str>) -> Attempt {
        self.request_kept(method, template, || None)
    }

    /// Starts a request of a route, like [`Recorder::request`], whose template can be kept where it is.
    ///
    /// When a thread meets a template for the first time it asks `keep` for something that keeps the text alive at
    /// its address, a clone of the `Arc` it lies in, say. From then on the address alone tells this thread the route,
    /// and the text is never read again: not even the count of that `Arc`, which threads would otherwise share.
    /// What is kept is dropped on this thread: when it ends, or earlier, if it meets so many texts that one has to
    /// give way. Without it (`None`) the text is compared each time, and hashed where it is met at a new address.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use slo_core::{Outcome, Registry, Verdict};
    ///
    /// let registry = Registry::builder("shop").build()?;
    /// let template: Arc<str> = "/orders/{id}".into();
    /// for _ in 0..3 {
    ///     let attempt =
    ///         registry.recorder().request_kept("GET", Some(&template), || Some(Box::new(Arc::clone(&template))));
    ///     attempt.finish_as(Outcome::Completed(200), Verdict::Good);
    /// }
    /// assert_eq!(Arc::strong_count(&template), 2);
    /// assert_eq!(registry.latency("GET /orders/{id}").map(|latency| latency.count()), Some(3));
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    #[inline]
    pub fn request_kept(
        &self,
        method: &'static str,
        template: Option<&str>,
        keep: impl FnOnce() -> Option<Box<dyn Any>>,
    ) -> Attempt {
        match template {
            Some(template) => self.start(Protocol::Http, method, template, keep),
            // Our own text stays where it is without being held.
            None => self.start(Protocol::Http, method, ROUTE_UNMATCHED, || Some(Box::new(()))),
        }
    }

    /// Starts an operation that is no request, by its name.
    pub fn operation(&self, name: &str) -> Attempt {
        self.start(Protocol::Operation, "", name, || None)
    }

    #[inline]
    pub(super) fn start(
        &self,
        protocol: Protocol,
        method: &'static str,
        name: &str,
        keep: impl FnOnce() -> Option<Guard>,
    ) -> Attempt {
        let about = About::new(protocol, method, name);
        if let Some(begun) = local::start_known(self.id, about, name) {
            return Attempt::begin(self.id, begun);
        }
        match self.start_unknown(protocol, method, name, keep) {
            Some(begun) => Attempt::begin(self.id, begun),
            None => Attempt::default(),
        }
    }

    /// Returns whether requests of this method and path are left out, for those that match no route: what is left out
    /// of the others, their template decides by itself.
    #[cold]
    #[must_use]
    pub fn leaves_out(&self, method: &str, path: &str) -> bool {
        local::leaves_out(self.id, method, path)
    }

    /// Returns nothing for a route that is left out: it is never remembered, so that no other request is asked.
    #[cold]
    fn start_unknown(
        &self,
        protocol: Protocol,
        method: &'static str,
        name: &str,
        keep: impl FnOnce() -> Option<Guard>,
    ) -> Option<(RouteId, u64)> {
        // Of a registry that is gone, the rest does not matter: ending it finds nobody to count it.
        let nowhere = Some((RouteId::OVERFLOW, 0));
        let begun = local::start(self.id, protocol, method, name).unwrap_or(nowhere)?;
        if begun.0 != RouteId::OVERFLOW && About::is_exact(method) {
            // Ended by its drop if `keep` panics, or the drop of what has to give way.
            let attempt = Attempt::begin(self.id, begun);
            // Not before: what users write must find the desk free.
            let guard = keep();
            let key = Key::new(About::new(protocol, method, name), name);
            local::remember(self.id, key, begun.0, guard);
            std::mem::forget(attempt);
        }
        Some(begun)
    }
}
