//! Bodies that do as they are told.

use std::collections::VecDeque;
use std::io;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

/// What a body does when it is asked for more.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Data(Bytes),
    /// The same bytes so many times.
    Repeat(Bytes, usize),
    Trailers,
    Fail,
    Panic,
    /// Never goes on.
    Stall,
}

/// A body of these steps, which announces its length if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    length: Option<u64>,
}

impl Script {
    /// One that does not know how long it is.
    pub(crate) fn stream(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), length: None }
    }

    /// One that says how long it is, rightly or not.
    pub(crate) fn announced(length: u64, steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), length: Some(length) }
    }

    /// All of a text at once.
    pub(crate) fn text(text: &'static str) -> Self {
        let steps = (!text.is_empty()).then(|| Step::Data(Bytes::from_static(text.as_bytes())));
        Self::announced(text.len() as u64, steps)
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = match self.steps.pop_front() {
            None => return Poll::Ready(None),
            Some(Step::Data(data)) => Frame::data(data),
            Some(Step::Repeat(data, times)) => {
                if times > 1 {
                    self.steps.push_front(Step::Repeat(data.clone(), times - 1));
                }
                Frame::data(data)
            }
            Some(Step::Trailers) => Frame::trailers(trailers()),
            Some(Step::Fail) => return Poll::Ready(Some(Err(io::Error::other("scripted")))),
            // Unwinds as a panic does, without a message for whoever reads the output of the test.
            Some(Step::Panic) => resume_unwind(Box::new("scripted")),
            Some(Step::Stall) => {
                self.steps.push_front(Step::Stall);
                return Poll::Pending;
            }
        };
        if let (Some(length), Some(data)) = (&mut self.length, frame.data_ref()) {
            *length = length.saturating_sub(data.len() as u64);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.length == Some(0) && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The trailers of [`Step::Trailers`].
pub(crate) fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("x-end"), HeaderValue::from_static("reached"))])
}
