//! Where a latency ends: each promise is judged by the end it asks for, to the nanosecond.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use slo_tower::{Clock, LatencyEnd, Objective, Sli, Slo, SloRegistry, Threshold, Timestamp};
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{ROUTE, events, route};

const LIMIT: Duration = Duration::from_millis(100);
const NANO: Duration = Duration::from_nanos(1);
const ENDS: [LatencyEnd; 3] = [LatencyEnd::Usual, LatencyEnd::Head, LatencyEnd::Body];

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];
const EXCLUDED: [u64; 3] = [0, 0, 1];

/// A registry that promises the latency and both of `method /job` to these ends.
fn registry(method: &Method, ends: &[LatencyEnd]) -> (SloRegistry, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let threshold = Threshold::parse("100ms").unwrap();
    let mut builder = SloRegistry::builder("test").without_declared().clock(clock.clone());
    for end in ends {
        for sli in [Sli::Latency { threshold }, Sli::Combined { threshold }] {
            let slo = Slo::new(format!("{}-{end}", sli.kind()), sli, Objective::literal("99%")).unwrap();
            builder =
                builder.slo(slo.with_route(format!("{method} {ROUTE}")).unwrap().with_latency_end(*end));
        }
    }
    (builder.build().unwrap(), clock)
}

/// What a body does after its first and only piece.
#[derive(Clone, Copy, Debug)]
enum Last {
    End,
    Fails,
    /// It goes on for ever, and the client leaves.
    Never,
}

/// A body whose piece takes its time.
struct Slow {
    clock: Clock,
    takes: Duration,
    has_begun: bool,
    is_stream: bool,
    last: Last,
}

const PIECE: &[u8] = b"piece";

impl Body for Slow {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        if !self.has_begun {
            self.has_begun = true;
            self.clock.advance(self.takes);
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PIECE)))));
        }
        match self.last {
            Last::End => Poll::Ready(None),
            Last::Fails => Poll::Ready(Some(Err("scripted"))),
            Last::Never => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (self.is_stream, self.last) {
            (true, _) => SizeHint::default(),
            (false, Last::End) => SizeHint::with_exact(PIECE.len() as u64),
            // There should be more.
            (false, Last::Fails | Last::Never) => SizeHint::with_exact(1_000),
        }
    }
}

/// One request, and what it leaves behind for the promises to the usual end, the head and the end of the body.
#[derive(Debug)]
struct Case {
    method: Method,
    status: StatusCode,
    is_stream: bool,
    last: Last,
    to_head: Duration,
    takes: Duration,
    latency: [[u64; 3]; 3],
    combined: [[u64; 3]; 3],
    streams: bool,
}

impl Case {
    /// One that is answered to the end, good or bad for each end.
    fn new(is_stream: bool, to_head: Duration, takes: Duration, expected: [[u64; 3]; 3]) -> Self {
        Self {
            method: Method::GET,
            status: StatusCode::OK,
            is_stream,
            last: Last::End,
            to_head,
            takes,
            latency: expected,
            combined: expected,
            streams: is_stream,
        }
    }

