//! Answers of gRPC that tonic would not give, but others do: every one is counted once, as what its client makes of it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use slo_tower::{Cause, Clock, EventOverride, Objective, Sli, Slo, SloRegistry, Threshold, Timestamp, slo};
use tower::{Layer, Service, service_fn};

use crate::support::{counted, counted_as, events, samples};

const COUNT: &str = "rpc_server_call_duration_seconds_count";
const BUY: &str = "shop.Shop/Buy";
const MESSAGE: &[u8] = b"\0\0\0\0\x01x";

/// A registry that promises something of one method.
fn registry() -> (SloRegistry, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let threshold = Threshold::literal("100ms");
    let builder = SloRegistry::builder("test").without_declared().clock(clock.clone());
    let promise = |builder: slo_tower::SloRegistryBuilder, sli: Sli| {
        let slo = Slo::new(format!("buy-{}", sli.kind()), sli, Objective::literal("99%")).unwrap();
        builder.slo(slo.with_route(BUY).unwrap())
    };
    let builder = [Sli::Availability, Sli::Latency { threshold }].into_iter().fold(builder, promise);
    (builder.build().unwrap(), clock)
}

/// Frames, and whether it is known before the end that there are no more.
#[derive(Debug, Default)]
struct Frames {
    frames: VecDeque<Frame<Bytes>>,
    knows_its_end: bool,
}

impl Frames {
    fn of(data: &[&'static [u8]], trailers: &[(&'static str, &'static str)]) -> Self {
        let mut frames: VecDeque<_> = data.iter().map(|data| Frame::data(Bytes::from_static(data))).collect();
        frames.extend((!trailers.is_empty()).then(|| Frame::trailers(headers(trailers))));
        Self { frames, knows_its_end: false }
    }

    fn knows_its_end(self) -> Self {
        Self { knows_its_end: true, ..self }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.frames.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    of.iter().map(header).collect()
}

fn answer<B>(head: &[(&'static str, &'static str)], body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.headers_mut() = headers(head);
    response
}

fn request(method: &str) -> Request<()> {
    Request::builder().method("POST").uri(format!("/{method}")).body(()).unwrap()
}

/// Calls a service, and reads its answer as servers do: until its end, or until it says that nothing follows.
fn call<S, B>(service: &mut S, method: &str) -> usize
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body + Unpin,
{
    let mut context = Context::from_waker(Waker::noop());
    let future = pin!(service.call(request(method)));
    let Poll::Ready(Ok(mut response)) = future.poll(&mut context) else { panic!("it answers at once") };
    let mut frames = 0;
    while !response.body().is_end_stream() {
        let Poll::Ready(Some(Ok(_))) = Pin::new(response.body_mut()).poll_frame(&mut context) else { break };
        frames += 1;
    }
    frames
}

/// What is counted of one call of `Buy` that is answered so.
fn counts_of<B: Body + Unpin>(answer: impl Fn() -> Response<B>) -> (String, [u64; 3]) {
    let (slos, _) = registry();
    let mut service = slos.layer_grpc().layer(service_fn(|_| ready(Ok::<_, Infallible>(answer()))));
    call(&mut service, BUY);
    drop(service);
    assert_eq!(samples(&slos, "rpc_server_active_calls"), [""; 0]);
    let [counted] = counted_as(&slos, COUNT).try_into().expect("it is counted once");
    (counted, events(&slos, "buy-availability"))
}

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];

/// Servers do not ask a body again that says it is at its end.
#[test]
fn an_answer_without_a_status_is_bad_though_it_knows_its_end() {
    let ended = (format!("{BUY} body_error ×1"), BAD);
    assert_eq!(counts_of(|| answer(&[], Full::new(Bytes::from_static(MESSAGE)))), ended);
    assert_eq!(counts_of(|| answer(&[], Frames::of(&[MESSAGE], &[]).knows_its_end())), ended);
    assert_eq!(counts_of(|| answer(&[], Frames::of(&[MESSAGE], &[]))), ended);
    let metadata = &[("x-cost", "7")];
    assert_eq!(counts_of(|| answer(&[], Frames::of(&[MESSAGE], metadata))), ended);
}

/// A head that says OK has not said the last word while there is a body.
#[test]
fn the_trailers_have_the_last_word() {
    let ok = &[("grpc-status", "0")];
    for (head, trailers, series, expected) in [
        (&ok[..], &[("grpc-status", "13")][..], "INTERNAL INTERNAL", BAD),
        (&ok[..], &[("grpc-status", "5")][..], "NOT_FOUND", GOOD),
        (&ok[..], &[][..], "OK", GOOD),
        (&ok[..], &[("x-cost", "7")][..], "OK", GOOD),
        (&[][..], &ok[..], "OK", GOOD),
        (&[("grpc-status", "14")][..], &ok[..], "UNAVAILABLE UNAVAILABLE", BAD),
    ] {
        let counts = counts_of(|| answer(head, Frames::of(&[MESSAGE], trailers)));
        assert_eq!(counts, (format!("{BUY} {series} ×1"), expected), "{head:?} {trailers:?}");
    }
}

#[test]
fn a_cause_is_told_of_calls_too() {
    let caused = |code, cause, said: Option<EventOverride>| {
        counts_of(|| {
            let mut response = answer(&[("grpc-status", code)], Frames::default());
            response.extensions_mut().insert(cause);
            said.into_iter().for_each(|said| _ = response.extensions_mut().insert(said));
            response
        })
    };
    let series = |name: &str| format!("{BUY} {name} ×1");
    assert_eq!(caused("8", Cause::Shed, None), (series("RESOURCE_EXHAUSTED shed"), BAD));
    assert_eq!(caused("14", Cause::Shed, None), (series("UNAVAILABLE shed"), BAD));
    assert_eq!(caused("4", Cause::TimedOut, None), (series("DEADLINE_EXCEEDED timeout"), BAD));
    let good = caused("8", Cause::Shed, Some(EventOverride::Good));
    assert_eq!(good, (series("RESOURCE_EXHAUSTED shed"), GOOD));
}

/// Of one message the latency ends with its last byte, however it is cut into frames.
#[test]
fn a_message_in_pieces_is_no_stream() {
    for frames in [
        &[MESSAGE][..],
        &[b"\0", b"\0\0\0\x01x"],
        &[b"\0\0\0", b"\0\x01", b"x"],
        &[b"", b"\0\0\0\0\x01", b"x"],
    ] {
        let (slos, clock) = registry();
        let answered =
            |_| ready(Ok::<_, Infallible>(answer(&[], Frames::of(frames, &[("grpc-status", "0")]))));
        let mut service = slos.layer_grpc().layer(service_fn(answered));
        let mut context = Context::from_waker(Waker::noop());
        let future = pin!(service.call(request(BUY)));
        let Poll::Ready(Ok(mut response)) = future.poll(&mut context) else { panic!("it answers at once") };
        clock.advance(Duration::from_secs(1));
        while let Poll::Ready(Some(Ok(_))) = Pin::new(response.body_mut()).poll_frame(&mut context) {}
        assert_eq!(events(&slos, "buy-latency"), BAD, "{frames:?}");
        assert_eq!(samples(&slos, "slo_stream_duration_seconds_count"), [""; 0]);
    }
}

#[slo(availability = 99%)]
async fn annotated(conduct: &'static str) -> Response<Frames> {
    match conduct {
        "panics" => resume_unwind(Box::new("scripted")),
        "waits" => pending().await,
        code => answer(&[("grpc-status", code)], Frames::default()),
    }
}

/// A handler that has run is there, whatever became of its call.
#[test]
fn a_method_is_known_once_its_annotated_handler_has_run() {
    for (conduct, series) in [("panics", "panic"), ("waits", "cancelled"), ("5", "NOT_FOUND")] {
        let slos = SloRegistry::builder("test").build().unwrap();
        let handler = async move |_| Ok::<_, Infallible>(annotated(conduct).await);
        let mut service = slos.layer_grpc().layer(service_fn(handler));
        let mut future = Box::pin(service.call(request("shop.Shop/Sell")));
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context).is_ready()));
        assert_eq!(polled.ok(), (conduct != "panics").then_some(conduct == "5"));
        drop(future);
        assert_eq!(counted_as(&slos, COUNT), [format!("shop.Shop/Sell {series} ×1")]);
        assert_eq!(samples(&slos, "rpc_server_active_calls"), [""; 0]);
    }
}

