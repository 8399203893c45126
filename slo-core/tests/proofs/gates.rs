//! The release gate: each rule at its border, by itself, and on a registry that lives through an outage.

use std::time::Duration;

use slo_core::{
    Clock, GateError, GateNumbers, GatePolicy, GateRule, Outcome, Registry, Severity, Sli, Status,
    TimeSlices, Verdict,
};

use super::support::{START, slo};

/// Two SLOs, `a` and `b`, of which nothing is known yet.
fn registry() -> (Registry, Clock) {
    let clock = Clock::manual(START);
    let mut builder = Registry::builder("shop").without_declared().clock(clock.clone());
    for name in ["a", "b"] {
        builder = builder.slo(slo(name, Sli::Availability).with_operation(name).expect("it is plain"));
    }
    (builder.build().expect("they are right"), clock)
}

/// A policy, a status, and what the one refuses of the other.
type Case<'a> = (GatePolicy, Status, &'a [(&'a str, GateRule)]);

/// A status whose numbers are changed as the test wants them.
fn status(change: impl FnOnce(&mut Status)) -> Status {
    let mut status = registry().0.status();
    change(&mut status);
    status
}

fn with_budget(left: f64) -> Status {
    status(|status| status.slos[0].budget.remaining_ratio = Some(left))
}

fn with_coverage(share: f64) -> Status {
    status(|status| status.slos.iter_mut().for_each(|slo| slo.coverage = share))
}

fn firing(severity: Severity) -> Status {
    status(|status| {
        let alert = status.slos[1].alerts.iter_mut().find(|alert| alert.severity == severity);
        alert.expect("both can be raised").active = true;
    })
}

/// A status after half of the last hour's events were bad, which is a burn of 500.
fn burning() -> Status {
    let (registry, clock) = registry();
    for outcome in [Verdict::Bad, Verdict::Good] {
        registry.attempt("a").finish_as(Outcome::Completed(0), outcome);
    }
    clock.advance(Duration::from_secs(10));
    registry.status()
}

fn rules(policy: &GatePolicy, status: &Status) -> Vec<(String, GateRule)> {
    let decision = policy.decide(status);
    assert_eq!(decision.allowed, decision.reasons.is_empty());
    let each = decision.reasons.iter();
    assert!(each.clone().all(|reason| reason.text.contains(&reason.slo)), "{decision:?}");
    each.map(|reason| (reason.slo.clone(), reason.rule)).collect()
}

#[test]
fn each_rule_holds_at_its_border() {
    let new = GatePolicy::new;
    let burn =
        burning().slos[0].burn_rates.iter().find(|burn| burn.window == "1h").expect("always shown").clone();
    let burn = burn.rate.expect("there were events").get();
    let rich = GatePolicy::new().budget_above(-10_000.0).allow_while_alerting();
    let cases: &[Case<'_>] = &[
        (new(), status(|_| ()), &[]),
        (new(), with_budget(0.000_000_1), &[]),
        (new(), with_budget(0.0), &[("a", GateRule::Budget)]),
        (new(), with_budget(-3.5), &[("a", GateRule::Budget)]),
        (new().budget_above(0.1), with_budget(0.100_000_1), &[]),
        // It would be written as the limit is.
        (new().budget_above(0.1), with_budget(0.099_999_9), &[("a", GateRule::Budget)]),
        (new().budget_above(0.1), with_budget(0.1), &[("a", GateRule::Budget)]),
        (new().budget_above(-0.5), with_budget(-0.4), &[]),
        (new(), firing(Severity::Ticket), &[]),
        (new(), firing(Severity::Page), &[("b", GateRule::Alert)]),
        (new().refuse_tickets(), firing(Severity::Ticket), &[("b", GateRule::Alert)]),
        (new().refuse_tickets(), firing(Severity::Page), &[("b", GateRule::Alert)]),
        (new().refuse_tickets().allow_while_alerting(), firing(Severity::Page), &[]),
        (rich.clone(), burning(), &[]),
        (rich.clone().burn_max(burn), burning(), &[]),
        (rich.clone().burn_max(burn * 0.999_999), burning(), &[("a", GateRule::Burn)]),
        (new(), with_coverage(0.0), &[]),
        (new().coverage_min(0.5), with_coverage(0.5), &[]),
        (
            new().coverage_min(0.5),
            with_coverage(0.499),
            &[("a", GateRule::Coverage), ("b", GateRule::Coverage)],
        ),
        (new().exempt("b"), firing(Severity::Page), &[]),
        (new().exempt("a"), firing(Severity::Page), &[("b", GateRule::Alert)]),
    ];
    for (policy, status, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(slo, rule)| ((*slo).to_owned(), *rule)).collect();
        assert_eq!(rules(policy, status), expected, "{policy:?}");
    }
}

/// What an exempt SLO would be refused for is told, so that nobody forgets it.
#[test]
fn what_is_exempt_is_told() {
    let decision = GatePolicy::new().exempt("b").decide(&firing(Severity::Page));
    assert!(decision.allowed && decision.reasons.is_empty());
    assert_eq!(decision.exempted.len(), 1);
    assert_eq!((&*decision.exempted[0].slo, decision.exempted[0].rule), ("b", GateRule::Alert));
}

#[test]
fn a_fleet_that_is_not_known_is_no_consent() {
    let policy = GatePolicy::new().of_fleet();
    assert_eq!(policy.decide(&status(|_| ())).numbers, GateNumbers::Fleet);
    let unknown = [("a".to_owned(), GateRule::Fleet), ("b".to_owned(), GateRule::Fleet)];
    assert_eq!(rules(&policy, &status(|_| ())), unknown);
    assert_eq!(policy.check(&status(|_| ())), Err(GateError::NoFleet));
    // What counts in slices has no fleet, so the process decides.
    let sliced = |left| {
        status(|status| {
            for slo in &mut status.slos {
                slo.slices = Some(TimeSlices::parse("95% per 1m").expect("it is right"));
                slo.budget.remaining_ratio = Some(left);
            }
        })
    };
    assert_eq!((rules(&policy, &sliced(0.5)), policy.check(&sliced(0.5))), (Vec::new(), Ok(())));
    assert_eq!(rules(&policy, &sliced(0.0)).len(), 2);
}

#[test]
fn a_policy_that_cannot_decide_is_refused_with_what_to_write() {
    let (status, nan) = (status(|_| ()), f64::NAN);
    let new = GatePolicy::new;
    for (policy, expected) in [
        (new().exempt("c"), "the release gate exempts SLO \"c\", which there is not: write one of a, b"),
        (
            new().budget_above(nan),
            "the release gate's budget_above is NaN: write a share of at most 1, such as 0.1",
        ),
        (
            new().budget_above(10.0),
            "the release gate's budget_above is 10: write a share of at most 1, such as 0.1",
        ),
        (
            new().burn_max(-1.0),
            "the release gate's burn_max is -1: write a burn rate of 0 or more, such as 3.0",
        ),
        (
            new().burn_max(f64::INFINITY),
            "the release gate's burn_max is inf: write a burn rate of 0 or more, such as 3.0",
        ),
        (
            new().coverage_min(1.1),
            "the release gate's coverage_min is 1.1: write a share from 0 to 1, such as 0.5",
        ),
    ] {
        let error = policy.check(&status).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(
        new().exempt("a").exempt("b").budget_above(1.0).burn_max(0.0).coverage_min(1.0).check(&status),
        Ok(())
    );
}

/// An outage closes the gate, and once it is over the budget keeps it closed.
#[test]
fn the_gate_follows_an_outage() {
    let (registry, clock) = registry();
    let policy = GatePolicy::new();
    let pass = |minutes: u32, verdict| {
        for _ in 0..minutes * 6 {
            clock.advance(Duration::from_secs(10));
            registry.attempt("a").finish_as(Outcome::Completed(0), verdict);
            registry.tick(clock.now());
        }
        rules(&policy, &registry.status())
    };
    assert_eq!(pass(60, Verdict::Good), []);
    assert_eq!(
        pass(5, Verdict::Bad),
        [("a".to_owned(), GateRule::Alert), ("a".to_owned(), GateRule::Budget)]
    );
    assert_eq!(pass(100, Verdict::Good), [("a".to_owned(), GateRule::Budget)]);
}
