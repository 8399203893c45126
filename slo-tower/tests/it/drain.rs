//! A service that goes: who is told, and who waits for how long.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::mpsc;
use std::time::Duration;

use http::header::CONNECTION;
use http::{Request, Response, StatusCode, Version};
use slo_tower::SloRegistry;
use tokio::time::{Instant, timeout};
use tower::{Layer, ServiceExt, service_fn};

fn registry() -> SloRegistry {
    let builder = SloRegistry::builder("test").without_declared();
    let builder = builder.drain_delay(Duration::from_secs(2)).drain_timeout(Duration::from_secs(7));
    builder.build().unwrap()
}

/// Asks a service behind the layer and returns what it says of the connection.
async fn connection(
    slos: &SloRegistry,
    version: Version,
    status: StatusCode,
    own: Option<&'static str>,
) -> Option<String> {
    let answer = move |_: Request<()>| {
        let mut response = Response::builder().status(status);
        if let Some(own) = own {
            response = response.header(CONNECTION, own);
        }
        ready(Ok::<_, Infallible>(response.body(()).unwrap()))
    };
    let service = slos.layer_drain().layer(service_fn(answer));
    let request = Request::builder().version(version).body(()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), status);
    assert!(response.headers().get_all(CONNECTION).iter().count() < 2);
    response.headers().get(CONNECTION).map(|value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn clients_of_http_1_are_told_to_close_while_the_service_drains() {
    let slos = registry();
    let switching = StatusCode::SWITCHING_PROTOCOLS;
    let cases = [
        (Version::HTTP_11, StatusCode::OK, None, Some("close")),
        (Version::HTTP_10, StatusCode::NOT_FOUND, None, Some("close")),
        (Version::HTTP_10, StatusCode::OK, Some("keep-alive"), Some("close")),
        (Version::HTTP_11, switching, Some("upgrade"), Some("upgrade")),
        (Version::HTTP_2, StatusCode::OK, None, None),
        (Version::HTTP_3, StatusCode::OK, None, None),
    ];
    for (version, status, own, _) in cases {
        assert_eq!(connection(&slos, version, status, own).await.as_deref(), own, "before: {version:?}");
    }
    slos.health().drain();
    for (version, status, own, expected) in cases {
        let said = connection(&slos, version, status, own).await;
        assert_eq!(said.as_deref(), expected, "{version:?} {status} {own:?}");
    }
}

#[tokio::test]
async fn errors_pass_through_while_the_service_drains() {
    let slos = registry();
    slos.health().drain();
    let fails = service_fn(|_: Request<()>| ready(Err::<Response<()>, _>("as ever")));
    let answer = slos.layer_drain().layer(fails).oneshot(Request::new(())).await;
    assert_eq!(answer.unwrap_err(), "as ever");
}

#[tokio::test(start_paused = true)]
async fn servers_are_waited_for_until_they_end_or_are_given_up() {
    let slos = registry();
    assert_eq!(slos.serve_until_drained(ready(1)).await, Some(1), "one that ends by itself");
    let start = Instant::now();
    slos.health().drain();
    let server = async {
        slos.health().drained().await;
        // What is under way, on a clock that moves on by itself.
        assert!(timeout(Duration::from_secs(6), pending::<()>()).await.is_err());
        start.elapsed().as_secs()
    };
    assert_eq!(slos.serve_until_drained(server).await, Some(8), "what is under way takes six seconds");
    assert_eq!(slos.serve_until_drained(pending::<()>()).await, None);
    assert_eq!(start.elapsed().as_secs(), 9);
    assert!(!slos.health().drain(), "it drains once");
    slos.health().drained().await;
    assert_eq!(start.elapsed().as_secs(), 9, "who comes later waits for nothing");
}

#[tokio::test(start_paused = true)]
async fn several_servers_share_one_drain_and_one_that_ends_early_takes_nothing_from_the_others() {
    let slos = registry();
    let [one, other, gone] = [(); 3].map(|()| slos.health().drained());
    drop(gone);
    let start = Instant::now();
    slos.clone().health().drain();
    drop(slos);
    tokio::join!(one, other);
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_hangs_keeps_nobody_from_ending() {
    let (release, hangs) = mpsc::channel::<()>();
    let hangs = std::sync::Mutex::new(hangs);
    let builder = SloRegistry::builder("test").without_declared().drain_delay(Duration::ZERO);
    let slos = builder.on_health(move |_, _| _ = hangs.lock().unwrap().recv()).build().unwrap();
    let changes = slos.health().changes();
    let drained = slos.health().drained();
    let drains = std::thread::spawn({
        let slos = slos.clone();
        move || slos.health().drain()
    });
    timeout(Duration::from_secs(60), drained).await.expect("it is time to stop");
    let is_told = async {
        while !changes.has_changed().unwrap() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), is_told).await.expect("others are told");
    assert!(!slos.health().status().readiness(&[]).is_success);
    drop(release);
    assert!(drains.join().unwrap());
}
