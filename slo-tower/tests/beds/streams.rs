//! A service that streams events, in the shape of axum's example `sse`: an endless stream with keep-alives, for who says
//! what browser it is, beside files.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use bytes::Bytes;
use futures_core::Stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use slo_tower::Clock;

use crate::bed::{self, Bed, WORK};

/// Longer than any promise.
const HOURS: Duration = Duration::from_secs(3 * 60 * 60);

/// Events that are there, and afterwards the end or none for ever.
struct Ticks {
    next: u8,
    last: u8,
    ends: bool,
}

impl Stream for Ticks {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match (self.next < self.last, self.ends) {
            (true, _) => {
                self.next += 1;
                Poll::Ready(Some(Ok(Event::default().id(self.next.to_string()).data("tick"))))
            }
            (false, true) => Poll::Ready(None),
            (false, false) => Poll::Pending,
        }
    }
}

async fn endless(
    State(clock): State<Clock>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, StatusCode> {
    headers.get(header::USER_AGENT).ok_or(StatusCode::BAD_REQUEST)?;
    clock.advance(WORK);
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(1)).text("still here");
    Ok(Sse::new(Ticks { next: 0, last: 3, ends: false }).keep_alive(keep_alive))
}

async fn replay(
    State(clock): State<Clock>,
    Path(last): Path<u8>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    clock.advance(WORK);
    Sse::new(Ticks { next: 0, last, ends: true })
}

fn router(clock: Clock) -> Router {
    let files = || async { (StatusCode::NOT_FOUND, "no such file") };
    Router::new()
        .route("/sse", get(endless))
        .route("/replay/{last}", get(replay))
        .fallback(files)
        .with_state(clock)
}

/// Reads so many events.
async fn read(body: &mut Incoming, events: usize) {
    let mut read = String::new();
    while read.matches("\n\n").count() < events {
        let data: Bytes = body.frame().await.expect("more comes").unwrap().into_data().unwrap();
        read += std::str::from_utf8(&data).unwrap();
    }
    assert!(read.starts_with("id: 1\ndata: tick\n\n"), "{read}");
}

#[tokio::test]
async fn a_listener_who_leaves_a_stream_of_events_has_aborted_it_after_the_time_to_its_head() {
    let bed =
        Bed::serve(&["GET /sse", "GET /replay/{last}"], |clock, slos| router(clock).layer(slos.layer()))
            .await;
    let listen =
        || bed::request("GET", "/sse").header("user-agent", "browser").body(Default::default()).unwrap();
    // Two listen for hours, on either protocol, and leave; then one leaves at once.
    let mut first = bed.send(listen()).await.into_body();
    let mut second = bed.send_http2(listen()).await.into_body();
    read(&mut first, 3).await;
    read(&mut second, 3).await;
    bed.clock.advance(HOURS);
    drop((first, second));
    let third = bed.send(listen()).await;
    assert_eq!(third.headers()["content-type"], "text/event-stream");
    drop(third);
    // A stream that ends is complete, however long its reader takes.
    assert_eq!(
        bed.ask(bed::get("/replay/2")).await,
        (200, "id: 1\ndata: tick\n\nid: 2\ndata: tick\n\n".into())
    );
    assert_eq!(bed.ask(bed::get("/replay/many")).await.0, 400);
    assert_eq!(bed.ask(bed::get("/sse")).await.0, 400);
    assert_eq!(bed.ask(bed::get("/script.js")).await.0, 404);
    bed.must_count(
        "streams",
        &[
            "GET /replay/{last} 200 ×1",
            "GET /replay/{last} 400 ×1",
            "GET /sse 200 body_aborted ×3",
            "GET /sse 400 ×1",
            "GET _UNMATCHED 404 ×1",
        ],
    )
    .await;
    // Each took until its head, and not the hours that it lasted; the second began when the first had its head.
    let heads = 3.0 * WORK.as_secs_f64();
    assert!((bed.seconds("GET /sse") - heads).abs() < 1e-9, "{}", bed.seconds("GET /sse"));
    assert_eq!(bed.events(0, "availability"), [1, 0, 3]);
    assert_eq!(bed.events(0, "latency"), [1, 0, 3]);
    assert_eq!(bed.events(1, "availability"), [2, 0, 0]);
}
