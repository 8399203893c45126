//! Streams of one HTTP/2 connection end each for itself.

use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::bodies::Script;
use crate::client::{Client, PATIENCE, Protocol, Served, samples, until};
use crate::service::Mount;

const STREAMS: usize = 20;

/// Waits, streams, panics and leaves on one connection, again and again.
#[tokio::test]
async fn a_panic_on_http2_disturbs_no_other_stream() {
    for mount in [Mount::Layer, Mount::Around] {
        let served = Served::start(mount, "GET /go-on").await;
        let client = Client::connect(&served, Protocol::Http2).await;
        timeout(PATIENCE, panic_among_others(client)).await.expect("the streams end");
        let counted = |labels: &str| {
            samples(&served.slos, "http_server_request_duration_seconds_count").contains(&format!(
                "http_server_request_duration_seconds_count{{http_request_method=\"GET\",http_route={labels}}} {STREAMS}"
            ))
        };
        for labels in [
            r#""/go-on",http_response_status_code="200""#,
            r#""/panic",error_type="panic""#,
            r#""/body-panic",error_type="panic""#,
            r#""/stream",http_response_status_code="200",error_type="body_aborted""#,
            r#""/wait",error_type="cancelled""#,
        ] {
            until(|| counted(labels)).await;
        }
        let slos = served.stop().await;
        assert_eq!(samples(&slos, "http_server_request_duration_seconds_count").len(), 5);
        assert_eq!(slos.status().slo("case-availability").unwrap().total.good, STREAMS as u64);
    }
}

async fn panic_among_others(mut client: Client) {
    let stage = client.stage.clone();
    let (mut answers, mut streams, mut abandoned) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STREAMS {
        let get = |path| client.request("GET", path).body(Script::text("")).unwrap();
        let (go_on, wait) = (get("/go-on"), get("/wait"));
        answers.push(tokio::spawn(client.sending(go_on)));
        abandoned.push(tokio::spawn(client.sending(wait)));
        stage.until_waiting(2).await;
        let mut stream = client.get("/stream").await.unwrap();
        assert!(stream.frame().await.unwrap().is_ok());
        streams.push(stream);
        assert!(client.get("/panic").await.is_err());
        if let Ok(response) = client.get("/body-panic").await {
            assert!(response.into_body().collect().await.is_err());
        }
    }
    for stream in abandoned {
        stream.abort();
    }
    drop(streams);
    stage.go_on.add_permits(STREAMS);
    for answer in answers {
        let response = answer.await.unwrap().unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "gone on");
    }
    assert!(client.is_open().await);
}
