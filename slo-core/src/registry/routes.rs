//! The table of routes and series: both only grow, up to a maximum.
//!
//! Reading takes no lock. A new route or series takes one, once. Past the maximum everything new shares one
//! overflow series, and a counter says how often; what was declared by name was registered first and keeps
//! its own.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::grpc::GrpcCode;
use super::lock;
use super::outcome::{Outcome, Verdict};
use super::route::{OVERFLOW, Protocol, Route};
use crate::naming::{METHOD_OTHER, ROUTE_OVERFLOW, ROUTE_UNMATCHED, label};
use crate::sync::{Mutex, OnceLock, Segments};

#[expect(clippy::cast_possible_truncation, reason = "it is zero")]
const OVERFLOW_ID: u16 = OVERFLOW as u16;

/// One histogram of the exposition.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) protocol: Protocol,
    pub(crate) route: usize,
    /// What all its events ended like, as far as the labels tell.
    pub(super) outcome: Outcome,
    /// Ready to print.
    pub(crate) labels: Box<str>,
}

/// All routes and series of a registry.
#[derive(Debug)]
pub(crate) struct Routes {
    routes: Segments<OnceLock<Arc<Route>>>,
    series: Segments<OnceLock<Series>>,
    index: Mutex<Index>,
    routes_max: usize,
    series_max: usize,
}

type Templates = HashMap<Box<str>, usize>;

#[derive(Debug, Default)]
struct Index {
    /// By protocol, method and template.
    by_name: [HashMap<Box<str>, Templates>; Protocol::ALL.len()],
    routes: usize,
    series: usize,
}

impl Routes {
    /// Methods of the known set and `_OTHER`, and calls: each may need an unmatched route beyond the maximum.
    const RESERVED: usize = 16;

    /// Room for this many routes and series, besides those of the overflow.
    pub(super) fn new(routes_max: usize, series_max: usize) -> Self {
        let this = Self {
            routes: Segments::new(1 + routes_max + Self::RESERVED),
            series: Segments::new(1 + series_max),
            index: Mutex::default(),
            routes_max,
            series_max,
        };
        let overflow = this.find_or_add(Protocol::Http, METHOD_OTHER, ROUTE_OVERFLOW);
        debug_assert_eq!(overflow, OVERFLOW);
        this.register(overflow, Outcome::Completed(0));
        this
    }

    /// Gives a route a first series, so that it is exposed before its first request.
    pub(super) fn register(&self, route: usize, outcome: Outcome) {
        if let Some(known) = self.get(route) {
            self.series_of(known, route, outcome);
        }
    }

    pub(super) const fn capacity(&self) -> (usize, usize) {
        (1 + self.routes_max + Self::RESERVED, 1 + self.series_max)
    }

    /// Returns the route of this name, new if there is room, otherwise the overflow route.
    pub(super) fn find_or_add(&self, protocol: Protocol, method: &str, template: &str) -> usize {
        let mut index = lock(&self.index);
        let (known, methods) = (index.routes, &mut index.by_name[protocol as usize]);
        if let Some(route) = methods.get(method).and_then(|templates| templates.get(template)) {
            return *route;
        }
        let is_unmatched =
            template == ROUTE_UNMATCHED || (protocol == Protocol::Rpc && template == METHOD_OTHER);
        let maximum = 1 + self.routes_max + if is_unmatched { Self::RESERVED } else { 0 };
        if known >= maximum {
            return OVERFLOW;
        }
        methods.entry(method.into()).or_default().insert(template.into(), known);
        index.routes = known + 1;
        let route = Route::new(protocol, method, template, route_labels(protocol, method, template));
        let fresh = self.routes.touch(known).set(Arc::new(route)).is_ok();
        debug_assert!(fresh, "the lock keeps two threads from adding one route");
        known
    }

