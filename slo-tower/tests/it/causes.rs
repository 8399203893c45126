//! Who answers in the service's stead says why, and who fails says it by the error.

use std::future::{Ready, pending, ready};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use slo_tower::{Cause, EventOverride, answer_error};
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::load_shed::error::Overloaded;
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::{ROUTE, counted, events, registry, route};

type Body = Full<&'static [u8]>;

fn request() -> Request<()> {
    Request::builder().uri(ROUTE).body(()).unwrap()
}

fn response(status: u16, cause: Option<Cause>, said: Option<EventOverride>) -> Response<Body> {
    let mut response = Response::new(Full::from(&b"later"[..]));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let extensions = response.extensions_mut();
    cause.into_iter().for_each(|cause| _ = extensions.insert(cause));
    said.into_iter().for_each(|said| _ = extensions.insert(said));
    response
}

#[tokio::test]
async fn a_cause_is_told_by_the_answer_that_was_sent_to_its_end() {
    const BAD: [u64; 3] = [0, 1, 0];
    for (status, cause, said, series, expected) in [
        (503, Some(Cause::Shed), None, "503 shed", BAD),
        (429, Some(Cause::Shed), None, "429 shed", BAD),
        (504, Some(Cause::TimedOut), None, "504 timeout", BAD),
        (503, None, None, "503 503", BAD),
        (429, None, None, "429", [1, 0, 0]),
        (503, Some(Cause::Shed), Some(EventOverride::Good), "503 shed", [1, 0, 0]),
        (429, Some(Cause::Shed), Some(EventOverride::Excluded), "429 shed", [0, 0, 1]),
    ] {
        let (slos, _) = registry();
        let answer = |_: Request<()>| ready(Ok::<_, BoxError>(response(status, cause, said)));
        let answered = slos.layer_with(route).layer(tower::service_fn(answer)).oneshot(request()).await;
        let answered = answered.unwrap();
        assert_eq!(answered.status().as_u16(), status);
        assert_eq!(answered.into_body().collect().await.unwrap().to_bytes(), "later");
        assert_eq!(counted(&slos), [format!("GET {ROUTE} {series} ×1")]);
        assert_eq!(events(&slos, "get-availability"), expected, "{series} {said:?}");
        // An answer that is not heard to its end has no other ending for its cause.
        let (slos, _) = registry();
        let mut service = slos.layer_with(route).layer(tower::service_fn(answer));
        drop(service.call(request()).await.unwrap());
        assert_eq!(counted(&slos), [format!("GET {ROUTE} {status} body_aborted ×1")]);
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_plain_middleware_are_told_from_failures() {
    let (slos, _) = registry();
    let never = tower::service_fn(|_: Request<()>| pending::<Result<Response<Body>, BoxError>>());
    let limited = ServiceBuilder::new()
        .layer(slos.layer_with(route))
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(never);
    assert!(limited.oneshot(request()).await.unwrap_err().is::<Elapsed>());
    assert_eq!(counted(&slos), [format!("GET {ROUTE} timeout ×1")]);

    let (slos, _) = registry();
    let mut shedding = ServiceBuilder::new()
        .layer(slos.layer_with(route))
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(never);
    let first = shedding.ready().await.unwrap().call(request());
    assert!(shedding.ready().await.unwrap().call(request()).await.unwrap_err().is::<Overloaded>());
    drop(first);
    assert_eq!(counted(&slos), [format!("GET {ROUTE} cancelled ×1"), format!("GET {ROUTE} shed ×1")]);

    let (slos, _) = registry();
    let fails = |_: Request<()>| -> Ready<Result<Response<Body>, BoxError>> { ready(Err("no".into())) };
    assert!(slos.layer_with(route).layer(tower::service_fn(fails)).oneshot(request()).await.is_err());
    assert_eq!(counted(&slos), [format!("GET {ROUTE} error ×1")]);
}

#[tokio::test]
async fn an_answer_for_an_error_says_why_to_us_and_nothing_to_clients() {
    for (error, status, text, cause) in [
        (BoxError::from(Overloaded::new()), 503, "Service Unavailable", Some(Cause::Shed)),
        (Elapsed::new().into(), 504, "Gateway Timeout", Some(Cause::TimedOut)),
        ("the password is secret".into(), 500, "Internal Server Error", None),
    ] {
        let answer = answer_error(error).await;
        assert_eq!((answer.status().as_u16(), answer.body().as_str()), (status, text));
        assert_eq!(answer.extensions().get(), cause.as_ref());
    }
}
