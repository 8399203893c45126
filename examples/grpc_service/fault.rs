//! Misbehaviour on demand, for this example only: the metadata key `x-shop-fault`.
//!
//! It sits inside the recording layer, around the methods. The method runs first and the fault takes its answer away,
//! as if the method itself had failed.

use std::convert::Infallible;
use std::future;
use std::panic;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use slo_tower::{GrpcCode, Threshold};
use tokio_stream::StreamExt as _;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::layer::{LayerFn, layer_fn};
use tower::util::BoxCloneService;
use tower::{Service as _, service_fn};

/// The metadata key that asks for a fault.
const KEY: &str = "x-shop-fault";
/// Nobody is kept waiting longer than this.
const SLOW_MAX: Duration = Duration::from_secs(30);

/// What goes wrong, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The answer, late.
    Slow(Duration),
    /// Instead of the answer.
    AtOnce(Failure),
    /// After its first messages.
    MidStream(Failure),
}

/// How a call ends that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    Code(Code),
    /// A panic in the call's task.
    Panic,
    /// Not before the client leaves or its deadline is over.
    Hang,
    /// Without the status that every call must have.
    NoStatus,
}

type Shop = BoxCloneService<Request<Body>, Response<Body>, Infallible>;

/// Lets calls go wrong whose metadata ask for it.
pub(crate) fn layer() -> LayerFn<fn(Routes) -> Shop> {
    layer_fn(|shop: Routes| Shop::new(service_fn(move |call| inject(shop.clone(), call))))
}

async fn inject(mut shop: Routes, call: Request<Body>) -> Result<Response<Body>, Infallible> {
    let asked = call.headers().get(KEY).map(|value| value.to_str().unwrap_or_default().parse());
    let fault: Option<Fault> = match asked.transpose() {
        Ok(fault) => fault,
        Err(refusal) => return Ok(Status::into_http(refusal)),
    };
    let answer = shop.call(call).await?;
    Ok(match fault {
        None => answer,
        Some(Fault::Slow(duration)) => {
            tokio::time::sleep(duration).await;
            answer
        }
        Some(Fault::AtOnce(failure)) => {
            let mut answer = answer.map(|_| Body::empty());
            // A call without messages has its status in the head.
            answer.headers_mut().extend(failure.trailers().await.unwrap_or_default());
            answer
        }
        Some(Fault::MidStream(failure)) => {
            let (head, mut body) = answer.into_parts();
            let first = body.frame().await.filter(|frame| frame.as_ref().is_ok_and(Frame::is_data));
            let frames = tokio_stream::iter([first, None]).then(move |frame| async move {
                match frame {
                    Some(frame) => Some(frame),
                    None => failure.trailers().await.map(|trailers| Ok(Frame::trailers(trailers))),
                }
            });
            Response::from_parts(head, Body::new(StreamBody::new(frames.filter_map(|frame| frame))))
        }
    })
}

impl Failure {
    /// Goes wrong, and returns the trailers if there are any.
    async fn trailers(self) -> Option<HeaderMap> {
        match self {
            Self::Code(code) => {
                let mut trailers = HeaderMap::new();
                let status = Status::new(code, format!("{KEY}: as asked"));
                status.add_header(&mut trailers).ok().map(|()| trailers)
            }
            // Not reported in the terminal, as it was asked for.
            Self::Panic => panic::resume_unwind(Box::new(KEY)),
            Self::Hang => future::pending().await,
            Self::NoStatus => None,
        }
    }
}

impl FromStr for Fault {
    type Err = Status;

    fn from_str(text: &str) -> Result<Self, Status> {
        let fault = match text.split_once('=') {
            None => Failure::named(text).map(Self::AtOnce),
            Some(("slow", time)) => duration(time).map(Self::Slow),
            Some(("mid-stream", failure)) => Failure::named(failure).map(Self::MidStream),
            Some(_) => None,
        };
        fault.ok_or_else(|| {
            Status::invalid_argument(format!(
                "{KEY}: {text:?} is no fault: write a code such as unavailable, panic, hang or no-status, each of them \
                 also as mid-stream=unavailable, or slow=300ms (at most 30s)"
            ))
        })
    }
}

impl Failure {
    fn named(name: &str) -> Option<Self> {
        match name {
            "panic" => Some(Self::Panic),
            "hang" => Some(Self::Hang),
            "no-status" => Some(Self::NoStatus),
            // OK, the first, is no failure.
            code => (1..17)
                .find(|number| GrpcCode::of(*number).name().eq_ignore_ascii_case(code))
                .map(|number| Self::Code(Code::from(i32::from(number)))),
        }
    }
}

/// Reads a time as promises are written, `300ms` say.
fn duration(text: &str) -> Option<Duration> {
    let time = Threshold::parse(text).ok()?.duration();
    (time <= SLOW_MAX).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_or_refused_with_what_to_write() {
        let unavailable = Failure::Code(Code::Unavailable);
        for (text, expected) in [
            ("unavailable", Some(Fault::AtOnce(unavailable))),
            ("UNAVAILABLE", Some(Fault::AtOnce(unavailable))),
            ("mid-stream=unavailable", Some(Fault::MidStream(unavailable))),
            ("mid-stream=deadline_exceeded", Some(Fault::MidStream(Failure::Code(Code::DeadlineExceeded)))),
            ("panic", Some(Fault::AtOnce(Failure::Panic))),
            ("mid-stream=hang", Some(Fault::MidStream(Failure::Hang))),
            ("no-status", Some(Fault::AtOnce(Failure::NoStatus))),
            ("slow=30s", Some(Fault::Slow(Duration::from_secs(30)))),
            ("slow=30001ms", None),
            ("slow=300", None),
            ("mid-stream=slow=1s", None),
            ("ok", None),
            ("14", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
        let refusal = "oops".parse::<Fault>().unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
        let message = refusal.message();
        assert!(message.starts_with("x-shop-fault: \"oops\" is no fault: write a code such as"), "{message}");
    }
}
