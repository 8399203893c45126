//! From the head of an answer to the status in its trailers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use slo_core::{Attempt, GrpcCode, Head, Outcome};

use super::grpc::{self, Ending, GrpcCall};

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
    pub(super) fn new(
        inner: B,
        attempt: Attempt,
        (call, ending): (GrpcCall, Ending),
        head: Option<Head>,
    ) -> Self {
        let messages = Messages::default();
        Self { inner, sending: Sending { attempt, call, ending, head, messages, is_polled: false } }
    }
}

impl<B: Body> Body for GrpcBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let sending = this.sending;
        sending.is_polled = true;
        let polled = this.inner.as_mut().poll_frame(cx);
        sending.is_polled = false;
        match &polled {
            Poll::Pending => sending.messages.are_awaited(),
            // The end, before there were trailers.
            Poll::Ready(None) => sending.end(None),
            Poll::Ready(Some(Err(_))) => sending.end_as(Outcome::BodyError(0)),
            Poll::Ready(Some(Ok(frame))) => match frame.data_ref() {
                Some(data) => {
                    sending.messages.sent(data);
                    // Servers do not ask again.
                    if this.inner.is_end_stream() {
                        sending.end(None);
                    }
                }
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
    ending: Ending,
    head: Option<Head>,
    messages: Messages,
    /// Still so when it is dropped, the body has panicked, whoever caught the panic.
    is_polled: bool,
}

impl Sending {
    /// Ends the call with the status in its trailers, if there is one.
    fn end(&mut self, said: Option<GrpcCode>) {
        self.end_as(self.ending.outcome(said));
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
    /// So many bytes of the prefix of the first message are there.
    prefix: usize,
    /// How long the first message is, once its prefix is there.
    length: u32,
    sent: u64,
    are_a_stream: bool,
}

impl Messages {
    /// The bytes before a message.
    const PREFIX: usize = 5;

    /// One answer is there at once.
    fn are_awaited(&mut self) {
        self.are_a_stream = true;
    }

    fn sent(&mut self, data: &impl Buf) {
        let (chunk, remaining) = (data.chunk(), data.remaining());
        for byte in chunk.iter().take(Self::PREFIX - self.prefix) {
            // The first byte, which tells whether it is compressed, is shifted out by the four of the length.
            self.length = self.length << 8 | u32::from(*byte);
            self.prefix += 1;
        }
        self.sent += remaining as u64;
        self.are_a_stream |= match self.prefix == Self::PREFIX {
            true => self.sent > Self::PREFIX as u64 + u64::from(self.length),
            // Of a prefix that lies in pieces only the first can be read.
            false => chunk.len() < remaining,
        };
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
        check(&[b"\x01", b"", b"\0\0\0", b"\x02ab"], false);
        check(&[b"\x01", b"", b"\0\0\0", b"\x02abc"], true);
        check(&[b"\0\0\0\0", b"\0"], false);
        check(&[b"\0\0\0\0\x02ab\0\0\0\0\0"], true);
        check(&[b"\0\0\0\0\x02ab", b"\0\0\0\0\0"], true);
        check(&[&[0, 0, 1, 0, 0], &[7; 65_536]], false);
        check(&[&[0, 0, 1, 0, 0], &[7; 65_537]], true);
    }
}
