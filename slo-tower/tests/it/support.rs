//! A registry with one route and three promises about it, on a clock that tests move.

use std::time::Duration;

use slo_tower::{Clock, Objective, RequestHead, Sli, Slo, SloRegistry, Threshold, Timestamp};

pub(crate) const ROUTE: &str = "/job";
const METHODS: [&str; 2] = ["GET", "HEAD"];

/// A registry whose `GET /job` and `HEAD /job` promise availability, latency and both, under 100 ms.
pub(crate) fn registry() -> (SloRegistry, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let threshold = Threshold::literal("100ms");
    let mut builder = SloRegistry::builder("test").without_declared().clock(clock.clone());
    for method in METHODS {
        for sli in [Sli::Availability, Sli::Latency { threshold }, Sli::Combined { threshold }] {
            let name = format!("{}-{}", method.to_lowercase(), sli.kind());
            let slo = Slo::new(name, sli, Objective::literal("99%")).unwrap();
            builder = builder.slo(slo.with_route(format!("{method} {ROUTE}")).unwrap());
        }
    }
    (builder.build().unwrap(), clock)
}

/// The route table of these tests.
pub(crate) fn route<'a>(request: RequestHead<'a>) -> Option<&'a str> {
    (request.uri.path() == ROUTE).then_some(ROUTE)
}

/// Good, bad and excluded events of an SLO.
pub(crate) fn events(slos: &SloRegistry, name: &str) -> [u64; 3] {
    let status = slos.status();
    let total = status.slo(name).unwrap_or_else(|| panic!("no SLO {name}")).total;
    [total.good, total.bad, total.excluded]
}

/// The samples of the exposition whose line starts with `prefix`, without zeros.
pub(crate) fn samples(slos: &SloRegistry, prefix: &str) -> Vec<String> {
    let mut out = String::new();
    slos.render(slo_tower::TextFormat::Prometheus, &mut out);
    let counted = |line: &&str| line.starts_with(prefix) && !line.ends_with(" 0");
    out.lines().filter(counted).map(str::to_owned).collect()
}

pub(crate) const SLOW: Duration = Duration::from_millis(101);
