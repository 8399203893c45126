//! What clients do: each of these is one conversation, from the first byte to the last.

use std::time::Duration;

use tonic::Code;

use super::client::{Client, LIMIT, Sending};
use crate::conduct::{PATIENT, Run};

pub(crate) fn asks(mut client: Client, method: &'static str, message: &'static str, code: Code) -> Run {
    Box::pin(async move {
        let answer = client.unary(method, message).await;
        assert_eq!(answer.map_or_else(|status| status.code(), |_| Code::Ok), code);
    })
}

/// Asks for what breaks off; which code it makes of that is the client's own business.
pub(crate) fn fails(mut client: Client, method: &'static str, message: &'static str) -> Run {
    Box::pin(async move { assert!(client.unary(method, message).await.is_err()) })
}

pub(crate) async fn three(mut client: Client) {
    for _ in 0..3 {
        assert_eq!(client.unary("shop.Shop/Buy", "tea").await.unwrap(), "tea");
    }
}

pub(crate) async fn fills(mut client: Client) {
    assert_eq!(client.fill(Sending::all(&["tea", "milk", "sugar"])).await.unwrap(), "3");
}

pub(crate) fn lists(mut client: Client, script: &'static str, messages: usize, code: Code) -> Run {
    Box::pin(async move {
        let mut stream = client.list(script).await.unwrap();
        for _ in 0..messages {
            assert!(stream.message().await.unwrap().is_some());
        }
        let end = stream.message().await;
        assert_eq!(
            end.map_or_else(|status| status.code(), |end| end.map_or(Code::Ok, |_| Code::Unknown)),
            code
        );
    })
}

pub(crate) async fn stream_panics(mut client: Client) {
    let mut stream = client.list("tea panic-later").await.unwrap();
    while let Ok(message) = stream.message().await {
        assert!(message.is_some(), "it does not end well");
    }
}

pub(crate) async fn chats(mut client: Client) {
    let mut stream = client.chat(Sending::all(&["hello", "tea", "milk"])).await.unwrap();
    for expected in ["tea", "milk"] {
        assert_eq!(stream.message().await.unwrap().unwrap(), expected);
    }
    assert!(stream.message().await.unwrap().is_none());
}

/// Gives up, which resets the stream, or goes away altogether.
pub(crate) fn leaves(client: Client, after: Duration, vanishes: bool) -> Run {
    Box::pin(async move {
        let (stage, mut asking) = (client.stage.clone(), client.clone());
        // It waits longer than it takes.
        let deadline = Some(Duration::from_secs(600));
        let asked =
            tokio::spawn(async move { asking.ask("shop.Shop/Buy", "wait", deadline).await.map(drop) });
        stage.until_waiting(1).await;
        stage.clock.advance(after);
        if vanishes {
            client.vanish();
            assert!(asked.await.unwrap().is_err());
        } else {
            asked.abort();
            assert!(asked.await.unwrap_err().is_cancelled());
        }
    })
}

pub(crate) fn leaves_stream(mut client: Client, vanishes: bool) -> Run {
    Box::pin(async move {
        let mut stream = client.list("tea stall").await.unwrap();
        assert_eq!(stream.message().await.unwrap().unwrap(), "tea");
        client.stage.clock.advance(PATIENT);
        if vanishes {
            client.vanish();
            assert!(stream.message().await.is_err());
        }
    })
}

pub(crate) async fn leaves_chat(mut client: Client) {
    let mut stream = client.chat(Sending::and_stall(&["hello", "tea"])).await.unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "tea");
    client.stage.clock.advance(PATIENT);
    // To drop the answer is not enough as long as there is more to be sent.
    client.vanish();
    assert!(stream.message().await.is_err());
}

/// Waits until its deadline, which both sides keep in real time; on the clock of the test it is over at once.
pub(crate) async fn runs_out_of_time(client: Client) {
    waits(client, Some(DEADLINE)).await;
}

/// Waits for ever, but the server does not.
pub(crate) async fn is_given_up(client: Client) {
    waits(client, None).await;
}

async fn waits(mut client: Client, deadline: Option<Duration>) {
    let stage = client.stage.clone();
    let asked = tokio::spawn(async move { client.ask("shop.Shop/Buy", "wait", deadline).await });
    stage.until_waiting(1).await;
    stage.clock.advance(LIMIT);
    let status = asked.await.unwrap().unwrap_err();
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status}");
}

pub(crate) const DEADLINE: Duration = LIMIT;

pub(crate) async fn reads_slowly(mut client: Client) {
    let mut stream = client.list("tea repeat=512").await.unwrap();
    assert!(stream.message().await.unwrap().is_some());
    client.stage.clock.advance(PATIENT);
    while stream.message().await.unwrap().is_some() {}
}

pub(crate) async fn reads_all(mut client: Client) {
    let (mut stream, mut bytes) = (client.list("repeat=16384").await.unwrap(), 0);
    while let Some(message) = stream.message().await.unwrap() {
        bytes += message.len();
    }
    assert_eq!(bytes, 1 << 30);
}