    /// Returns the series of an outcome of a route, new if there is room, otherwise the overflow series.
    pub(super) fn series_of(&self, route: &Route, route_index: usize, outcome: Outcome) -> usize {
        let outcome = as_told(route.protocol, outcome);
        let mut index = lock(&self.index);
        if let Some(series) = route.series(outcome) {
            return series;
        }
        let next = index.series;
        let Some(id) = u16::try_from(next).ok().filter(|_| next <= self.series_max) else {
            // Remembered as well: the next event of this kind takes no lock.
            route.add_series(outcome, OVERFLOW_ID);
            return OVERFLOW;
        };
        let series = Series {
            protocol: route.protocol,
            route: route_index,
            outcome,
            labels: series_labels(route, outcome).into(),
        };
        // Before the route points to it, so that whoever finds the series finds it complete.
        let fresh = self.series.touch(next).set(series).is_ok();
        debug_assert!(fresh, "the lock keeps two threads from adding one series");
        index.series += 1;
        route.add_series(outcome, id);
        next
    }

    pub(crate) fn get(&self, route: usize) -> Option<&Arc<Route>> {
        self.routes.get(route)?.get()
    }

    /// Returns all routes with their indices.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Arc<Route>)> {
        (0..).map_while(|index| Some((index, self.get(index)?)))
    }

    /// Says the labels of a route as they are, not as they are printed.
    #[cfg(feature = "protobuf")]
    pub(crate) fn for_each_label_of_route(&self, route: usize, say: impl FnMut(&'static str, &str)) {
        if let Some(route) = self.get(route) {
            for_each_label((route.protocol, &route.method, &route.template), say);
        }
    }

    /// Says those of a series.
    #[cfg(feature = "protobuf")]
    pub(crate) fn for_each_label(&self, series: &Series, mut say: impl FnMut(&'static str, &str)) {
        self.for_each_label_of_route(series.route, &mut say);
        for_each_label_of_outcome(series.protocol, series.outcome, say);
    }

    /// Returns all series with their indices.
    pub(crate) fn series(&self) -> impl Iterator<Item = (usize, &Series)> {
        (0..).map_while(|index| Some((index, self.one_series(index)?)))
    }

    pub(crate) fn one_series(&self, series: usize) -> Option<&Series> {
        self.series.get(series)?.get()
    }
}

/// Says the labels of a route.
fn for_each_label(
    (protocol, method, template): (Protocol, &str, &str),
    mut say: impl FnMut(&'static str, &str),
) {
    match protocol {
        Protocol::Http => {
            say(label::HTTP_METHOD, method);
            say(label::HTTP_ROUTE, template);
        }
        Protocol::Rpc => say(label::RPC_METHOD, template),
        Protocol::Operation => say(label::OPERATION, template),
    }
}

fn route_labels(protocol: Protocol, method: &str, template: &str) -> String {
    let mut labels = String::new();
    for_each_label((protocol, method, template), |name, value| {
        labels.push_str(if labels.is_empty() { "" } else { "," });
        labels.push_str(name);
        labels.push_str("=\"");
        crate::naming::escape_to(value, &mut labels);
        labels.push('"');
    });
    labels
}

/// Returns the outcome that stands for all that the labels of a series do not tell apart: none of them may be there
/// twice.
const fn as_told(protocol: Protocol, outcome: Outcome) -> Outcome {
    match (protocol, outcome) {
        (Protocol::Rpc, Outcome::Completed(number)) => Outcome::Completed(GrpcCode::of(number).number()),
        (Protocol::Rpc, Outcome::TimedOut(number)) => Outcome::TimedOut(GrpcCode::of(number).number()),
        (Protocol::Rpc, Outcome::Shed(number)) => Outcome::Shed(GrpcCode::of(number).number()),
        (Protocol::Rpc, Outcome::BodyError(_)) => Outcome::BodyError(0),
        (Protocol::Rpc, Outcome::BodyAborted(_)) => Outcome::BodyAborted(0),
        (_, other) => other,
    }
}

/// Returns the status, and the kind of error, that the labels of an outcome tell.
pub(super) fn told(protocol: Protocol, outcome: Outcome) -> [Option<Cow<'static, str>>; 2] {
    let error = outcome.error_type();
    match (protocol, outcome) {
        (Protocol::Http, _) => {
            [outcome.status().filter(|status| *status > 0).map(|status| status.to_string().into()), error]
        }
        (Protocol::Rpc, Outcome::Completed(number)) => {
            let code = GrpcCode::of(number);
            [Some(code.name().into()), (code.verdict() == Verdict::Bad).then(|| code.name().into())]
        }
        (Protocol::Rpc, Outcome::TimedOut(number @ 1..) | Outcome::Shed(number @ 1..)) => {
            [Some(GrpcCode::of(number).name().into()), error]
        }
        // Where no status was sent there is none to tell.
        (Protocol::Rpc | Protocol::Operation, _) => [None, error],
    }
}

/// Says the labels that a series has besides those of its route.
fn for_each_label_of_outcome(protocol: Protocol, outcome: Outcome, mut say: impl FnMut(&'static str, &str)) {
    let [status, error] = told(protocol, outcome);
    if let Some(status) = status {
        say(if protocol == Protocol::Rpc { label::RPC_STATUS } else { label::HTTP_STATUS }, &status);
    }
    if let Some(error) = error {
        say(label::ERROR_TYPE, &error);
    }
}

fn series_labels(route: &Route, outcome: Outcome) -> String {
    let mut labels = route.labels.to_string();
    for_each_label_of_outcome(route.protocol, outcome, |name, value| {
        labels.push_str(&format!(r#",{name}="{value}""#));
    });
    labels
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::super::Registry;
    use super::*;

    const TEXTS: usize = 10_000;

    /// Does something once, and many times more while the table is locked, on one thread.
    fn do_while_the_table_is_locked(registry: &Registry, work: impl Fn(usize) + Send) {
        thread::scope(|scope| {
            let ((met, is_met), (go, may_go), (done, is_done)) = (channel(), channel(), channel());
            scope.spawn(move || {
                work(0);
                met.send(()).expect("it is waited for");
                may_go.recv().expect("it is sent");
                (1..TEXTS).for_each(work);
                // If it is too late, nobody waits any more.
                let _ = done.send(());
            });
            is_met.recv().expect("it is sent");
            let table = lock(&registry.shared().routes.index);
            go.send(()).expect("it is waited for");
            let in_time = is_done.recv_timeout(Duration::from_secs(60));
            drop(table);
            in_time.expect("the thread waits for the table");
        });
    }

    /// A thread asks the table once for each route, also of texts that lie elsewhere with each request.
    #[test]
    fn a_text_that_moves_asks_for_its_route_once() {
        let registry = Registry::builder("shop").without_declared().build().expect("it is valid");
        let (recorder, texts) = (registry.recorder(), "/orders".repeat(TEXTS));
        do_while_the_table_is_locked(&registry, |at| {
            for method in ["GET", "PUT"] {
                let attempt = recorder.request(method, Some(&texts[at * 7..at * 7 + 7]));
                attempt.finish_as(Outcome::Completed(200), Verdict::Good);
            }
        });
        for route in ["GET /orders", "PUT /orders"] {
            assert_eq!(registry.latency(route).map(|latency| latency.count()), Some(TEXTS as u64), "{route}");
        }
    }

    /// Calls ask it for nothing: not those of methods that are known, not those of others, and those that have no room
    /// only once.
    #[test]
    fn calls_do_not_ask_for_their_methods() {
        let registry =
            Registry::builder("shop").without_declared().route("shop.Shop/Buy").routes_max(0).build();
        let registry = registry.expect("it is valid");
        let (recorder, ok) = (registry.recorder(), Outcome::Completed(GrpcCode::Ok.number()));
        do_while_the_table_is_locked(&registry, |at| {
            recorder.call("shop.Shop/Buy").finish(ok);
            recorder.call(&format!("shop.Shop/Method{at}")).finish(ok);
            let mut attempt = recorder.call(&format!("shop.Shop/Sell{at}"));
            attempt.turn_out_to_call(&format!("shop.Shop/Sell{at}"));
            attempt.finish(ok);
        });
        for (method, calls) in [("shop.Shop/Buy", TEXTS), ("_OTHER", 2 * TEXTS)] {
            assert_eq!(
                registry.latency(method).map(|latency| latency.count()),
                Some(calls as u64),
                "{method}"
            );
        }
        assert_eq!(registry.shared().overflowed(), (TEXTS as u64, 0, 0));
    }
}
