//! What is measured: latencies as services have them, and requests driven without a network.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::routing::MethodRouter;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body::Frame;
use tower_service::Service;

/// Log-normal latencies in nanoseconds: median 8 ms, one in a hundred above 80 ms. A power of two of them, so that
/// a mask picks one.
#[derive(Clone, Debug)]
pub struct Latencies {
    nanos: Box<[u64; Self::COUNT]>,
}

impl Latencies {
    const COUNT: usize = 1 << 12;

    /// The same latencies in every run.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "minutes at most, and positive"
    )]
    pub fn log_normal() -> Self {
        // Marsaglia's xorshift64: good enough to spread latencies, and the same everywhere.
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut nanos = Box::new([0; Self::COUNT]);
        for nanos in nanos.iter_mut() {
            // The sum of twelve uniform numbers is close to normal.
            let normal = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            *nanos = (8e6 * normal.exp()) as u64;
        }
        Self { nanos }
    }

    /// Returns the latency of a turn.
    #[inline]
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "masked")]
    pub fn nanos(&self, turn: u64) -> u64 {
        self.nanos[turn as usize & (Self::COUNT - 1)]
    }

    /// Returns the latency of a turn in seconds, as most peers want it.
    #[inline]
    #[must_use]
    pub fn seconds(&self, turn: u64) -> f64 {
        self.nanos(turn) as f64 * 1e-9
    }
}

/// The smallest service there is: it answers everything with a few bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bare;

impl Service<Request<Body>> for Bare {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    #[inline]
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, request: Request<Body>) -> Self::Future {
        drop(request);
        ready(Ok(Response::new(Body::from("hello"))))
    }
}

/// The smallest service of gRPC: it answers every call with one message and says in the trailers that it is well.
#[derive(Clone, Copy, Debug)]
pub struct BareCall;

impl Service<Request<Body>> for BareCall {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Answer>, Infallible>>;

    #[inline]
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, request: Request<Body>) -> Self::Future {
        drop(request);
        ready(Ok(Response::new(Answer::Message)))
    }
}

/// What comes next of the answer to a call.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// The message.
    Message,
    /// The trailers.
    Trailers,
    /// Nothing.
    End,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    #[inline]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (frame, next) = match *self {
            Self::Message => (Frame::data(Bytes::from_static(b"\0\0\0\0\x05hello")), Self::Trailers),
            Self::Trailers => {
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
                (Frame::trailers(trailers), Self::End)
            }
            Self::End => return Poll::Ready(None),
        };
        *self = next;
        Poll::Ready(Some(Ok(frame)))
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        matches!(self, Self::End)
    }
}

/// A service that only passes requests on: what a layer costs that does nothing.
#[derive(Clone, Copy, Debug)]
pub struct Idle<S>(pub S);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Idle<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    #[inline]
    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request)
    }
}

/// The plain handler.
pub async fn hello() -> &'static str {
    "hello"
}

/// Returns a router with this many routes to one handler.
pub fn router(routes: usize, handler: &MethodRouter) -> Router {
    (0..routes).fold(Router::new(), |router, route| router.route(&path(route), handler.clone()))
}

/// Returns the path of a route of [`router`].
#[must_use]
pub fn path(route: usize) -> String {
    format!("/shop/resource-{route}")
}

/// The path of the method that [`BareCall`] is asked for.
pub const CALLED: &str = "/shop.Shop/Buy";

/// Asks for each of the routes of [`router`] in turn.
#[derive(Clone, Debug)]
pub struct Requests {
    uris: Box<[Uri]>,
    next: usize,
}

impl Requests {
    /// Requests for this many routes.
    ///
    /// # Panics
    ///
    /// Never: the paths are valid.
    #[must_use]
    pub fn to(routes: usize) -> Self {
        let uris = (0..routes).map(|route| path(route).parse().expect("a path is a URI")).collect();
        Self { uris, next: 0 }
    }

    /// Calls of the method at this path.
    #[must_use]
    pub fn call(path: &'static str) -> Self {
        Self { uris: [Uri::from_static(path)].into(), next: 0 }
    }

    /// Sends the next request through `service`, to the last byte of the answer.
    ///
    /// # Panics
    ///
    /// If the service waits for anything, or if its answer fails.
    #[inline]
    pub fn send<S, B>(&mut self, service: &mut S)
    where
        S: Service<Request<Body>, Response = Response<B>>,
        B: http_body::Body,
    {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.uris[self.next].clone();
        self.next = if self.next + 1 == self.uris.len() { 0 } else { self.next + 1 };
        let mut context = Context::from_waker(Waker::noop());
        assert!(service.poll_ready(&mut context).is_ready(), "services here are always ready");
        let mut future = pin!(service.call(request));
        let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut context) else {
            panic!("services here answer at once");
        };
        let (head, body) = response.into_parts();
        black_box(head.status);
        let mut body = pin!(body);
        // As hyper does it: it stops asking when the body says that it is at its end.
        while !body.is_end_stream() {
            match body.as_mut().poll_frame(&mut context) {
                Poll::Ready(Some(Ok(frame))) => drop(black_box(frame)),
                Poll::Ready(None) => break,
                _ => panic!("bodies here are whole"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_as_promised() {
        let latencies = Latencies::log_normal();
        let mut nanos: Vec<u64> = (0..Latencies::COUNT as u64).map(|turn| latencies.nanos(turn)).collect();
        nanos.sort_unstable();
        let at = |percent: usize| nanos[nanos.len() * percent / 100] / 1_000_000;
        assert!((7..9).contains(&at(50)), "{}", at(50));
        assert!((70..90).contains(&at(99)), "{}", at(99));
    }

    #[test]
    fn requests_reach_every_route() {
        let mut requests = Requests::to(3);
        let mut service = router(3, &axum::routing::get(hello));
        (0..6).for_each(|_| requests.send(&mut service));
        requests.send(&mut Idle(Bare));
    }
}
