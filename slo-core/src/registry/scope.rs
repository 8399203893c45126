//! Which request this thread is working on.
//!
//! While a recording layer calls or polls a handler it opens a [`Scope`]. The prologue of an annotated handler
//! marks the innermost one, and so the layer learns whose promises the request is about, without the handler
//! or the router naming each other. The mark travels by thread, not by task: work that a handler spawns
//! elsewhere is not the request.

use std::cell::Cell;
use std::marker::PhantomData;

use super::Declaration;
use super::attempt::Recorder;
use super::directory::RegistryId;

#[derive(Clone, Copy, Debug)]
struct Current {
    registry: Option<RegistryId>,
    /// Whether the scope is a request's, and not just a place for operations to count in.
    request: bool,
    mark: Option<&'static Declaration>,
}

thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(Current { registry: None, request: false, mark: None }) };
}

/// Work for one registry, on this thread, until it is closed or dropped.
#[derive(Debug)]
#[must_use = "a scope ends when it is dropped"]
pub struct Scope {
    outer: Current,
    /// A scope is this thread's: it must not travel with a future.
    _here: PhantomData<*const ()>,
}

impl Scope {
    /// Opens a scope within whatever scope this thread is in. Scopes close in the reverse order.
    pub fn open(recorder: Recorder) -> Self {
        Self::enter(recorder, false)
    }

    /// The same, for the time a request is worked on.
    #[inline]
    pub fn open_request(recorder: Recorder) -> Self {
        Self::enter(recorder, true)
    }

    #[inline]
    fn enter(recorder: Recorder, request: bool) -> Self {
        let outer = CURRENT.replace(Current { registry: Some(recorder.id), request, mark: None });
        Self { outer, _here: PhantomData }
    }

    /// Closes the scope and returns the mark that was made in it, if any.
    #[inline]
    #[must_use]
    pub fn close(self) -> Option<&'static Declaration> {
        CURRENT.get().mark
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        // A handler under two layers marks the request of both, unless the outer one has its own.
        let mark = self.outer.mark.or(CURRENT.get().mark);
        CURRENT.set(Current { mark, ..self.outer });
    }
}

/// Marks the request this thread is working on as one of `declaration`; the first mark stays. Outside of a
/// scope it does nothing.
#[inline]
pub fn mark(declaration: &'static Declaration) {
    let current = CURRENT.get();
    if current.mark.is_none() && current.registry.is_some() {
        CURRENT.set(Current { mark: Some(declaration), ..current });
    }
}

/// Returns whether this thread is working on a request of a registry.
#[inline]
pub(super) fn is_in_request(id: RegistryId) -> bool {
    let current = CURRENT.get();
    current.request && current.registry == Some(id)
}

/// Returns the registry whose scope this thread is in.
pub(super) fn current() -> Option<RegistryId> {
    CURRENT.get().registry
}
