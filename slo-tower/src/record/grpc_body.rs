//! From the head of an answer to the status in its trailers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use slo_core::{Attempt, GrpcCode, Head, Outcome};

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
    /// `head` is when the head was there, unless the attempt has ended with it.
    pub(super) fn new(inner: B, attempt: Attempt, call: GrpcCall, head: Option<Head>) -> Self {
        let messages = Messages::default();
        Self { inner, sending: Sending { attempt, call, head, messages, is_polled: false } }
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
            Poll::Pending => sending.messages.are_awaited(),
            // The end, or an error, before there was a status.
            Poll::Ready(None | Some(Err(_))) => sending.end(None),
            Poll::Ready(Some(Ok(frame))) => match frame.data_ref() {
                Some(data) => sending.messages.sent(data),
                None => sending.end(frame.trailers_ref().and_then(grpc::status)),
            },
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
    head: Option<Head>,
    messages: Messages,
    /// Still so when it is dropped, the body has panicked, whoever caught the panic.
    is_polled: bool,
}

impl Sending {
    /// Ends the call with the status that was sent, if one was.
    fn end(&mut self, code: Option<GrpcCode>) {
        self.end_as(code.map_or(Outcome::BodyError(0), |code| Outcome::Completed(code.number())));
    }

    fn end_as(&mut self, outcome: Outcome) {
        self.call.is_known_by(outcome, &mut self.attempt);
        if !self.messages.are_a_stream {
            self.attempt.no_stream_after_all();
        }
        self.attempt.end_after(self.head, outcome);
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.attempt.is_ended() {
            return;
        }
        let panics = self.is_polled || std::thread::panicking();
        self.end_as(match panics {
            true => Outcome::Panicked,
            false => self.call.given_up(&self.attempt, Outcome::BodyAborted(0)),
        });
    }
}

/// What is known of the messages: whether they are a stream, or the one answer of a call. Nothing but the messages
/// tells; the latency of a stream ends with its head, that of an answer with its end.
#[derive(Debug, Default)]
struct Messages {
    /// The bytes of the first message, with its prefix.
    first: u64,
    sent: u64,
    are_a_stream: bool,
}

impl Messages {
    /// One answer is there at once.
    fn are_awaited(&mut self) {
        self.are_a_stream = true;
    }

    fn sent(&mut self, data: &impl Buf) {
        // One byte tells whether it is compressed, four how long it is.
        if let (0, [_, length @ ..]) = (self.sent, data.chunk()) {
            let length = length.first_chunk().map_or(0, |length| u32::from_be_bytes(*length));
            self.first = 5 + u64::from(length);
        }
        self.sent += data.remaining() as u64;
        self.are_a_stream |= self.sent > self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_no_stream() {
        let check = |chunks: &[&[u8]], expected: bool| {
            let mut messages = Messages::default();
            chunks.iter().for_each(|chunk| messages.sent(chunk));
            assert_eq!(messages.are_a_stream, expected, "{chunks:?}");
        };
        check(&[], false);
        check(&[b"\0\0\0\0\0"], false);
        check(&[b"\0\0\0\0\x02ab"], false);
        check(&[b"\0\0\0\0\x02a", b"b"], false);
        check(&[b"\0\0\0\0\x02ab\0\0\0\0\0"], true);
        check(&[b"\0\0\0\0\x02ab", b"\0\0\0\0\0"], true);
        check(&[&[0, 0, 1, 0, 0], &[7; 65_536]], false);
        check(&[&[0, 0, 1, 0, 0], &[7; 65_537]], true);
    }
}
