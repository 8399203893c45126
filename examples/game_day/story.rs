//! Thirty days of a shop that does not exist: its traffic, and what goes wrong.

use std::time::Duration;

use slo_tower::{
    BuildError, Clock, Incident, Objective, ObjectiveError, Outcome, Recorder, Severity, Sli, Slo,
    SloRegistry, SloRegistryBuilder, Threshold, Timestamp, Traffic,
};

pub(crate) const DAYS: u64 = 30;
/// Midnight of the first of January 2026.
pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(1_767_225_600);
pub(crate) const TICK: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Events in a minute, at midnight and at noon.
const QUIET: f64 = 12.0;
const BUSY: f64 = 36.0;

/// What goes wrong, and how bad it is meant to be.
pub(crate) struct Trouble {
    pub(crate) title: &'static str,
    pub(crate) slo: &'static str,
    pub(crate) severity: Severity,
    begins: Duration,
    lasts: Duration,
    /// It comes back this often, and lasts for so long each time.
    flaps: Option<(Duration, Duration)>,
    bad_ratio: f64,
}

/// In the order in which they happen.
pub(crate) const TROUBLES: [Trouble; 3] = [
    Trouble {
        title: "an index that no longer fits into memory: one search in forty is slow, for two days",
        slo: "search-latency",
        severity: Severity::Ticket,
        begins: DAY.saturating_mul(8).saturating_add(HOUR.saturating_mul(9)),
        lasts: DAY.saturating_mul(2),
        flaps: None,
        bad_ratio: 1.0 / 40.0,
    },
    Trouble {
        title: "an outage of ten minutes, at two in the morning",
        slo: "checkout-availability",
        severity: Severity::Page,
        begins: DAY.saturating_mul(20).saturating_add(HOUR.saturating_mul(2)),
        lasts: MINUTE.saturating_mul(10),
        flaps: None,
        bad_ratio: 1.0,
    },
    Trouble {
        title: "a bank that flaps: two minutes of every ten, for two hours",
        slo: "bank-availability",
        severity: Severity::Page,
        begins: DAY.saturating_mul(26).saturating_add(HOUR.saturating_mul(14)),
        lasts: HOUR.saturating_mul(2),
        flaps: Some((MINUTE.saturating_mul(10), MINUTE.saturating_mul(2))),
        bad_ratio: 1.0,
    },
];

const SEARCH: &Trouble = &TROUBLES[0];
const CHECKOUT: &Trouble = &TROUBLES[1];
const BANK: &Trouble = &TROUBLES[2];

impl Trouble {
    /// Returns when it begins.
    pub(crate) fn begin(&self) -> Timestamp {
        START.plus(self.begins)
    }

    fn is_there(&self, now: Timestamp) -> bool {
        let since = now.since(START);
        let Some(since) = since.checked_sub(self.begins).filter(|since| *since < self.lasts) else {
            return false;
        };
        self.flaps.is_none_or(|(period, down)| since.as_secs() % period.as_secs() < down.as_secs())
    }

    /// Returns the same for the simulation, after some days of health and at the same time of day.
    pub(crate) fn incident(&self) -> (Traffic, Incident) {
        let incident = match self.flaps {
            None => Incident::failing(self.bad_ratio, self.lasts),
            Some((period, down)) => {
                let times = self.lasts.as_secs() / period.as_secs();
                (1..times).fold(Incident::failing(self.bad_ratio, down), |incident, _| {
                    incident.then(0.0, period.saturating_sub(down)).then(self.bad_ratio, down)
                })
            }
        };
        let day_time = Duration::from_secs(self.begins.as_secs() % DAY.as_secs());
        (Traffic::daily(QUIET, BUSY), incident.after(3 * DAY + day_time))
    }
}

/// The promises of the shop.
pub(crate) fn promises() -> Result<[Slo; 3], ObjectiveError> {
    let fast = Sli::Latency { threshold: Threshold::parse("200ms")? };
    Ok([
        Slo::new("search-latency", fast, Objective::parse("99%")?)?.with_route("GET /search")?,
        Slo::new("checkout-availability", Sli::Availability, Objective::parse("99.9%")?)?
            .with_route("POST /checkout")?
            .with_label("team", "payments")?,
        Slo::new("bank-availability", Sli::Availability, Objective::parse("99.5%")?)?
            .with_operation("bank")?,
    ])
}

/// The shop, and the hands of its clock.
pub(crate) struct Shop {
    registry: SloRegistry,
    recorder: Recorder,
    clock: Clock,
    /// What is due of the next customer.
    due: f64,
    customers: u64,
}

impl Shop {
    pub(crate) fn open(builder: SloRegistryBuilder) -> Result<Self, BuildError> {
        let clock = Clock::manual(START);
        let registry = builder.clock(clock.clone()).tick_interval(TICK).build()?;
        Ok(Self { recorder: registry.recorder(), registry, clock, due: 0.0, customers: 0 })
    }

    pub(crate) const fn registry(&self) -> &SloRegistry {
        &self.registry
    }

    /// Lives through all of it, one tick after the other.
    pub(crate) fn live(&mut self) {
        let end = START.plus(DAY * u32::try_from(DAYS).expect("a month"));
        while self.clock.now() < end {
            let tick = self.clock.now().plus(TICK);
            self.due += per_minute(self.clock.now()) * TICK.as_secs_f64() / 60.0;
            while self.due >= 1.0 {
                self.due -= 1.0;
                self.customers += 1;
                self.serve();
            }
            // Every request took its time; what is left of the tick passes.
            self.clock.advance(tick.since(self.clock.now()));
            self.registry.tick(tick);
        }
    }

    /// A customer searches, and checks out; then the shop asks the bank.
    fn serve(&mut self) {
        let (now, number) = (self.clock.now(), self.customers);
        let is_slow = number.is_multiple_of(if SEARCH.is_there(now) { 40 } else { 2_000 });
        let search = self.recorder.request("GET", Some("/search"));
        self.clock.advance(Duration::from_millis(if is_slow { 450 } else { 30 + number % 50 }));
        search.finish(Outcome::Completed(200));

        let checkout = self.recorder.request("POST", Some("/checkout"));
        if CHECKOUT.is_there(now) {
            // Most are refused at once, some wait until somebody loses patience.
            let (took, outcome) = match number % 4 {
                0 => (1_000, Outcome::TimedOut(504)),
                _ => (2, Outcome::Completed(503)),
            };
            self.clock.advance(Duration::from_millis(took));
            return checkout.finish(outcome);
        }
        self.clock.advance(Duration::from_millis(60 + number % 70));
        checkout.finish(Outcome::Completed(if number.is_multiple_of(30_000) { 500 } else { 200 }));

        // The shop does not wait for it: what the bank refuses is paid later.
        let bank = self.recorder.operation("bank");
        self.clock.advance(Duration::from_millis(20 + number % 30));
        bank.finish(if BANK.is_there(now) { Outcome::InnerError } else { Outcome::Completed(0) });
    }
}

/// Quietest at midnight, busiest at noon, a wave in between, as the simulation has it.
#[expect(clippy::cast_precision_loss, reason = "seconds of a month")]
fn per_minute(now: Timestamp) -> f64 {
    let day = now.since(START).as_secs() as f64 / DAY.as_secs_f64();
    QUIET + (BUSY - QUIET) * (0.5 - 0.5 * (day * std::f64::consts::TAU).cos())
}
