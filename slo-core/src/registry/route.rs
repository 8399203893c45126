//! One route: its labels, the promises bound to it, and the series its outcomes are counted in.
//!
//! A handler's own mark says which promises a request counts for. A request that never reaches its handler
//! (a rejected body, say) carries no mark and counts for the promises that the route was last seen to be
//! bound to. Until a route's handler has first run nobody knows them, and such endings are held (see `held`).

use std::array;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::outcome::{KIND_MASK, Outcome};
use crate::naming::{
    Family, HTTP_DURATION, METHOD_OTHER, OPERATION_DURATION, ROUTE_OVERFLOW, ROUTE_UNMATCHED, RPC_DURATION,
};
use crate::sync::{AtomicU32, OnceLock, Ordering};

/// Outcomes of one route that have a series of their own.
const OUTCOMES_MAX: usize = 32;

/// What kind of work a route answers; decides the metric family and its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Http,
    Rpc,
    Operation,
}

impl Protocol {
    pub(crate) const ALL: [Self; 3] = [Self::Http, Self::Rpc, Self::Operation];

    /// Returns the protocol of a route that was written down; gRPC methods are written without a method of HTTP.
    pub(super) const fn of_method(method: &str) -> Self {
        if method.is_empty() { Self::Rpc } else { Self::Http }
    }

    pub(crate) const fn duration(self) -> Family {
        match self {
            Self::Http => HTTP_DURATION,
            Self::Rpc => RPC_DURATION,
            Self::Operation => OPERATION_DURATION,
        }
    }
}

/// One route of a registry.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) protocol: Protocol,
    pub(crate) method: Box<str>,
    /// Shared with what threads have resolved of the route, so that comparing a text reads nothing else of it.
    pub(crate) template: Arc<str>,
    /// The labels of all its series, ready to print.
    pub(crate) labels: Box<str>,
    /// The promises made for this route by name, whatever answers it.
    own: OnceLock<usize>,
    /// The index of the handler's goals plus one; `UNBOUND` until it has run.
    binding: AtomicU32,
    /// Outcome code and series index, 16 bits each; zero is free. Filled from the front.
    outcomes: [AtomicU32; OUTCOMES_MAX],
}

/// A route as attempts carry it: its index plus one, so that none is told from all others for free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RouteId(NonZeroU32);

impl RouteId {
    pub(super) const OVERFLOW: Self = Self(NonZeroU32::MIN);

    /// The number of a route; that of the overflow route if there are more than four billion.
    pub(super) fn new(index: usize) -> Self {
        u32::try_from(index + 1).ok().and_then(NonZeroU32::new).map_or(Self::OVERFLOW, Self)
    }

    #[inline]
    pub(super) const fn number(self) -> usize {
        self.0.get() as usize
    }

    pub(super) const fn index(self) -> usize {
        self.number() - 1
    }
}

const _: () = assert!(RouteId::OVERFLOW.index() == OVERFLOW);

/// The index of the route and of the series that everything beyond the maximum shares.
pub(super) const OVERFLOW: usize = 0;

const UNBOUND: u32 = 0;

impl Route {
    pub(super) fn new(protocol: Protocol, method: &str, template: &str, labels: String) -> Self {
        Self {
            protocol,
            method: method.into(),
            template: template.into(),
            labels: labels.into(),
            own: OnceLock::new(),
            binding: AtomicU32::new(UNBOUND),
            outcomes: array::from_fn(|_| AtomicU32::new(0)),
        }
    }

    /// Returns the goals made for this route by name, if any.
    pub(super) fn own(&self) -> Option<usize> {
        self.own.get().copied()
    }

    /// Sets them, before the first request; the first call counts.
    pub(super) fn set_own(&self, goals: usize) {
        self.own.get_or_init(|| goals);
    }

    /// The route as people write it: `POST /checkout`, `shop.Shop/Buy`, or the operation's name.
    pub(crate) fn name(&self) -> String {
        match self.protocol {
            Protocol::Http => format!("{} {}", self.method, self.template),
            Protocol::Rpc | Protocol::Operation => self.template.to_string(),
        }
    }

    /// Returns what the labels of this route's series tell of the code of an outcome: what they do not tell apart
    /// must not have two series.
    pub(super) const fn told(&self) -> u16 {
        match self.protocol {
            Protocol::Http | Protocol::Rpc => u16::MAX,
            Protocol::Operation => KIND_MASK,
        }
    }

    /// Returns the series of an outcome, if it has one; the overflow series if the route can have no more.
    pub(super) fn series(&self, outcome: Outcome) -> Option<usize> {
        for slot in &self.outcomes {
            // Acquire: pairs with the Release store in `add_series`; the series is complete when seen here.
            let entry = slot.load(Ordering::Acquire);
            if entry >> 16 == u32::from(outcome.code()) {
                return Some((entry & 0xFFFF) as usize);
            }
            if entry == 0 {
                return None;
            }
        }
        Some(OVERFLOW)
    }

    /// Remembers the series of an outcome that [`Route::series`] did not know. Callers hold the table's lock.
    pub(super) fn add_series(&self, outcome: Outcome, series: u16) {
        // Relaxed: all writers hold the table's lock.
        if let Some(free) = self.outcomes.iter().find(|slot| slot.load(Ordering::Relaxed) == 0) {
            // Release: publishes the series to the Acquire load in `series`.
            free.store(u32::from(outcome.code()) << 16 | u32::from(series), Ordering::Release);
        }
    }

    /// Returns whether the route is one handler's. Strangers share the others: what one of them promises says
    /// nothing about the rest.
    pub(super) fn has_a_handler(&self) -> bool {
        match self.protocol {
            Protocol::Http => *self.template != *ROUTE_UNMATCHED && *self.template != *ROUTE_OVERFLOW,
            Protocol::Rpc => *self.template != *METHOD_OTHER,
            Protocol::Operation => false,
        }
    }

    /// Returns whether the route is a method of gRPC that is known.
    pub(super) fn is_a_method(&self) -> bool {
        self.protocol == Protocol::Rpc && self.has_a_handler()
    }

    /// Returns the goals the route is bound to; none until its handler has run.
    #[inline]
    pub(super) fn bound(&self) -> Option<usize> {
        // Acquire: pairs with the Release store in `bind`.
        Some(self.binding.load(Ordering::Acquire).checked_sub(1)? as usize)
    }

    /// Binds the route to a handler's goals. The first handler stays.
    pub(super) fn bind(&self, goals: usize) {
        let goals = u32::try_from(goals + 1).expect("fewer than four billion declarations");
        // Release: pairs with the Acquire load in `bound`.
        // Relaxed on failure: the other handler's goals are not looked at.
        let _ = self.binding.compare_exchange(UNBOUND, goals, Ordering::Release, Ordering::Relaxed);
    }
}
