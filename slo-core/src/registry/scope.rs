//! Which request this thread is working on.
//!
//! While a recording layer calls or polls a handler it opens a [`Scope`]. The prologue of an annotated handler
//! marks the innermost one, and so the layer learns whose promises the request is about, without the handler
//! or the router naming each other. The mark travels by thread, not by task: work that a handler spawns
//! elsewhere is not the request.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;

use super::Declaration;
use super::directory::RegistryId;
use super::recorder::Recorder;

/// Two words, as every request replaces it a few times.
#[derive(Clone, Copy, Debug)]
struct Current {
    place: Place,
    mark: Option<&'static Declaration>,
}

/// Whose work it is: the bits of the registry's number, and two that no number has. Zero is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(u64);

impl Place {
    const NOWHERE: Self = Self(0);
    /// Set if the scope is a request's, and not just a place for operations to count in.
    const REQUEST: u64 = 1 << 31;
    /// Set besides if the request is a call of gRPC.
    const CALL: u64 = 1 << 30;

    #[inline]
    const fn of_operations(recorder: Recorder) -> Self {
        Self(recorder.id.to_bits())
    }

    #[inline]
    const fn of_request(recorder: Recorder) -> Self {
        Self(recorder.id.to_bits() | Self::REQUEST)
    }

    #[inline]
    const fn of_call(recorder: Recorder) -> Self {
        Self(recorder.id.to_bits() | Self::REQUEST | Self::CALL)
    }

    /// Returns whether one of them is a request of HTTP, and the other one a call of gRPC.
    #[inline]
    const fn differs(self, other: Self) -> bool {
        (self.0 ^ other.0) & Self::CALL != 0 && self.0 & other.0 & Self::REQUEST != 0
    }
}

thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(Current { place: Place::NOWHERE, mark: None }) };
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
    #[inline]
    pub fn open(recorder: Recorder) -> Self {
        Self::enter(Place::of_operations(recorder))
    }

    /// The same, for the time a request is worked on.
    #[inline]
    pub fn open_request(recorder: Recorder) -> Self {
        Self::enter(Place::of_request(recorder))
    }

    /// The same for a call of gRPC. Within a request of HTTP it is an event of its own: what is promised of calls is
    /// told by how they end, and not by the request that carries one, which is nearly always answered with 200.
    #[inline]
    pub fn open_call(recorder: Recorder) -> Self {
        Self::enter(Place::of_call(recorder))
    }

    #[inline]
    fn enter(place: Place) -> Self {
        Self { outer: CURRENT.replace(Current { place, mark: None }), _here: PhantomData }
    }

    /// Returns whether the scope was opened within a request of this registry: a second layer around the same
    /// request then knows that it is counted already.
    #[inline]
    #[must_use]
    pub fn is_within_request(&self, recorder: Recorder) -> bool {
        self.outer.place == Place::of_request(recorder)
    }

    /// The same for calls of gRPC.
    #[inline]
    #[must_use]
    pub fn is_within_call(&self, recorder: Recorder) -> bool {
        self.outer.place == Place::of_call(recorder)
    }

    /// Steps back into the scope around this one, long before this one is closed: there is nothing to count in it.
    #[cold]
    pub fn step_out(&self) {
        CURRENT.set(self.outer);
    }

    /// Closes the scope and returns the mark that was made in it, if any.
    #[inline]
    pub fn close(self) -> Option<&'static Declaration> {
        ManuallyDrop::new(self).leave()
    }

    /// Closes the scope and forgets what was marked in it: it was other work than the scope around it, which a mark
    /// otherwise reaches too.
    #[inline]
    pub fn close_apart(self) {
        CURRENT.set(ManuallyDrop::new(self).outer);
    }

    #[inline]
    fn leave(&self) -> Option<&'static Declaration> {
        CURRENT.with(|current| {
            let (Current { place, mark }, mut outer) = (current.get(), self.outer);
            // A handler under two layers marks the request of both, unless the outer one has its own. But it promises
            // something of one protocol.
            if outer.place != Place::NOWHERE && !place.differs(outer.place) {
                outer.mark = outer.mark.or(mark);
            }
            current.set(outer);
            mark
        })
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        self.leave();
    }
}

/// Marks the request this thread is working on as one of `declaration`; the first mark stays. Outside of a
/// scope it does nothing.
#[inline]
pub fn mark(declaration: &'static Declaration) {
    CURRENT.with(|current| {
        let now = current.get();
        if now.mark.is_none() && now.place != Place::NOWHERE {
            current.set(Current { mark: Some(declaration), ..now });
        }
    });
}

/// Returns the registry whose scope this thread is in.
pub(super) fn current() -> Option<RegistryId> {
    RegistryId::from_bits(CURRENT.get().place.0 & !(Place::REQUEST | Place::CALL))
}
