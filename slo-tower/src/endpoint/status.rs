//! `GET /slo`: every SLO as it is now, as JSON.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use serde::Serialize;
use slo_core::{Registry, StatusReader};
use tower_service::Service;

use super::body::EndpointBody;
use super::document::TextDocument;
use super::reply::{answer, refused};

/// Answers `GET /slo`. Made by [`SloRegistry::status_service`](crate::SloRegistry::status_service).
#[derive(Clone, Debug)]
pub struct StatusService {
    registry: Registry,
}

impl StatusService {
    pub(crate) fn new(registry: Registry) -> Self {
        Self { registry }
    }
}

impl<B> Service<Request<B>> for StatusService {
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let body = || EndpointBody::written(StatusText::new(&self.registry));
        let response = refused(&request).unwrap_or_else(|| answer(&request, "application/json", body));
        ready(Ok(response))
    }
}

/// A status as JSON, one SLO in each piece.
struct StatusText {
    reader: StatusReader,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Head,
    First,
    Next,
    Written,
}

impl StatusText {
    /// What ends the status when it has no SLOs.
    const EMPTY: &str = "]\n}";

    fn new(registry: &Registry) -> Self {
        Self { reader: registry.read_status(), stage: Stage::Head }
    }
}

impl TextDocument for StatusText {
    fn write_piece(&mut self, out: &mut String) -> bool {
        let (before, after) = match self.stage {
            Stage::Head => {
                let head = json(&self.reader.head());
                out.push_str(head.strip_suffix(Self::EMPTY).unwrap_or(&head));
                self.stage = Stage::First;
                return true;
            }
            Stage::First => ("\n    ", "]\n}\n"),
            Stage::Next => (",\n    ", "\n  ]\n}\n"),
            Stage::Written => return false,
        };
        let Some(slo) = self.reader.next() else {
            out.push_str(after);
            self.stage = Stage::Written;
            return false;
        };
        out.push_str(before);
        // Line ends within values are escaped, so these are all between them.
        out.push_str(&json(&slo).replace('\n', "\n    "));
        self.stage = Stage::Next;
        true
    }

    /// An SLO is some ten microseconds of work: its latencies are added up from all series of its routes.
    fn pieces_max(&self) -> usize {
        8
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("names are strings")
}

#[cfg(test)]
mod tests {
    use slo_core::{Objective, Sli, Slo};

    use super::*;

    #[test]
    fn pieces_are_what_serde_writes_at_once() {
        let slo = |name: &str| {
            let slo = Slo::new(name.to_owned(), Sli::Availability, Objective::literal("99%")).unwrap();
            slo.with_operation(name.to_owned()).unwrap().with_label("team", "a\nb").unwrap()
        };
        let clock = slo_core::Clock::manual(slo_core::Timestamp::from_unix_seconds(1_700_000_000));
        for names in [&[][..], &["one"], &["one", "two", "three"]] {
            let builder = Registry::builder("shop").without_declared().clock(clock.clone());
            let builder = names.iter().fold(builder, |builder, name| builder.slo(slo(name)));
            let registry = builder.build().unwrap();
            let (mut text, mut pieces) = (String::new(), StatusText::new(&registry));
            while pieces.write_piece(&mut text) {}
            assert_eq!(text, json(&registry.status()) + "\n");
        }
    }
}
