//! Every way a request can end is one outcome, counted once.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use slo_tower::{Clock, SloRegistry};
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{ROUTE, SLOW, events, registry, route, samples};

type Answer = Pin<Box<dyn Future<Output = Result<Response<TestBody>, &'static str>>>>;
type TestBody = http_body_util::combinators::UnsyncBoxBody<Bytes, &'static str>;

/// Sends one request to `handler` under the layer and gives the response, if there is one, to `client`.
fn drive(
    slos: &SloRegistry,
    method: Method,
    handler: impl FnMut(Request<()>) -> Answer,
    client: impl FnOnce(&mut Context<'_>, Pin<&mut dyn Future<Output = Answered>>),
) {
    let mut service = slos.layer_with(route).layer(tower::service_fn(handler));
    let request = Request::builder().method(method).uri(ROUTE).body(()).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let future = service.call(request);
    client(&mut context, pin!(async { future.await.map(|response| response.map(BodyExt::boxed_unsync)) }));
}

type Answered = Result<Response<TestBody>, &'static str>;

/// Reads the response to its end, or to its error.
fn read_to_end(context: &mut Context<'_>, future: Pin<&mut dyn Future<Output = Answered>>) {
    let Poll::Ready(Ok(response)) = future.poll(context) else { return };
    let mut body = response.into_body();
    while let Poll::Ready(Some(Ok(_))) = Pin::new(&mut body).poll_frame(context) {}
}

/// Reads only the head, as servers do when nothing more is to be sent.
fn read_head(context: &mut Context<'_>, future: Pin<&mut dyn Future<Output = Answered>>) {
    assert!(matches!(future.poll(context), Poll::Ready(Ok(_))));
}

fn answer(status: u16, body: impl Body<Data = Bytes, Error: std::fmt::Debug> + Send + 'static) -> Answer {
    let body = body.map_err(|_| "body failed").boxed_unsync();
    let response = Response::builder().status(status).body(body).unwrap();
    Box::pin(async { Ok(response) })
}

fn stream(frames: Vec<Result<&'static str, &'static str>>) -> impl Body<Data = Bytes, Error = &'static str> {
    StreamBody::new(Frames(frames.into_iter()))
}

/// A stream that does not know its length.
struct Frames(std::vec::IntoIter<Result<&'static str, &'static str>>);

impl futures_core::Stream for Frames {
    type Item = Result<Frame<Bytes>, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(
            self.0.next().map(|frame| frame.map(|text| Frame::data(Bytes::from_static(text.as_bytes())))),
        )
    }
}

/// What one request must leave behind: its series, and good, bad and excluded for each indicator.
fn assert_counted(slos: &SloRegistry, method: &str, labels: &str, expected: [[u64; 3]; 3]) {
    let prefix = "http_server_request_duration_seconds_count";
    let series = format!("{prefix}{{http_request_method=\"{method}\",http_route=\"{ROUTE}\"{labels}}} 1");
    assert_eq!(samples(slos, prefix), [series]);
    assert_eq!(samples(slos, "http_server_active_requests"), Vec::<String>::new());
    for (kind, expected) in ["availability", "latency", "combined"].into_iter().zip(expected) {
        assert_eq!(events(slos, &format!("{}-{kind}", method.to_lowercase())), expected, "{kind} {labels}");
    }
}

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];
const EXCLUDED: [u64; 3] = [0, 0, 1];

