//! An independent count, by plain atomics: what goes in, and how it comes out.
//!
//! One witness stands outside of the layer and one inside. It shares nothing with the layer but the request.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::Error;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use serde::{Deserialize, Serialize};

use crate::server::templates;

/// The statuses that the server answers with.
pub(crate) const STATUSES: [u16; 4] = [200, 400, 404, 503];

/// What a witness has seen of one route.
#[derive(Debug, Default)]
struct Place {
    entered: AtomicU64,
    ended: AtomicU64,
    /// Ended before there was a head.
    headless: AtomicU64,
    /// Ended with the last byte of the answer, by status.
    completed: [AtomicU64; STATUSES.len()],
    failed: AtomicU64,
    /// Left by its client after the head, by status.
    aborted: [AtomicU64; STATUSES.len()],
    panicked: AtomicU64,
}

/// The same, to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) entered: u64,
    pub(crate) ended: u64,
    pub(crate) headless: u64,
    pub(crate) completed: [u64; STATUSES.len()],
    pub(crate) failed: u64,
    pub(crate) aborted: [u64; STATUSES.len()],
    pub(crate) panicked: u64,
}

/// Counts everything that passes it.
#[derive(Debug)]
pub(crate) struct Witness(Vec<Place>);

/// The place of each template.
static PLACES: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
    templates().into_iter().enumerate().map(|(place, template)| (template, place)).collect()
});

// Relaxed, here and below: lone statistics. Who reads them waits until as many have ended as entered.
fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Witness {
    pub(crate) fn new() -> &'static Self {
        Box::leak(Box::new(Self((0..=PLACES.len()).map(|_| Place::default()).collect())))
    }

    /// What was seen of each template, and last of what matches none.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        // Relaxed: see above.
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let seen = |place: &Place| Seen {
            entered: read(&place.entered),
            ended: read(&place.ended),
            headless: read(&place.headless),
            completed: std::array::from_fn(|status| read(&place.completed[status])),
            failed: read(&place.failed),
            aborted: std::array::from_fn(|status| read(&place.aborted[status])),
            panicked: read(&place.panicked),
        };
        self.0.iter().map(seen).collect()
    }
}

/// The middleware of a witness.
pub(crate) async fn watch(State(witness): State<&'static Witness>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map(|matched| PLACES[matched.as_str()]);
    let place = &witness.0[matched.unwrap_or(PLACES.len())];
    add(&place.entered);
    let mut visit = Visit { place, end: Some(&place.headless) };
    let response = next.run(request).await;
    let index = STATUSES.iter().position(|status| *status == response.status().as_u16());
    let index = index.expect("the server has no other status");
    let completed = &place.completed[index];
    visit.end = Some(&place.aborted[index]);
    let left = response.body().size_hint().exact();
    if left == Some(0) || response.body().is_end_stream() {
        visit.end(completed);
    }
    response.map(|inner| Body::new(Watched { inner, visit, completed, left }))
}

/// A request within; what it ends as if nothing else is said before.
#[derive(Debug)]
struct Visit {
    place: &'static Place,
    end: Option<&'static AtomicU64>,
}

impl Visit {
    fn end(&mut self, end: &'static AtomicU64) {
        if self.end.take().is_some() {
            add(end);
            add(&self.place.ended);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(end) = self.end {
            self.end(end);
        }
    }
}

/// A body, watched to its end.
#[derive(Debug)]
struct Watched {
    inner: Body,
    visit: Visit,
    completed: &'static AtomicU64,
    /// Bytes still to come, if that is known.
    left: Option<u64>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.inner).poll_frame(cx)));
        let polled = polled.unwrap_or_else(|panic| {
            this.visit.end(&this.visit.place.panicked);
            resume_unwind(panic)
        });
        match &polled {
            Poll::Pending => {}
            Poll::Ready(None) => this.visit.end(this.completed),
            Poll::Ready(Some(Err(_))) => this.visit.end(&this.visit.place.failed),
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.left = this.left.map(|left| left - bytes);
                if this.left == Some(0) || this.inner.is_end_stream() {
                    this.visit.end(this.completed);
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
