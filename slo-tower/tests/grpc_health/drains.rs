//! Watches while the server drains: told, kept open until it stops accepting, and then closed.

use std::time::Duration;

use slo_tower::SloRegistry;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, ServiceUnknown, Serving};
use tonic_health::pb::health_client::HealthClient;

use crate::{next, request, watch};

fn registry(delay: Duration) -> SloRegistry {
    SloRegistry::builder("test").without_declared().drain_delay(delay).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_told_at_once_and_closed_after_the_delay() {
    let slos = registry(Duration::from_secs(3));
    let health = slos.grpc_health();
    let mut before = watch(&health, "").await;
    let mut unknown = watch(&health, "shop.Nobody").await;
    assert_eq!([next(&mut before).await, next(&mut unknown).await], [Some(Serving), Some(ServiceUnknown)]);

    let start = Instant::now();
    slos.health().drain();
    assert_eq!(next(&mut before).await, Some(NotServing));
    let mut during = watch(&health, "readiness").await;
    assert_eq!(next(&mut during).await, Some(NotServing));
    assert_eq!(start.elapsed(), Duration::ZERO);
    for statuses in [&mut before, &mut during, &mut unknown] {
        assert_eq!(next(statuses).await, None);
        assert_eq!(start.elapsed().as_secs(), 3, "a client that is closed on asks again");
    }
    let mut after = watch(&health, "").await;
    assert_eq!([next(&mut after).await, next(&mut after).await], [Some(NotServing), None]);
}

#[tokio::test(start_paused = true)]
async fn who_watches_is_told_before_the_end_also_without_a_delay() {
    let slos = registry(Duration::ZERO);
    let mut statuses = watch(&slos.grpc_health(), "").await;
    assert_eq!(next(&mut statuses).await, Some(Serving));
    slos.health().drain();
    assert_eq!([next(&mut statuses).await, next(&mut statuses).await], [Some(NotServing), None]);
}

#[tokio::test]
async fn open_watches_do_not_keep_a_server_from_ending_and_nothing_of_them_is_recorded() {
    let delay = Duration::from_millis(100);
    let slos = registry(delay);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(slos.layer_grpc())
        .add_service(slos.grpc_health())
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), slos.health().drained());
    let server = tokio::spawn(server);

    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut watched = Vec::new();
    for _ in 0..50 {
        let answer = HealthClient::new(channel.clone()).watch(request("")).await.unwrap();
        watched.push(answer.into_inner());
    }
    for statuses in &mut watched {
        assert_eq!(next(statuses).await, Some(Serving));
    }
    slos.health().drain();
    let start = Instant::now();
    for statuses in &mut watched {
        assert_eq!([next(statuses).await, next(statuses).await], [Some(NotServing), None]);
    }
    timeout(Duration::from_secs(10), server).await.expect("it ends").unwrap().unwrap();
    assert!(start.elapsed() >= delay / 2, "{:?}", start.elapsed());

    let mut exposed = String::new();
    slos.render(slo_tower::TextFormat::Prometheus, &mut exposed);
    assert!(!exposed.contains("grpc.health") && !exposed.contains("rpc_method="), "{exposed}");
}