#[test]
fn an_answer_counts_by_its_status() {
    for (status, labels, expected) in [
        (200, r#",http_response_status_code="200""#, [GOOD; 3]),
        (404, r#",http_response_status_code="404""#, [GOOD; 3]),
        (503, r#",http_response_status_code="503",error_type="503""#, [BAD, EXCLUDED, BAD]),
    ] {
        let (slos, _) = registry();
        drive(&slos, Method::GET, |_| answer(status, Full::from("text")), read_to_end);
        assert_counted(&slos, "GET", labels, expected);
    }
}

#[test]
fn a_response_without_body_is_complete_at_its_head() {
    let ok = r#",http_response_status_code="200""#;
    let (slos, _) = registry();
    drive(&slos, Method::GET, |_| answer(200, Empty::new()), read_head);
    assert_counted(&slos, "GET", ok, [GOOD; 3]);
    let (slos, _) = registry();
    drive(&slos, Method::HEAD, |_| answer(200, stream(vec![Ok("never sent")])), read_head);
    assert_counted(&slos, "HEAD", ok, [GOOD; 3]);
    for status in [204, 304] {
        let (slos, _) = registry();
        drive(&slos, Method::GET, |_| answer(status, stream(vec![])), read_head);
        assert_counted(&slos, "GET", &format!(r#",http_response_status_code="{status}""#), [GOOD; 3]);
    }
}

#[test]
fn a_tunnel_is_complete_at_its_head_and_a_refusal_is_an_answer_as_every_other() {
    for (status, client, ending) in [
        (200, read_head as fn(&mut Context<'_>, Pin<&mut dyn Future<Output = Answered>>), ""),
        (299, read_head, ""),
        (300, read_head, r#",error_type="body_aborted""#),
        (403, read_to_end, ""),
        (502, read_to_end, r#",error_type="502""#),
    ] {
        for length_is_known in [true, false] {
            let handler = |_| match length_is_known {
                true => answer(status, Full::from("text")),
                false => answer(status, stream(vec![Ok("text")])),
            };
            let (slos, _) = registry();
            drive(&slos, Method::CONNECT, handler, client);
            let labels = format!(r#"http_route="{ROUTE}",http_response_status_code="{status}"{ending}"#);
            let family = "http_server_request_duration_seconds_count";
            let expected = format!(r#"{family}{{http_request_method="CONNECT",{labels}}} 1"#);
            assert_eq!(samples(&slos, family), [expected]);
        }
    }
}

#[test]
fn a_response_of_announced_length_0_is_complete_at_its_head() {
    /// Knows that it is empty, and does not say that it is at its end.
    struct Blank;

    impl Body for Blank {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(0)
        }
    }

    let announced = |_: Request<()>| -> Answer {
        let mut response = Response::new(stream(vec![]).boxed_unsync());
        response.headers_mut().insert(header::CONTENT_LENGTH, 0.into());
        Box::pin(async { Ok(response) })
    };
    let known = |_: Request<()>| answer(200, Blank);
    let handlers: [fn(Request<()>) -> Answer; 2] = [known, announced];
    for handler in handlers {
        let (slos, _) = registry();
        drive(&slos, Method::GET, handler, read_head);
        assert_counted(&slos, "GET", r#",http_response_status_code="200""#, [GOOD; 3]);
    }
}

#[test]
fn a_body_is_complete_with_its_last_announced_byte() {
    let (slos, _) = registry();
    let handler = |_: Request<()>| -> Answer {
        let mut response = Response::new(stream(vec![Ok("1234"), Ok("5678")]).boxed_unsync());
        response.headers_mut().insert(header::CONTENT_LENGTH, 8.into());
        Box::pin(async { Ok(response) })
    };
    drive(&slos, Method::GET, handler, |context, future| {
        let Poll::Ready(Ok(response)) = future.poll(context) else { panic!("the head is there") };
        let mut body = response.into_body();
        for _ in 0..2 {
            assert!(matches!(Pin::new(&mut body).poll_frame(context), Poll::Ready(Some(Ok(_)))));
        }
        // The server knows that this was all, and asks no more.
    });
    assert_counted(&slos, "GET", r#",http_response_status_code="200""#, [GOOD; 3]);
}

#[test]
fn failures_of_the_service_are_bad() {
    let (slos, _) = registry();
    drive(&slos, Method::GET, |_| Box::pin(async { Err("no") }), read_to_end);
    assert_counted(&slos, "GET", r#",error_type="error""#, [BAD, EXCLUDED, BAD]);
    let (slos, _) = registry();
    drive(&slos, Method::GET, |_| answer(200, stream(vec![Ok("a"), Err("b")])), read_to_end);
    assert_counted(
        &slos,
        "GET",
        r#",http_response_status_code="200",error_type="body_error""#,
        [BAD, EXCLUDED, BAD],
    );
}

#[test]
fn a_panic_is_bad_wherever_it_happens() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let panics: [fn(&SloRegistry); 2] = [
        |slos| drive(slos, Method::GET, |_| panic!("in call"), read_to_end),
        |slos| drive(slos, Method::GET, |_| Box::pin(async { panic!("in poll") }), read_to_end),
    ];
    let registries = panics.map(|panic| {
        let (slos, _) = registry();
        assert!(catch_unwind(AssertUnwindSafe(|| panic(&slos))).is_err());
        slos
    });
    std::panic::set_hook(quiet);
    for slos in &registries {
        assert_counted(slos, "GET", r#",error_type="panic""#, [BAD, EXCLUDED, BAD]);
    }
}

/// Whoever catches the panic of a body may drop the body later, in peace.
#[test]
fn a_body_that_panics_has_panicked_whoever_catches_it() {
    struct Dies;

    impl Body for Dies {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            // Unlike `panic!`, this prints nothing.
            resume_unwind(Box::new(()))
        }
    }

    let (slos, _) = registry();
    drive(
        &slos,
        Method::GET,
        |_| answer(200, Dies),
        |context, future| {
            let Poll::Ready(Ok(response)) = future.poll(context) else { panic!("the head is there") };
            let mut body = response.into_body();
            let poll = || Pin::new(&mut body).poll_frame(context).is_ready();
            catch_unwind(AssertUnwindSafe(poll)).expect_err("it unwinds");
        },
    );
    assert_counted(&slos, "GET", r#",error_type="panic""#, [BAD, EXCLUDED, BAD]);
}

#[test]
fn a_client_that_leaves_is_excluded_unless_it_waited_too_long() {
    for (wait, expected) in [(Duration::ZERO, [EXCLUDED; 3]), (SLOW, [EXCLUDED, BAD, BAD])] {
        let (slos, clock) = registry();
        drive(
            &slos,
            Method::GET,
            |_| Box::pin(pending()),
            |context, future| {
                assert!(future.poll(context).is_pending());
                clock.advance(wait);
            },
        );
        assert_counted(&slos, "GET", r#",error_type="cancelled""#, expected);

        let (slos, clock) = registry();
        drive(
            &slos,
            Method::GET,
            |_| answer(200, Full::from("text")),
            |context, future| {
                let Poll::Ready(Ok(_unread)) = future.poll(context) else { panic!("the head is there") };
                clock.advance(wait);
            },
        );
        let labels = r#",http_response_status_code="200",error_type="body_aborted""#;
        assert_counted(&slos, "GET", labels, expected);
    }
}

#[test]
fn trailers_are_the_end() {
    let (slos, _) = registry();
    let ended = |_| {
        answer(200, stream(vec![Ok("text")]).with_trailers(std::future::ready(Some(Ok(HeaderMap::new())))))
    };
    drive(&slos, Method::GET, ended, |context, future| {
        let Poll::Ready(Ok(mut response)) = future.poll(context) else { panic!("the head is there") };
        for _ in 0..2 {
            assert!(matches!(Pin::new(response.body_mut()).poll_frame(context), Poll::Ready(Some(Ok(_)))));
        }
    });
    assert_counted(&slos, "GET", r#",http_response_status_code="200""#, [GOOD; 3]);
}

#[test]
fn a_body_that_falls_short_has_failed() {
    let ok = r#",http_response_status_code="200""#;
    let failed = r#",http_response_status_code="200",error_type="body_error""#;
    for (announced, labels, expected) in
        [("4", ok, [GOOD; 3]), ("5", failed, [BAD, EXCLUDED, BAD]), ("3", ok, [GOOD; 3])]
    {
        let (slos, _) = registry();
        let handler = |_| {
            let body = stream(vec![Ok("te"), Ok("xt")]).map_err(|_| "body failed").boxed_unsync();
            let response = Response::builder().header(header::CONTENT_LENGTH, announced).body(body).unwrap();
            Box::pin(async { Ok(response) }) as Answer
        };
        drive(&slos, Method::GET, handler, read_to_end);
        assert_counted(&slos, "GET", labels, expected);
    }
}

#[test]
fn an_endless_stream_ends_with_its_client_and_is_as_slow_as_its_head() {
    let (slos, clock) = registry();
    drive(
        &slos,
        Method::GET,
        |_| answer(200, stream(vec![Ok("event"), Ok("never read")])),
        |context, future| {
            let Poll::Ready(Ok(mut response)) = future.poll(context) else { panic!("the head is there") };
            assert!(Pin::new(response.body_mut()).poll_frame(context).is_ready());
            clock.advance(SLOW);
        },
    );
    let labels = r#",http_response_status_code="200",error_type="body_aborted""#;
    assert_counted(&slos, "GET", labels, [EXCLUDED; 3]);
}

#[test]
fn latency_ends_with_the_body_unless_it_streams() {
    /// A body of known length that takes its time.
    struct Slow(Clock, Full<Bytes>);

    impl Body for Slow {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.advance(SLOW);
            Pin::new(&mut self.1).poll_frame(context)
        }

        fn size_hint(&self) -> SizeHint {
            self.1.size_hint()
        }
    }

    let ok = r#",http_response_status_code="200""#;
    let (slos, clock) = registry();
    drive(&slos, Method::GET, |_| answer(200, Slow(clock.clone(), Full::from("text"))), read_to_end);
    assert_counted(&slos, "GET", ok, [GOOD, BAD, BAD]);

    let (slos, clock) = registry();
    drive(
        &slos,
        Method::GET,
        |_| answer(200, stream(vec![Ok("a"), Ok("b")])),
        |context, future| {
            let Poll::Ready(Ok(response)) = future.poll(context) else { panic!("the head is there") };
            clock.advance(SLOW);
            let mut body = response.into_body();
            while let Poll::Ready(Some(_)) = Pin::new(&mut body).poll_frame(context) {}
        },
    );
    assert_counted(&slos, "GET", ok, [GOOD; 3]);
}

#[test]
fn thresholds_are_met_to_the_nanosecond() {
    for (nanos, expected) in [(100_000_000, [GOOD; 3]), (100_000_001, [GOOD, BAD, BAD])] {
        let (slos, clock) = registry();
        let handler = |_: Request<()>| {
            clock.advance(Duration::from_nanos(nanos));
            answer(200, Full::from("text"))
        };
        drive(&slos, Method::GET, handler, read_to_end);
        assert_counted(&slos, "GET", r#",http_response_status_code="200""#, expected);
    }
}
