//! A route learns whose promises it keeps while requests end on it.

use loom::thread;
use slo_core::{
    Declaration, Declared, Events, Objective, Outcome, Recorder, Registry, Sli, Slo, Subject, Verdict,
    inventory,
};

use crate::support::{builder, explore, totals};

const OBJECTIVE: Objective = Objective::literal("99%");
static ORDER_SLOS: [Slo; 1] = [Slo::literal("order", Sli::Availability, OBJECTIVE)];
static REFUND_SLOS: [Slo; 1] = [Slo::literal("refund", Sli::Availability, OBJECTIVE)];
static ORDER: Declaration = Declaration::new("order", Subject::Handler { route: None }, &ORDER_SLOS, &[]);
static REFUND: Declaration = Declaration::new("refund", Subject::Handler { route: None }, &REFUND_SLOS, &[]);

inventory::submit! { Declared(&ORDER) }
inventory::submit! { Declared(&REFUND) }

fn declared() -> Registry {
    builder().build().expect("the declarations are valid")
}

/// Ends a request of one route, marked by its handler or rejected before it.
fn end(recorder: Recorder, handler: Option<&'static Declaration>) {
    let mut attempt = recorder.request("POST", Some("/b"));
    handler.into_iter().for_each(|handler| attempt.mark(handler));
    attempt.finish_as(Outcome::Completed(200), Verdict::Good);
}

fn good(registry: &Registry, slo: &str) -> u64 {
    let Events { good, bad, excluded } = totals(registry, slo);
    assert_eq!((bad, excluded), (0, 0));
    good
}

#[test]
fn a_request_rejected_while_the_handler_first_runs_counts_once() {
    explore("bind and hold", || {
        let registry = declared();
        let recorder = registry.recorder();
        let handled = thread::spawn(move || end(recorder, Some(&ORDER)));
        let rejected = thread::spawn(move || end(recorder, None));
        handled.join().expect("it does not panic");
        rejected.join().expect("it does not panic");
        assert_eq!(good(&registry, "order"), 2);
    });
}

#[test]
fn what_was_held_counts_once_however_many_bind_the_route() {
    explore("two bind one held", || {
        let registry = declared();
        let recorder = registry.recorder();
        end(recorder, None);
        let both = [0, 1].map(|_| thread::spawn(move || end(recorder, Some(&ORDER))));
        both.into_iter().for_each(|one| one.join().expect("it does not panic"));
        assert_eq!(good(&registry, "order"), 3);
    });
}

/// Two handlers first run on one route together: whichever binds it, what is rejected later counts for that one.
#[test]
fn a_route_stays_bound_to_the_handler_that_was_first() {
    explore("two handlers", || {
        let registry = declared();
        let recorder = registry.recorder();
        let both = [&ORDER, &REFUND].map(|handler| {
            thread::spawn(move || {
                end(recorder, Some(handler));
                end(recorder, None);
            })
        });
        both.into_iter().for_each(|one| one.join().expect("it does not panic"));
        let goods = [good(&registry, "order"), good(&registry, "refund")];
        assert!([[3, 1], [1, 3]].contains(&goods), "{goods:?}");
    });
}

/// A request rejected before the handler first ran is judged by readers; none of them takes it away again.
#[test]
fn what_was_held_appears_once_and_stays() {
    explore("held under a reader", || {
        let registry = declared();
        let recorder = registry.recorder();
        end(recorder, None);
        let handled = thread::spawn(move || {
            end(recorder, Some(&ORDER));
            end(recorder, None);
        });
        let seen = [0, 1].map(|_| good(&registry, "order"));
        assert!(seen[0] <= seen[1] && seen[1] <= 3, "{seen:?}");
        handled.join().expect("it does not panic");
        assert_eq!(good(&registry, "order"), 3);
    });
}
