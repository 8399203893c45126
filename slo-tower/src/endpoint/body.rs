//! The body of an answer, written while it is sent.
//!
//! A chunk is written when the connection asks for it, straight into the buffer that is sent, and before the next one
//! other tasks of the worker have their turn: an endpoint holds a worker for microseconds however long its text is,
//! and holds no more of the text than one chunk however slowly it is read. A body that is dropped is not written on.

use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::document::{Document, Encoded, ROOM, TextDocument};
use super::gzip::Compressed;

/// The body of the endpoints' answers. It fails only if the thread that compresses it does.
pub struct EndpointBody(Source);

enum Source {
    /// No bytes, and none are announced.
    Nothing,
    /// What a `GET` would send, not sent.
    Untold,
    /// A short text, at once.
    Whole(Bytes),
    Written {
        document: Box<dyn Document>,
        /// Others come first, before the next chunk.
        after_others: bool,
    },
    Compressed(Compressed),
}

impl EndpointBody {
    pub(super) const NOTHING: Self = Self(Source::Nothing);
    pub(super) const UNTOLD: Self = Self(Source::Untold);

    pub(super) const fn whole(text: Bytes) -> Self {
        Self(Source::Whole(text))
    }

    pub(super) fn written(text: impl TextDocument + 'static) -> Self {
        Self::document(Box::new(Encoded(text)))
    }

    pub(super) const fn document(document: Box<dyn Document>) -> Self {
        Self(Source::Written { document, after_others: false })
    }

    pub(super) fn compressed(compressed: Compressed) -> Self {
        Self(Source::Compressed(compressed))
    }
}

impl Body for EndpointBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let source = &mut self.get_mut().0;
        match source {
            Source::Nothing | Source::Untold => Poll::Ready(None),
            Source::Whole(text) => {
                let text = std::mem::take(text);
                *source = Source::Nothing;
                Poll::Ready(Some(Ok(Frame::data(text))))
            }
            Source::Compressed(compressed) => {
                let chunk = ready!(compressed.poll_chunk(context));
                if !matches!(chunk, Some(Ok(_))) {
                    *source = Source::Nothing;
                }
                Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
            }
            Source::Written { document, after_others } => {
                if *after_others {
                    *after_others = false;
                    return give_way(context);
                }
                let mut chunk = Vec::with_capacity(ROOM);
                let more = document.write_chunk(&mut chunk);
                if !more {
                    *source = Source::Nothing;
                } else if chunk.is_empty() {
                    return give_way(context);
                } else {
                    *after_others = true;
                }
                Poll::Ready((!chunk.is_empty()).then(|| Ok(Frame::data(chunk.into()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Source::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Nothing => SizeHint::with_exact(0),
            Source::Whole(text) => SizeHint::with_exact(text.len() as u64),
            Source::Untold | Source::Written { .. } | Source::Compressed(_) => SizeHint::new(),
        }
    }
}

/// Is woken after the other tasks, and after those that the network wakes: a task that wakes itself is run again
/// sixty times before tokio looks at the network. Outside of tokio it wakes itself.
fn give_way<T>(context: &mut Context<'_>) -> Poll<T> {
    // Its first poll hands the waker to the scheduler; that is all we want of it.
    if pin!(tokio::task::yield_now()).poll(context).is_ready() {
        context.waker().wake_by_ref();
    }
    Poll::Pending
}

impl fmt::Debug for EndpointBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Nothing => "EndpointBody::Nothing",
            Source::Untold => "EndpointBody::Untold",
            Source::Whole(_) => "EndpointBody::Whole",
            Source::Written { .. } => "EndpointBody::Written",
            Source::Compressed(_) => "EndpointBody::Compressed",
        })
    }
}
