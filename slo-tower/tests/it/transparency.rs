//! The layer changes nothing: what goes in comes out.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Empty;
use proptest::prelude::*;
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{ROUTE, events, registry, route};

/// What a body does when it is asked.
#[derive(Clone, Debug)]
enum Step {
    Wait,
    Data(Vec<u8>),
    Trailers(u16),
    Fail,
}

/// A body that follows a script and says of itself what the script says.
#[derive(Clone, Debug)]
struct Scripted {
    steps: Vec<Step>,
    size: (u64, Option<u64>),
    ends_early: bool,
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        if self.steps.is_empty() {
            return Poll::Ready(None);
        }
        match self.steps.remove(0) {
            Step::Wait => Poll::Pending,
            Step::Data(data) => Poll::Ready(Some(Ok(Frame::data(data.into())))),
            Step::Trailers(value) => {
                let trailers = HeaderMap::from_iter([(http::HeaderName::from_static("x-end"), value.into())]);
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            Step::Fail => Poll::Ready(Some(Err("scripted"))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ends_early && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.size.0);
        if let Some(more) = self.size.1 {
            hint.set_upper(self.size.0 + more);
        }
        hint
    }
}

/// Everything a server can see of a response, polled a few times past its end.
fn observe(response: Response<impl Body<Data = Bytes, Error = &'static str> + Unpin>) -> Vec<String> {
    let (parts, mut body) = response.into_parts();
    let mut seen = vec![format!("{} {:?} {:?}", parts.status, parts.version, parts.headers)];
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..16 {
        let (ends, size) = (body.is_end_stream(), body.size_hint());
        let frame = Pin::new(&mut body).poll_frame(&mut context);
        seen.push(format!("{ends} {size:?} {frame:?}"));
    }
    seen
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Wait),
        6 => prop::collection::vec(any::<u8>(), 0..9).prop_map(Step::Data),
        1 => any::<u16>().prop_map(Step::Trailers),
        1 => Just(Step::Fail),
    ];
    prop::collection::vec(step, 0..10)
}

proptest! {
    #[test]
    fn responses_pass_through_unchanged(
        steps in steps(),
        size in (0..20_u64, prop::option::of(0..20_u64)),
        ends_early in any::<bool>(),
        status in 100..600_u16,
        length in prop::option::of(0..40_u64),
        method in prop::sample::select(vec!["GET", "HEAD", "POST", "BREW"]),
    ) {
        let scripted = Scripted { steps, size, ends_early };
        let respond = || {
            let mut response = Response::builder().status(status).header("x-any", "kept");
            if let Some(length) = length {
                response = response.header("content-length", length);
            }
            response.body(scripted.clone()).unwrap()
        };
        let (slos, _) = registry();
        let mut service = slos.layer_with(route).layer(tower::service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, &'static str>(respond()))
        }));
        let mut context = Context::from_waker(Waker::noop());
        prop_assert!(service.poll_ready(&mut context).is_ready());
        let request = Request::builder().method(method).uri(ROUTE).body(()).unwrap();
        let Poll::Ready(Ok(response)) = Pin::new(&mut service.call(request)).poll(&mut context) else {
            panic!("the service answers at once");
        };
        prop_assert_eq!(observe(response), observe(respond()));
        // And whatever the body did, it ended once.
        let [good, bad, excluded] = events(&slos, "get-availability");
        prop_assert_eq!(good + bad + excluded, u64::from(method == "GET"));
    }
}

#[test]
fn readiness_and_errors_pass_through() {
    /// Refuses to be ready, and fails when called.
    struct Refusing;

    impl Service<Request<()>> for Refusing {
        type Response = Response<Scripted>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Err("not ready"))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            std::future::ready(Err("called"))
        }
    }

    let (slos, _) = registry();
    let mut service = slos.layer_with(route).layer(Refusing);
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(service.poll_ready(&mut context), Poll::Ready(Err("not ready")));
    let Poll::Ready(Err(error)) = Pin::new(&mut service.call(Request::new(()))).poll(&mut context) else {
        panic!("the service fails at once");
    };
    assert_eq!(error, "called");
}

#[test]
fn a_service_that_is_not_ready_yet_wakes_who_asked() {
    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(AtomicU64);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            // Relaxed: read by the same thread.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ready when it is asked for the second time.
    struct Later(Option<Waker>);

    impl Service<Request<()>> for Later {
        type Response = Response<Empty<Bytes>>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            match self.0.replace(cx.waker().clone()) {
                None => Poll::Pending,
                Some(waker) => {
                    waker.wake();
                    Poll::Ready(Ok(()))
                }
            }
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            std::future::ready(Ok(Response::new(Empty::new())))
        }
    }

    let (slos, _) = registry();
    let mut service = slos.layer_with(route).layer(Later(None));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert_eq!(service.poll_ready(&mut Context::from_waker(&waker)), Poll::Pending);
    let mut other = Context::from_waker(Waker::noop());
    assert_eq!(service.poll_ready(&mut other), Poll::Ready(Ok(())));
    // Relaxed: written by the same thread.
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    // Nobody has called yet, so that there is nothing to count.
    assert_eq!(events(&slos, "get-availability"), [0, 0, 0]);
}

#[test]
fn a_closure_can_tell_the_route() {
    let (slos, _) = registry();
    let layer = slos.layer_with(|request| match request.uri.path() {
        "/job/now" => Some(ROUTE),
        _ => None,
    });
    let answer =
        |_: Request<()>| std::future::ready(Ok::<_, &'static str>(Response::new(Empty::<Bytes>::new())));
    let mut service = layer.layer(tower::service_fn(answer));
    for path in ["/job/now", "/job"] {
        let request = Request::builder().uri(path).body(()).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut service.call(request)).poll(&mut context).is_ready());
    }
    assert_eq!(events(&slos, "get-availability"), [1, 0, 0]);
}
