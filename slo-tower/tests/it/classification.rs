//! What counts as good is the service's own business: per registry, per route, and for one event.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use futures_core::Stream;
use http_body_util::BodyExt;
use slo_tower::{
    EventOverride, HttpClassifier, Objective, Sli, Slo, SloRegistry, SloRegistryBuilder, Verdict,
};
use tower::ServiceExt;

use crate::support::events;

const ROUTE: &str = "GET /status/{code}";

fn promise(name: &'static str, route: &'static str) -> Slo {
    Slo::new(name, Sli::Availability, Objective::literal("99%")).unwrap().with_route(route).unwrap()
}

fn builder() -> SloRegistryBuilder {
    SloRegistry::builder("test").without_declared().slo(promise("status", ROUTE))
}

async fn status(Path(code): Path<u16>) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}

async fn get_all(slos: &SloRegistry, paths: &[&str]) {
    let app = Router::new()
        .route("/status/{code}", get(status))
        .route("/other/{code}", get(status))
        .layer(slos.layer());
    for path in paths {
        let request = Request::get(*path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
}

#[tokio::test]
async fn a_registry_judges_by_its_classifier() {
    let classifier = HttpClassifier::new().bad(404).excluded(429).good(503);
    let slos = builder().classify(classifier).build().unwrap();
    for _ in 0..2 {
        get_all(&slos, &["/status/200", "/status/404", "/status/429", "/status/503", "/status/500"]).await;
    }
    assert_eq!(events(&slos, "status"), [4, 4, 2]);
}

#[tokio::test]
async fn a_route_judges_by_its_own_classifier() {
    let slos = builder().slo(promise("other", "GET /other/{code}"));
    let slos = slos.classify_route(ROUTE, HttpClassifier::new().bad(404));
    let slos = slos.classify_route("GET /ohter/{code}", HttpClassifier::new().bad(404)).build().unwrap();
    get_all(&slos, &["/status/404", "/other/404", "/status/200"]).await;
    assert_eq!(events(&slos, "status"), [1, 1, 0]);
    assert_eq!(events(&slos, "other"), [1, 0, 0]);
    assert_eq!(slos.idle_classifiers(), ["GET /ohter/{code}"]);
}

#[tokio::test]
async fn a_client_that_leaves_is_what_the_classifier_says() {
    for (verdict, expected) in [(Verdict::Cancelled, [0, 0, 1]), (Verdict::Bad, [0, 1, 0])] {
        let slos = builder().classify(HttpClassifier::new().client_cancels(verdict)).build().unwrap();
        let app = Router::new().route("/status/{code}", get(|| async { "never read" })).layer(slos.layer());
        drop(app.oneshot(Request::get("/status/1").body(Body::empty()).unwrap()).await.unwrap());
        assert_eq!(events(&slos, "status"), expected);
    }
}

type Answer = fn(EventOverride) -> Response;

/// Two frames, of which the second one may fail.
fn stream(breaks: bool) -> Body {
    struct Frames(u8, bool);
    impl Stream for Frames {
        type Item = Result<Bytes, &'static str>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            self.0 += 1;
            std::task::Poll::Ready(match (self.0, self.1) {
                (1, _) | (2, false) => Some(Ok(Bytes::from_static(b"frame"))),
                (2, true) => Some(Err("broken")),
                _ => None,
            })
        }
    }
    Body::from_stream(Frames(0, breaks))
}

#[tokio::test]
async fn a_handler_overrules_its_event_until_the_body_ends() {
    let whole = |said| (Extension(said), stream(false)).into_response();
    let broken = |said| (Extension(said), stream(true)).into_response();
    let empty = |said| (StatusCode::BAD_GATEWAY, Extension(said)).into_response();
    let answers: [(Answer, EventOverride, [u64; 3]); 7] = [
        (whole, EventOverride::Good, [1, 0, 0]),
        (whole, EventOverride::Bad, [0, 1, 0]),
        (whole, EventOverride::Excluded, [0, 0, 1]),
        // Good means the answer that was begun; that it broke off is another matter.
        (broken, EventOverride::Good, [0, 1, 0]),
        (broken, EventOverride::Excluded, [0, 0, 1]),
        (empty, EventOverride::Good, [1, 0, 0]),
        (empty, EventOverride::Excluded, [0, 0, 1]),
    ];
    for (answer, said, expected) in answers {
        let slos = builder().build().unwrap();
        let handler = move || async move { Ok::<_, Infallible>(answer(said)) };
        let app = Router::new().route("/status/{code}", get(handler)).layer(slos.layer());
        let response = app.oneshot(Request::get("/status/1").body(Body::empty()).unwrap()).await.unwrap();
        // An outer layer may want to know as well.
        assert_eq!(response.extensions().get(), Some(&said));
        let _ = response.into_body().collect().await;
        assert_eq!(events(&slos, "status"), expected, "{said:?}");
    }
}
