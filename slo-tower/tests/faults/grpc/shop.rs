//! The service that is called: what it does is written in the first message of a call.

use std::collections::VecDeque;
use std::future::pending;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use slo_tower::slo;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::service::{Stage, WORK};

/// What a generated trait looks like.
#[tonic::async_trait]
pub(crate) trait Shop: Send + Sync + 'static {
    /// One message for one.
    async fn buy(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Status>;
    /// One for many.
    async fn fill(&self, request: Request<Streaming<Bytes>>) -> Result<Response<Bytes>, Status>;
    /// Many for one.
    async fn list(&self, request: Request<Bytes>) -> Result<Response<Messages>, Status>;
    /// Many for many.
    async fn chat(&self, request: Request<Streaming<Bytes>>) -> Result<Response<Messages>, Status>;
}

#[derive(Clone, Debug)]
pub(crate) struct Scripted(pub(crate) Stage);

#[tonic::async_trait]
impl Shop for Scripted {
    #[slo(availability = 99%, latency = 99% < 100ms)]
    async fn buy(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
        self.act(&request.into_inner()).await.map(Response::new)
    }

    #[slo(availability = 99%)]
    async fn fill(&self, request: Request<Streaming<Bytes>>) -> Result<Response<Bytes>, Status> {
        let (mut messages, mut count) = (request.into_inner(), 0_u64);
        while let Some(message) = messages.message().await? {
            count += 1;
            if count == 1 {
                self.act(&message).await?;
            }
        }
        Ok(Response::new(count.to_string().into()))
    }

    #[slo(availability = 99%, name = "catalogue")]
    async fn list(&self, request: Request<Bytes>) -> Result<Response<Messages>, Status> {
        let script = self.act(&request.into_inner()).await?;
        Ok(Response::new(Messages::script(&script)))
    }

    async fn chat(&self, request: Request<Streaming<Bytes>>) -> Result<Response<Messages>, Status> {
        let mut messages = request.into_inner();
        let first = messages.message().await?.unwrap_or_default();
        self.act(&first).await?;
        Ok(Response::new(Messages { script: VecDeque::new(), echo: Some(messages) }))
    }
}

impl Scripted {
    /// Does what a message says, and says it again.
    async fn act(&self, message: &Bytes) -> Result<Bytes, Status> {
        self.0.clock.advance(WORK);
        let text = std::str::from_utf8(message).unwrap();
        match text.split_once(' ').unwrap_or((text, "")) {
            ("panic", _) => resume_unwind(Box::new("scripted")),
            ("code", number) => {
                Err(Status::new(Code::from(number.parse::<i32>().unwrap()), "as was asked for"))
            }
            ("wait", _) => {
                self.0.waiting.add_permits(1);
                pending().await
            }
            ("go-on", _) => {
                self.0.waiting.add_permits(1);
                self.0.go_on.acquire().await.unwrap().forget();
                Ok(message.clone())
            }
            _ => Ok(message.clone()),
        }
    }
}

/// Messages as a script has them, or as they come in.
pub(crate) struct Messages {
    script: VecDeque<Step>,
    echo: Option<Streaming<Bytes>>,
}

enum Step {
    Send(Bytes),
    Repeat(Bytes, u64),
    Fail(i32),
    Panic,
    Stall,
}

impl Messages {
    /// Reads a script such as `send send fail=13`.
    fn script(script: &Bytes) -> Self {
        let step = |word: &str| match word.split_once('=').unwrap_or((word, "")) {
            ("fail", code) => Step::Fail(code.parse().unwrap()),
            ("repeat", times) => Step::Repeat(Bytes::from_static(&[b'x'; 64 * 1024]), times.parse().unwrap()),
            ("panic-later", _) => Step::Panic,
            ("stall", _) => Step::Stall,
            _ => Step::Send(Bytes::copy_from_slice(word.as_bytes())),
        };
        let text = std::str::from_utf8(script).unwrap();
        Self { script: text.split_whitespace().map(step).collect(), echo: None }
    }
}

impl Stream for Messages {
    type Item = Result<Bytes, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(echo) = &mut this.echo {
            return Pin::new(echo).poll_next(cx);
        }
        let Some(step) = this.script.pop_front() else { return Poll::Ready(None) };
        match step {
            Step::Send(message) => Poll::Ready(Some(Ok(message))),
            Step::Repeat(_, 0) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Repeat(message, times) => {
                if times > 1 {
                    this.script.push_front(Step::Repeat(message.clone(), times - 1));
                }
                Poll::Ready(Some(Ok(message)))
            }
            Step::Fail(code) => Poll::Ready(Some(Err(Status::new(Code::from(code), "as was asked for")))),
            Step::Panic => resume_unwind(Box::new("scripted")),
            Step::Stall => {
                this.script.push_front(Step::Stall);
                Poll::Pending
            }
        }
    }
}
