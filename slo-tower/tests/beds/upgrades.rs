//! A service of web sockets, in the shape of axum's example `testing-websockets`: one route echoes until its client is done.

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use slo_tower::Clock;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::bed::{self, Bed, WORK};

async fn echo(State(clock): State<Clock>, upgrade: WebSocketUpgrade) -> Response {
    clock.advance(WORK);
    upgrade.on_upgrade(converse)
}

async fn converse(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(text) = message {
            let answer = Message::Text(format!("you said: {text}").into());
            if socket.send(answer).await.is_err() {
                return;
            }
        }
    }
}

fn router(clock: Clock) -> Router {
    Router::new().route("/echo", any(echo)).with_state(clock)
}

async fn connect(bed: &Bed) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(bed.address).await.unwrap();
    let (socket, response) = client_async("ws://here/echo", stream).await.unwrap();
    assert_eq!(response.status(), 101);
    socket
}

async fn say(socket: &mut WebSocketStream<TcpStream>, words: &str) {
    socket.send(tungstenite::Message::Text(Utf8Bytes::from(words))).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    assert_eq!(answer.into_text().unwrap(), format!("you said: {words}"));
}

#[tokio::test]
async fn a_conversation_over_a_websocket_is_one_request_answered_with_101() {
    let bed = Bed::serve(&["GET /echo"], |clock, slos| router(clock).layer(slos.layer())).await;
    let mut polite = connect(&bed).await;
    // Counted, and no longer in flight, before the first word is said.
    bed.must_count("upgrades, connected", &["GET /echo 101 ×1"]).await;
    for words in ["hello", "once more", "farewell"] {
        say(&mut polite, words).await;
    }
    bed.clock.advance(WORK * 1000);
    let mut other = connect(&bed).await;
    say(&mut other, "I shall not say good-bye").await;
    drop(other);
    polite.close(None).await.unwrap();
    while let Some(Ok(_)) = polite.next().await {}
    // Who asks without the words of the protocol is refused.
    assert_eq!(bed.ask(bed::get("/echo")).await.0, 400);
    assert_eq!(bed.ask(bed::request("POST", "/echo").body(Default::default()).unwrap()).await.0, 405);
    bed.must_count("upgrades", &["GET /echo 101 ×2", "GET /echo 400 ×1", "POST /echo 405 ×1"]).await;
    let heads = 2.0 * WORK.as_secs_f64();
    assert!((bed.seconds("GET /echo") - heads).abs() < 1e-9, "{}", bed.seconds("GET /echo"));
    assert_eq!(bed.events(0, "availability"), [3, 0, 0]);
    assert_eq!(bed.events(0, "latency"), [3, 0, 0]);
}
