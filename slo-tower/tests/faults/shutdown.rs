//! A server that stops while requests are in flight: they are answered and counted, later ones never reach it.

use http_body_util::BodyExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::bodies::Script;
use crate::client::{Client, PATIENCE, Protocol, Served, samples};
use crate::service::Mount;

#[tokio::test]
async fn what_is_in_flight_when_the_server_stops_is_answered_and_counted() {
    for mount in [Mount::Layer, Mount::Around] {
        for (protocol, requests) in [(Protocol::Http1, 1), (Protocol::Http2, 5)] {
            let served = Served::start(mount, "GET /go-on").await;
            let mut client = Client::connect(&served, protocol).await;
            let stage = client.stage.clone();
            let mut answers = Vec::new();
            for _ in 0..requests {
                let request = client.request("GET", "/go-on").body(Script::text("")).unwrap();
                answers.push(tokio::spawn(client.sending(request)));
                stage.until_waiting(1).await;
            }
            let stopped = tokio::spawn(served.stop());
            let all = async {
                // Once it takes no connection any more, it has begun to stop.
                while TcpStream::connect(client.address).await.is_ok() {
                    tokio::task::yield_now().await;
                }
                stage.go_on.add_permits(requests);
                for answer in answers {
                    let body = answer.await.unwrap().unwrap().into_body().collect().await.unwrap();
                    assert_eq!(body.to_bytes(), "gone on");
                }
                // GOAWAY, or the end of the connection: there is no way in any more.
                while client.is_open().await {
                    tokio::task::yield_now().await;
                }
                let late = client.request("GET", "/go-on").body(Script::text("")).unwrap();
                assert!(client.sending(late).await.is_err());
                stopped.await.unwrap()
            };
            let slos = timeout(PATIENCE, all).await.expect("the server ends");
            let counts = samples(&slos, "http_server_request_duration_seconds_count");
            assert_eq!(counts.len(), 1, "{counts:?}");
            assert!(counts[0].ends_with(&format!("\"200\"}} {requests}")), "{counts:?}");
            assert_eq!(slos.status().slo("case-availability").unwrap().total.good, requests as u64);
        }
    }
}
