//! From the head of an answer to the status in its trailers.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use slo_core::{Attempt, Outcome};

use super::grpc::{self, GrpcCall};

pin_project! {
    /// The body of a recorded gRPC call: the same frames, and the status noticed.
    #[derive(Debug)]
    pub struct GrpcBody<B> {
        #[pin]
        inner: B,
        sending: Sending,
    }
}

impl<B> GrpcBody<B> {
    pub(super) fn new(inner: B, attempt: Attempt, call: GrpcCall) -> Self {
        Self { inner, sending: Sending { attempt, call, is_polled: false } }
    }
}

impl<B: Body> Body for GrpcBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let sending = this.sending;
        sending.is_polled = true;
        let polled = this.inner.poll_frame(cx);
        sending.is_polled = false;
        match &polled {
            Poll::Pending => {}
            // The end, or an error, before there was a status.
            Poll::Ready(None | Some(Err(_))) => sending.attempt.end(Outcome::BodyError(0)),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    match grpc::status(trailers) {
                        Some(code) => sending.call.end(&mut sending.attempt, code),
                        None => sending.attempt.end(Outcome::BodyError(0)),
                    }
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The attempt while its body is sent. Dropped unfinished, the client went away.
#[derive(Debug)]
struct Sending {
    attempt: Attempt,
    call: GrpcCall,
    /// Still so when it is dropped, the body has panicked, whoever caught the panic.
    is_polled: bool,
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.attempt.is_ended() {
            return;
        }
        if self.is_polled || std::thread::panicking() {
            self.attempt.end(Outcome::Panicked);
        } else {
            self.call.give_up(&mut self.attempt, Outcome::BodyAborted(0));
        }
    }
}
