//! What differs between protocols: how a request begins, and how its answer is followed.
//!
//! [`Record`](super::Record) and [`ResponseFuture`](super::ResponseFuture) know none of it. What tells the routes
//! decides the protocol, and with it all of these types.

use http::Response;
use http_body::Body;
use slo_core::{Attempt, Recorder, Scope};

use crate::route::RequestHead;

/// Begins requests of one protocol. Implemented by everything that tells the routes of a layer.
pub trait Begin: Clone {
    /// What is kept of a request until it is answered.
    type Call: Call;

    /// Starts an attempt; one that has ended for a request that is left out.
    fn begin(&self, recorder: Recorder, head: RequestHead<'_>) -> (Attempt, Self::Call);

    /// Returns what to keep of a request that is counted elsewhere, or not at all.
    fn unrecorded(head: RequestHead<'_>) -> Self::Call;
}

/// A request under way.
pub trait Call {
    /// Opens the scope in which the service works on it.
    fn open(recorder: Recorder) -> Scope;

    /// Returns whether another layer of the registry counts it already.
    fn is_counted(scope: &Scope, recorder: Recorder) -> bool;

    /// The service has run once more, or panicked; the attempt is marked if its handler was among what ran.
    fn ran(&mut self, attempt: &mut Attempt);

    /// Ends an attempt whose future is dropped before there is an answer; left alone, it counts as cancelled.
    fn abandon(&mut self, attempt: &mut Attempt);
}

/// A request that may be answered with a body of this kind.
pub trait Answered<B>: Call {
    /// What the recorded service answers with.
    type Body: Body;

    /// Hands an answer on. Its attempt ends here if its end is known with the head, otherwise it goes with the body.
    fn answered(&mut self, response: Response<B>, attempt: Attempt) -> Response<Self::Body>;
}
