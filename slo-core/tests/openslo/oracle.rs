//! What another program reads in our documents.

use slo_core::{Objective, Sli, Slo, Threshold, Window};

use super::support::builder;

#[test]
fn another_importer_reads_the_same_objectives() {
    let cases = [
        ("50%", "7d"),
        ("99%", "30d"),
        ("99.9%", "28d"),
        ("99.95%", "90d"),
        ("99.999%", "36h"),
        ("99.9999999%", "30d"),
    ];
    let slos = cases.map(|(objective, window)| {
        let name = format!("slo-{}-{window}", objective.trim_end_matches('%').replace('.', "-"));
        let sli = Sli::Combined { threshold: Threshold::literal("250ms") };
        let slo = Slo::new(name.clone(), sli, Objective::literal(objective)).expect("it is a name");
        slo.with_window(Window::literal(window)).with_operation(name).expect("it is one")
    });
    let text = builder(slos.clone()).build().expect("they are valid").openslo();
    let import = slokit::spec::openslo::from_yaml(&text).expect("it is OpenSLO");
    let [spec] = &import.specs[..] else { panic!("one service: {:?}", import.specs) };
    assert_eq!((spec.service.as_str(), spec.slos.len()), ("shop", slos.len()));
    for (read, slo) in spec.slos.iter().zip(&slos) {
        assert_eq!(read.name, slo.name());
        let percent: f64 = slo.objective().to_string().trim_end_matches('%').parse().expect("it is a number");
        assert!((read.objective - percent).abs() < 1e-12, "{} {}", read.objective, slo.objective());
        let week = slokit::Window::parse("7d").expect("it is one");
        let own = read.to_slo(week).expect("it is valid");
        let budget = slo.objective().error_budget_ratio();
        // It computes with floats: one minus an objective is off by what was lost before.
        assert!((own.error_budget_ratio() - budget).abs() < 1e-12, "{}", slo.objective());
        let period = read.resolve_period(week).expect("it is one");
        assert_eq!(period.as_secs_f64(), slo.window().duration().as_secs_f64());
        let queries = read.sli.events.as_ref().expect("bad and total are events");
        let counters =
            [(&queries.error_query, "slo_bad_events_total"), (&queries.total_query, "slo_events_total")];
        for (query, counter) in counters {
            let expected = format!("sum(increase({counter}{{slo=\"{}\"}}[{{{{.window}}}}]))", slo.name());
            assert_eq!(*query, expected);
        }
    }
}