    fn run(&self, slos: &SloRegistry, clock: &Clock) {
        let answer = |_: Request<()>| {
            clock.advance(self.to_head);
            let (is_stream, last, takes) = (self.is_stream, self.last, self.takes);
            let mut response =
                Response::new(Slow { clock: clock.clone(), takes, has_begun: false, is_stream, last });
            *response.status_mut() = self.status;
            std::future::ready(Ok::<_, &'static str>(response))
        };
        let mut service = slos.layer_with(route).layer(tower::service_fn(answer));
        let request = Request::builder().method(&self.method).uri(ROUTE).body(()).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let future = std::pin::pin!(service.call(request));
        let Poll::Ready(Ok(response)) = future.poll(&mut context) else { panic!("the head is there") };
        let mut body = std::pin::pin!(response.into_body());
        if self.method != Method::HEAD && self.status != StatusCode::NO_CONTENT {
            while let Poll::Ready(Some(Ok(_))) = body.as_mut().poll_frame(&mut context) {}
        }
    }

    fn check(&self) {
        let (slos, clock) = registry(&self.method, &ENDS);
        self.run(&slos, &clock);
        for (at, end) in ENDS.into_iter().enumerate() {
            assert_eq!(events(&slos, &format!("latency-{end}")), self.latency[at], "to {end}: {self:?}");
            assert_eq!(events(&slos, &format!("combined-{end}")), self.combined[at], "to {end}: {self:?}");
        }
        let lasted = slos.stream_duration(&format!("{} {ROUTE}", self.method));
        let lasted = lasted.map(|lasted| (lasted.count(), lasted.sum()));
        assert_eq!(lasted, self.streams.then_some((1, self.to_head + self.takes)), "{self:?}");
        // Where nobody looks at heads, the others are judged alike.
        let (slos, clock) = registry(&self.method, &[LatencyEnd::Usual, LatencyEnd::Body]);
        self.run(&slos, &clock);
        assert_eq!(events(&slos, "latency-usual"), self.latency[0], "alone: {self:?}");
        assert_eq!(events(&slos, "combined-body"), self.combined[2], "alone: {self:?}");
    }
}

#[test]
fn answers_are_judged_to_the_nanosecond_by_the_end_each_promise_asks_for() {
    for case in [
        Case::new(false, LIMIT, Duration::ZERO, [GOOD; 3]),
        Case::new(false, LIMIT - NANO, NANO, [GOOD; 3]),
        Case::new(false, LIMIT, NANO, [BAD, GOOD, BAD]),
        Case::new(false, LIMIT + NANO, Duration::ZERO, [BAD; 3]),
        Case::new(true, LIMIT, Duration::ZERO, [GOOD; 3]),
        Case::new(true, LIMIT - NANO, NANO, [GOOD; 3]),
        Case::new(true, LIMIT, NANO, [GOOD, GOOD, BAD]),
        Case::new(true, LIMIT + NANO, Duration::ZERO, [BAD; 3]),
    ] {
        case.check();
    }
}

#[test]
fn what_has_no_body_ends_at_its_head() {
    for (to_head, expected) in [(LIMIT, GOOD), (LIMIT + NANO, BAD)] {
        for is_stream in [false, true] {
            let case = |method, status| Case {
                method,
                status,
                streams: false,
                ..Case::new(is_stream, to_head, NANO, [expected; 3])
            };
            case(Method::HEAD, StatusCode::OK).check();
            case(Method::GET, StatusCode::NO_CONTENT).check();
        }
    }
}

#[test]
fn what_breaks_off_is_judged_by_its_end_as_well() {
    let breaks_off = |is_stream, last, latency, combined| Case {
        last,
        latency,
        combined,
        ..Case::new(is_stream, LIMIT, NANO, [GOOD; 3])
    };
    for case in [
        // A failure is bad for both in one; it says nothing about a latency that was met.
        breaks_off(false, Last::Fails, [BAD, EXCLUDED, BAD], [BAD; 3]),
        breaks_off(true, Last::Fails, [EXCLUDED, EXCLUDED, BAD], [BAD; 3]),
        // A client that leaves says nothing, unless it has waited too long.
        breaks_off(false, Last::Never, [BAD, EXCLUDED, BAD], [BAD, EXCLUDED, BAD]),
        breaks_off(true, Last::Never, [EXCLUDED, EXCLUDED, BAD], [EXCLUDED, EXCLUDED, BAD]),
    ] {
        case.check();
    }
}

#[test]
fn the_status_says_where_a_latency_ends() {
    let (slos, _) = registry(&Method::GET, &ENDS);
    let written = |slo: slo_tower::SloStatus| serde_json::to_value(slo).unwrap()["latency_end"].clone();
    let ends: Vec<_> = slos.status().slos.into_iter().map(written).collect();
    assert_eq!(ends, ["usual", "usual", "head", "head", "body", "body"]);
    let availability = Slo::new("up", Sli::Availability, Objective::literal("99%")).unwrap();
    let availability = availability.with_route("GET /job").unwrap().with_latency_end(LatencyEnd::Head);
    let slos = SloRegistry::builder("test").without_declared().slo(availability).build().unwrap();
    assert_eq!(slos.status().slos[0].latency_end, None);
    // It looks at no time, so nobody reads the clock for it.
    let attempt = slos.recorder().request("GET", Some(ROUTE));
    assert!(attempt.head_of_body().is_none());
}
