//! A service that fails instead of answering, over the wire: axum's never do, hyper's may.

use bytes::Bytes;
use http::Request;
use http_body_util::{Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

use crate::client::{PATIENCE, samples, until};
use crate::service::{Stage, registry};

#[tokio::test]
async fn a_service_that_fails_instead_of_answering_is_an_error_and_bad() {
    for over_http2 in [false, true] {
        let slos = registry(&Stage::new(), "GET /fails");
        let failing = tower::service_fn(|_: Request<Incoming>| {
            std::future::ready(Err::<http::Response<Full<Bytes>>, _>(std::io::Error::other("scripted")))
        });
        let service = slos.layer_for(["/fails"]).unwrap().layer(failing);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let io = TokioIo::new(listener.accept().await.unwrap().0);
            let service = service_fn(move |request| service.clone().call(request));
            // Over HTTP/1.1 the error ends the connection.
            if over_http2 {
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                server.serve_connection(io, service).await.unwrap_or_default();
            } else {
                let server = hyper::server::conn::http1::Builder::new();
                server.serve_connection(io, service).await.unwrap_or_default();
            }
        });
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let request = Request::get(format!("http://{address}/fails")).header("host", "here");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let answer = async {
            if over_http2 {
                let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
                tokio::spawn(async { connection.await.unwrap_or_default() });
                sender.send_request(request).await.is_err()
            } else {
                let (mut sender, connection) = http1::handshake(io).await.unwrap();
                tokio::spawn(async { connection.await.unwrap_or_default() });
                sender.send_request(request).await.is_err()
            }
        };
        assert!(timeout(PATIENCE, answer).await.expect("it fails in time"), "there is no answer");
        until(|| samples(&slos, "http_server_active_requests").is_empty()).await;
        let counts = samples(&slos, "http_server_request_duration_seconds_count");
        assert_eq!(counts.len(), 1, "{counts:?}");
        assert!(counts[0].ends_with("http_route=\"/fails\",error_type=\"error\"} 1"), "{counts:?}");
        let total = slos.status().slo("case-availability").unwrap().total;
        assert_eq!([total.good, total.bad, total.excluded], [0, 1, 0]);
    }
}