/// A call is not a request that was answered with 200, though it lies in one.
#[test]
fn a_call_within_a_request_ends_with_its_status() {
    for code in ["0", "13"] {
        let slos = SloRegistry::builder("test").build().unwrap();
        let template = slos.layer_with(|_| Some("/shop.Shop/{method}"));
        let handler = async move |_| Ok::<_, Infallible>(annotated(code).await);
        let twice = slos.layer_grpc().layer(slos.layer_grpc().layer(service_fn(handler)));
        call(&mut template.layer(twice), BUY);
        let expected = if code == "0" { (GOOD, "OK") } else { (BAD, "INTERNAL INTERNAL") };
        assert_eq!(events(&slos, "annotated-availability"), expected.0);
        assert_eq!(counted_as(&slos, COUNT), [format!("{BUY} {} ×1", expected.1)]);
        assert_eq!(counted(&slos), ["POST /shop.Shop/{method} 200 ×1"]);
    }
}

/// A page on the port of a server of gRPC is no call that broke off.
#[test]
fn a_request_within_a_layer_of_calls_ends_as_a_request() {
    #[slo(availability = 99%)]
    async fn page() -> Response<Full<Bytes>> {
        Response::new(Full::from("an order"))
    }

    let slos = SloRegistry::builder("test").build().unwrap();
    let inner = slos.layer_with(|_| Some("/orders/{id}"));
    let twice = inner.layer(inner.clone().layer(service_fn(async |_| Ok::<_, Infallible>(page().await))));
    call(&mut slos.layer_grpc().layer(twice), "orders/7");
    assert_eq!(events(&slos, "page-availability"), GOOD);
    assert_eq!(counted(&slos), ["POST /orders/{id} 200 ×1"]);
    assert_eq!(counted_as(&slos, COUNT), ["_OTHER body_error ×1"]);
}
