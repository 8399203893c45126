//! A registry with one route and three promises about it, on a clock that tests move.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body::Body;
use slo_tower::{
    Clock, EndpointBody, Objective, Outcome, RequestHead, Sli, Slo, SloRegistry, Threshold, Timestamp,
    Verdict,
};
use tower_service::Service;

pub(crate) const ROUTE: &str = "/job";
const METHODS: [&str; 2] = ["GET", "HEAD"];

/// A registry whose `GET /job` and `HEAD /job` promise availability, latency and both, under 100 ms.
pub(crate) fn registry() -> (SloRegistry, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let threshold = Threshold::literal("100ms");
    let mut builder = SloRegistry::builder("test").without_declared().clock(clock.clone());
    for method in METHODS {
        for sli in [Sli::Availability, Sli::Latency { threshold }, Sli::Combined { threshold }] {
            let name = format!("{}-{}", method.to_lowercase(), sli.kind());
            let slo = Slo::new(name, sli, Objective::literal("99%")).unwrap();
            builder = builder.slo(slo.with_route(format!("{method} {ROUTE}")).unwrap());
        }
    }
    (builder.build().unwrap(), clock)
}

/// The route table of these tests.
pub(crate) fn route<'a>(request: RequestHead<'a>) -> Option<&'a str> {
    (request.uri.path() == ROUTE).then_some(ROUTE)
}

/// Good, bad and excluded events of an SLO.
pub(crate) fn events(slos: &SloRegistry, name: &str) -> [u64; 3] {
    let status = slos.status();
    let total = status.slo(name).unwrap_or_else(|| panic!("no SLO {name}")).total;
    [total.good, total.bad, total.excluded]
}

/// The samples of the exposition whose line starts with `prefix`, without zeros.
pub(crate) fn samples(slos: &SloRegistry, prefix: &str) -> Vec<String> {
    let mut out = String::new();
    slos.render(slo_tower::TextFormat::Prometheus, &mut out);
    let counted = |line: &&str| line.starts_with(prefix) && !line.ends_with(" 0");
    out.lines().filter(counted).map(str::to_owned).collect()
}

pub(crate) const SLOW: Duration = Duration::from_millis(101);

/// A registry that has at least this many series.
pub(crate) fn registry_of_series(series: usize) -> SloRegistry {
    let slos = SloRegistry::builder("test").without_declared().build().unwrap();
    for index in 0..series {
        let (route, status) =
            (format!("/shop/resource-{}", index / 10), [200, 201, 204, 301, 302, 400, 404, 409, 500, 503]);
        let attempt = slos.recorder().request("GET", Some(&route));
        attempt.finish_as(Outcome::Completed(status[index % 10]), Verdict::Good);
    }
    slos
}

/// Sends a request to an endpoint, which answers at once.
pub(crate) fn call<S>(mut service: S, request: Request<()>) -> Response<EndpointBody>
where
    S: Service<Request<()>, Response = Response<EndpointBody>>,
{
    let future = pin!(service.call(request));
    let Poll::Ready(Ok(response)) = future.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("endpoints answer at once")
    };
    response
}

/// Polls a body once.
pub(crate) fn poll(body: &mut EndpointBody) -> Poll<Option<io::Result<Bytes>>> {
    let polled = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    polled
        .map(|frame| frame.map(|frame| frame.map(|frame| frame.into_data().expect("there are no trailers"))))
}

/// Reads a body to its end.
pub(crate) fn read(body: &mut EndpointBody) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    loop {
        match poll(body) {
            Poll::Ready(Some(chunk)) => read.extend_from_slice(&chunk?),
            Poll::Ready(None) => return Ok(read),
            // Another thread may be at work.
            Poll::Pending => std::thread::yield_now(),
        }
    }
}

/// Sends a request and reads its answer.
pub(crate) fn ask<S>(service: S, method: Method, accept: &str) -> (Response<()>, String)
where
    S: Service<Request<()>, Response = Response<EndpointBody>>,
{
    let request = Request::builder().method(method).header(header::ACCEPT, accept).body(()).unwrap();
    let (parts, mut body) = call(service, request).into_parts();
    let text = String::from_utf8(read(&mut body).unwrap()).unwrap();
    (Response::from_parts(parts, ()), text)
}

/// An exposition without the one sample that belongs to the process, which other tests change meanwhile.
pub(crate) fn of_the_registry(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.contains("unattributed")).collect()
}

/// What was counted, each series as its label values and its number: `GET /job 200 ×1`.
pub(crate) fn counted(slos: &SloRegistry) -> Vec<String> {
    counted_as(slos, "http_server_request_duration_seconds_count")
}

/// The same of one family.
pub(crate) fn counted_as(slos: &SloRegistry, family: &str) -> Vec<String> {
    let short = |sample: String| {
        let (labels, count) = sample.rsplit_once(' ').unwrap();
        let values: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
        format!("{} ×{count}", values.join(" "))
    };
    let mut counted: Vec<_> = samples(slos, family).into_iter().map(short).collect();
    counted.sort();
    counted
}

/// What all requests took together.
pub(crate) fn sum_seconds(slos: &SloRegistry) -> f64 {
    let sums = samples(slos, "http_server_request_duration_seconds_sum");
    sums.iter().map(|sum| sum.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}
