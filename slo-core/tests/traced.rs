//! Alerts and health in the log: one event for each edge, with its numbers as fields.
//!
//! In a process of its own: what `tracing` keeps of an event is global, and decided by the thread that first has one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slo_core::{
    BurnPolicy, Check, Clock, Monitor, Objective, Outcome, Registry, Report, Sli, Slo, Timestamp, Verdict,
};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Logged>>>);

/// Level, target and fields of an event.
type Logged = (Level, &'static str, Fields);

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        self.0.lock().expect("nobody panics with it").push((*metadata.level(), metadata.target(), fields));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn each_change_is_one_event() {
    let log = Log::default();
    let slo = Slo::literal("job-availability", Sli::Availability, Objective::literal("99%"));
    let slo = slo.with_operation("job").expect("it is plain");
    let clock = Clock::manual(Timestamp::from_unix_seconds(472_222 * 3_600));
    let registry = Registry::builder("shop").slo(slo).clock(clock.clone()).build().expect("it is valid");
    tracing::subscriber::with_default(log.clone(), || {
        for number in 0..10 {
            let verdict = if number < 5 { Verdict::Bad } else { Verdict::Good };
            registry.attempt("job").finish_as(Outcome::Completed(0), verdict);
        }
        for hours in [0, 0, 7, 7] {
            clock.advance(Duration::from_secs(hours * 3_600));
            registry.tick(clock.now());
        }
    });
    let log = std::mem::take(&mut *log.0.lock().expect("nobody panics with it"));
    let shown = |name: &str| log.iter().map(|(_, _, fields)| fields.0.get(name).cloned()).collect::<Vec<_>>();
    let told = |texts: [&str; 4]| texts.map(|text| (!text.is_empty()).then(|| text.to_owned())).to_vec();
    let levels: Vec<_> = log.iter().map(|(level, _, _)| *level).collect();
    assert_eq!(levels, [Level::ERROR, Level::WARN, Level::INFO, Level::INFO]);
    assert!(log.iter().all(|(_, target, _)| *target == "slo::alert"));
    for (name, expected) in [
        ("message", ["alert fired", "alert fired", "alert resolved", "alert resolved"]),
        ("service", ["\"shop\""; 4]),
        ("slo", ["\"job-availability\""; 4]),
        ("severity", ["\"page\"", "\"ticket\"", "\"page\"", "\"ticket\""]),
        ("factor", ["14.4", "3.0", "14.4", "3.0"]),
        ("long_window", ["\"1h\"", "\"1d\"", "\"1h\"", "\"1d\""]),
        ("short_window", ["\"5m\"", "\"2h\"", "\"5m\"", "\"2h\""]),
        ("long_burn", ["50.0", "50.0", "", "50.0"]),
        ("short_burn", ["50.0", "50.0", "", ""]),
        ("budget_spent", ["50.0"; 4]),
        ("lasted_seconds", ["0.0", "0.0", "25200.0", "25200.0"]),
    ] {
        assert_eq!(shown(name), told(expected), "{name}");
    }
}

#[test]
fn each_edge_of_the_health_is_one_event() {
    let log = Log::default();
    let slo = Slo::literal("job-availability", Sli::Availability, Objective::literal("99%"));
    let slo = slo.with_operation("job").expect("it is plain");
    let clock = Clock::manual(Timestamp::from_unix_seconds(472_222 * 3_600));
    let check = Check::blocking("database", || Report::Pass).jitter(0.0).fail_after(2);
    let monitor = Arc::new(Monitor::new(vec![check], Vec::new(), 7, clock.now()).expect("it is right"));
    let builder = Registry::builder("shop").slo(slo).clock(clock.clone());
    let registry = builder.health(Arc::clone(&monitor), BurnPolicy::new()).build().expect("it is valid");
    tracing::subscriber::with_default(log.clone(), || {
        // Runs that change nothing say nothing.
        for letter in "PPFFFWPP".chars() {
            let report = match letter {
                'P' => Report::Pass,
                'W' => Report::Warn("slow".into()),
                _ => Report::Fail("refused".into()),
            };
            let run = monitor.begin(clock.now()).remove(0);
            monitor.end(run, report, clock.now());
            clock.advance(Duration::from_secs(20));
        }
        clock.advance(Duration::from_secs(600));
        monitor.expire(clock.now());
        let hold = Arc::clone(&monitor);
        hold.hold_start(clock.now());
        hold.release_start(clock.now());
        monitor.drain(clock.now());
        monitor.drain(clock.now());
        for hours in [0, 0, 100] {
            registry.attempt("job").finish_as(Outcome::Completed(0), Verdict::Bad);
            registry.attempt("job").finish_as(Outcome::Completed(0), Verdict::Bad);
            clock.advance(Duration::from_secs(hours * 3_600));
            registry.tick(clock.now());
        }
        clock.advance(Duration::from_secs(100 * 3_600));
        registry.tick(clock.now());
    });
    let log = std::mem::take(&mut *log.0.lock().expect("nobody panics with it"));
    let lines = log.iter().filter(|(_, target, _)| *target == "slo::health").map(|(level, _, fields)| {
        let known = ["message", "check", "gate", "from", "to", "reason", "slo", "severity"];
        let values = known.into_iter().filter_map(|name| fields.0.get(name));
        values.fold(level.to_string(), |line, value| format!("{line} {value}"))
    });
    let expected = [
        "INFO check passes \"database\" \"informational\" \"unknown\" \"pass\"",
        "WARN check fails \"database\" \"informational\" \"pass\" \"fail\" \"refused\"",
        "WARN check warns \"database\" \"informational\" \"fail\" \"warn\" \"slow\"",
        "INFO check passes \"database\" \"informational\" \"warn\" \"pass\"",
        "WARN check is silent \"database\" \"informational\" \"pass\" \"unknown\" \"has not reported for 620s\"",
        "INFO process is starting \"ready\" \"starting\"",
        "INFO process is ready \"starting\" \"ready\"",
        "INFO process is draining \"ready\" \"draining\"",
        "WARN budget burns \"job-availability\" \"page\"",
        "INFO budget burns no more \"job-availability\"",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[cfg(feature = "openslo")]
#[test]
fn a_file_that_is_left_out_is_one_error_that_names_its_mistakes() {
    let log = Log::default();
    let slo = Slo::literal("job-availability", Sli::Availability, Objective::literal("99%"));
    let slo = slo.with_operation("job").expect("it is plain");
    let path = std::env::temp_dir().join(format!("slo-traced-{}.yaml", std::process::id()));
    std::fs::write(&path, "kind: SLO\n").expect("there is room");
    let build =
        || Registry::builder("shop").slo(slo).openslo_file(&path).build().expect("files never fail it");
    drop(tracing::subscriber::with_default(log.clone(), build));
    let logged = log.0.lock().expect("nobody panics with it");
    let [(level, "slo::openslo", fields)] = &logged[..] else { panic!("one event: {}", logged.len()) };
    let path_said = path.display().to_string();
    let expected = format!(
        "the compiled promises stay in force: {path_said}:1:1: apiVersion is missing: write apiVersion: openslo/v1"
    );
    assert_eq!((*level, &fields.0["message"], &fields.0["path"]), (Level::ERROR, &expected, &path_said));
    assert_eq!(fields.0["service"], "\"shop\"");
    std::fs::remove_file(&path).expect("it is ours");
}
