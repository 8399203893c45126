//! One request over one connection, and as much of its answer as is needed.

use std::error::Error;
use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;

use ::http::{Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::HttpGet;

/// What an answer says of the page.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// From the start until its head was there.
    pub(super) head_after: Duration,
    pub(super) body: Body,
}

/// What a body says of the text that is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing is looked for.
    NotRead,
    /// It is there.
    Contains,
    /// It is not there.
    Lacks,
    /// It is not in as much as is read.
    TooLong,
    /// It was not there when the body broke off.
    Broken(String),
}

/// Asks; an error says why there is no answer.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    request: Request<Empty<Bytes>>,
    contains: Option<&[u8]>,
    start: Instant,
) -> Result<Answer, String> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
    let mut exchange = pin!(async {
        let answer = sender.send_request(request).await.map_err(|error| told(&error))?;
        let (status, head_after) = (answer.status(), start.elapsed());
        let body = match contains {
            Some(text) => look_for(text, answer.into_body()).await,
            None => Body::NotRead,
        };
        Ok(Answer { status, head_after, body })
    });
    tokio::select! {
        answer = &mut exchange => answer,
        // How it ended is told to the exchange, which may have something left to read.
        _ = connection => exchange.await,
    }
}

async fn look_for(text: &[u8], mut body: Incoming) -> Body {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let data = match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(data)) => data,
            Ok(Err(_trailers)) => continue,
            Err(error) => return Body::Broken(told(&error)),
        };
        let room = HttpGet::BODY_BYTES_MAX - read.len();
        let new = first_new(read.len(), text.len());
        read.extend_from_slice(&data[..data.len().min(room)]);
        if read[new..].windows(text.len()).any(|window| window == text) {
            return Body::Contains;
        }
        if data.len() > room {
            return Body::TooLong;
        }
    }
    Body::Lacks
}

/// Returns where a text of this length may begin that was not there before.
const fn first_new(read: usize, length: usize) -> usize {
    (read + 1).saturating_sub(length)
}

/// An error with its sources.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // A text takes whatever is written.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
