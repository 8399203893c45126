//! A success that answers `CONNECT`: a tunnel follows, and what the service gave as a body is never sent.

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

use crate::client::{PATIENCE, samples, until};
use crate::service::{Stage, registry};

#[tokio::test]
async fn a_tunnel_is_complete_at_its_head_whatever_body_was_meant_for_it() {
    let slos = registry(&Stage::new(), "CONNECT /tunnel");
    let opens = tower::service_fn(|_: Request<Incoming>| {
        std::future::ready(Ok::<_, std::io::Error>(Response::new(Full::new(Bytes::from_static(
            b"never sent",
        )))))
    });
    let service = slos.layer_with(|_| Some("/tunnel")).layer(opens);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let io = TokioIo::new(listener.accept().await.unwrap().0);
        let service = service_fn(move |request| service.clone().call(request));
        let server = hyper::server::conn::http1::Builder::new();
        server.serve_connection(io, service).with_upgrades().await.unwrap_or_default();
    });
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = http1::handshake(io).await.unwrap();
    tokio::spawn(async { connection.with_upgrades().await.unwrap_or_default() });
    let request = Request::builder().method(Method::CONNECT).uri("shop.example:443").header("host", "here");
    let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap());
    assert_eq!(timeout(PATIENCE, answer).await.expect("there is an answer").unwrap().status(), 200);
    until(|| samples(&slos, "http_server_active_requests").is_empty()).await;
    let counts = samples(&slos, "http_server_request_duration_seconds_count");
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert!(counts[0].ends_with("http_route=\"/tunnel\",http_response_status_code=\"200\"} 1"), "{counts:?}");
    let total = slos.status().slo("case-availability").unwrap().total;
    assert_eq!([total.good, total.bad, total.excluded], [1, 0, 0]);
}
