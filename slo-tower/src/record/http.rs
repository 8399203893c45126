//! Requests of HTTP: routes by method and template, answers that end with their body.

use std::marker::PhantomData;

use http::{Method, Response};
use http_body::Body;
use slo_core::{Attempt, Recorder, Scope};

use super::body::{self, Deliver};
use super::protocol::{Answered, Begin, Call};
use crate::route::{RequestHead, RouteTemplate, method_label};

impl<R: RouteTemplate> Begin for R {
    type Call = HttpCall<R>;

    #[inline]
    fn begin(&self, recorder: Recorder, head: RequestHead<'_>) -> (Attempt, HttpCall<R>) {
        let method = method_label(head.method);
        let attempt = match self.template(head) {
            None => start_unmatched(recorder, method, head),
            template => recorder.request_kept(method, template, || self.keep(head)),
        };
        (attempt, Self::unrecorded(head))
    }

    #[inline]
    fn unrecorded(head: RequestHead<'_>) -> HttpCall<R> {
        let bodiless_below = match *head.method {
            Method::HEAD => u16::MAX,
            // What follows success is the tunnel, and no server sends a body besides.
            Method::CONNECT => 300,
            // What is informational ends nothing, or it is an upgrade.
            _ => 200,
        };
        HttpCall { bodiless_below, delivers: PhantomData }
    }
}

/// Starts a request that matches no route: not every one, but not by far the most either.
#[inline(never)]
fn start_unmatched(recorder: Recorder, method: &'static str, head: RequestHead<'_>) -> Attempt {
    if recorder.leaves_out(method, head.uri.path()) {
        return Attempt::default();
    }
    recorder.request(method, None)
}

/// A request of HTTP under way.
#[derive(Debug)]
pub struct HttpCall<R> {
    /// The method keeps the body of an answer with a lower status from being sent.
    bodiless_below: u16,
    delivers: PhantomData<fn() -> R>,
}

impl<R> Call for HttpCall<R> {
    #[inline]
    fn open(recorder: Recorder) -> Scope {
        Scope::open_request(recorder)
    }

    #[inline]
    fn is_counted(scope: &Scope, recorder: Recorder) -> bool {
        scope.is_within_request(recorder)
    }

    #[inline]
    fn ran(&mut self, _: &mut Attempt) {}

    #[inline]
    fn abandon(&mut self, _: &mut Attempt) {}
}

impl<R: Deliver<B>, B: Body> Answered<B> for HttpCall<R> {
    type Body = R::Body;

    #[inline]
    fn answered(&mut self, response: Response<B>, attempt: Attempt) -> Response<R::Body> {
        body::deliver::<R, _>(response, attempt, self.bodiless_below)
    }
}
