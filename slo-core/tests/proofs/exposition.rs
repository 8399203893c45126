//! The text we emit, kept in files. `UPDATE_GOLDEN=1` rewrites them.

use std::path::Path;
use std::time::Duration;

use slo_core::naming::{FAMILIES, Family, FamilyKind};
use slo_core::{
    AlertPolicy, BurnRate, Check, Clock, Finding, GrpcCode, Outcome, Registry, Report, Sli, Slo, SloStatus,
    TextFormat, Threshold, Verdict, Window,
};

use super::support::{Scrape, latency, on_route, render, slo, watched_registry};

/// A template that needs every escape there is, and one that needs none of them.
pub(super) const ODD: &str = "/odd/\"quoted\"/back\\slash/new\nline/ünï{cödé}";

/// A small service that has seen a little of everything.
pub(super) fn sample() -> (Registry, Clock) {
    let threshold = Threshold::literal("250ms");
    let labelled = slo("restock-availability", Sli::Availability).with_label("team", "sto\"re\\s\n");
    let slos = [
        on_route("checkout-availability", Sli::Availability, "POST /checkout"),
        on_route("checkout-latency", latency("40us"), "POST /checkout").with_alerts(AlertPolicy::OFF),
        on_route("search-combined", Sli::Combined { threshold }, "GET /search/{term}")
            .with_window(Window::literal("7d")),
        on_route("buy-availability", Sli::Availability, "shop.Shop/Buy"),
        labelled.and_then(|slo| slo.with_operation("restock")).expect("the label is plain"),
    ];
    let (registry, clock) = with_health(slos);
    let recorder = registry.recorder();
    let after = |millis, attempt: slo_core::Attempt, outcome, verdict| {
        clock.advance(Duration::from_millis(millis));
        attempt.finish_as(outcome, verdict);
    };
    for millis in [3, 250, 251] {
        after(millis, recorder.request("POST", Some("/checkout")), Outcome::Completed(200), Verdict::Good);
        after(
            millis,
            recorder.request("GET", Some("/search/{term}")),
            Outcome::Completed(404),
            Verdict::Good,
        );
    }
    after(9, recorder.request("POST", Some("/checkout")), Outcome::Completed(503), Verdict::Bad);
    after(9, recorder.request("POST", Some("/checkout")), Outcome::BodyAborted(200), Verdict::Cancelled);
    after(1, recorder.request("_OTHER", None), Outcome::Completed(405), Verdict::Good);
    after(1, recorder.request("GET", Some(ODD)), Outcome::Panicked, Verdict::Bad);
    after(
        2,
        recorder.call("shop.Shop/Buy"),
        Outcome::Completed(GrpcCode::Unavailable.number()),
        Verdict::Bad,
    );
    after(
        2,
        recorder.call("shop.Shop/Sell"),
        Outcome::Completed(GrpcCode::Unimplemented.number()),
        Verdict::Bad,
    );
    after(61_000, recorder.operation("restock"), Outcome::Completed(0), Verdict::Good);
    drop(recorder.operation("restock"));
    after(0, recorder.operation("clean \"up\""), Outcome::Completed(0), Verdict::Good);
    for (millis, outcome) in [(70, Outcome::Completed(200)), (400, Outcome::BodyAborted(200))] {
        let mut stream = recorder.request("GET", Some("/events"));
        clock.advance(Duration::from_millis(4));
        let head = stream.head_of_stream();
        clock.advance(Duration::from_millis(millis));
        stream.end_after(head, outcome);
    }
    registry.tick(clock.now());
    (registry, clock)
}

/// A process with a check of each level, and one that has not run yet.
fn with_health(slos: impl IntoIterator<Item = Slo>) -> (Registry, Clock) {
    let checks = ["database", "backup", "queue", "not-run-yet"].map(|name| {
        let late = Duration::from_secs(if name == "not-run-yet" { 3_600 } else { 0 });
        let check = Check::blocking(name, || Report::Pass).jitter(0.0);
        check.initial_delay(late).stale_after(Duration::from_secs(3_600))
    });
    let (registry, monitor, clock) = watched_registry(slos, checks.to_vec());
    let reports = [Report::Pass, Report::Warn("old".into()), Report::Fail("full".into())];
    for (run, report) in monitor.begin(clock.now()).into_iter().zip(reports) {
        clock.advance(Duration::from_millis(4));
        let is_full = report == Report::Fail("full".into());
        let finding = Finding::from(report);
        let finding =
            if is_full { finding.with("waiting_jobs", 812.0).with("oldest_seconds", 0.5) } else { finding };
        monitor.end(run, finding, clock.now());
    }
    (registry, clock)
}

fn check(file: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).expect("the file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the file exists: UPDATE_GOLDEN=1 writes it");
    for (number, (actual, expected)) in actual.lines().zip(expected.lines()).enumerate() {
        assert_eq!(actual, expected, "{file}:{}", number + 1);
    }
    assert_eq!(actual.lines().count(), expected.lines().count(), "{file} has another length");
}

#[test]
fn expositions_are_the_golden_ones() {
    let (registry, _clock) = sample();
    let pending = registry.recorder().request("GET", Some("/search/{term}"));
    check("metrics.prometheus.txt", &render(&registry, TextFormat::Prometheus));
    check("metrics.openmetrics.txt", &render(&registry, TextFormat::OpenMetrics));
    drop(pending);
}

/// Before the first event: zeros where there is a count, nothing where a ratio would have no meaning.
#[test]
fn every_series_exists_from_the_first_scrape() {
    let slos = [
        on_route("checkout-availability", Sli::Availability, "POST /checkout"),
        on_route("buy-availability", Sli::Availability, "shop.Shop/Buy"),
        slo("restock-availability", Sli::Availability).with_operation("restock").expect("it is plain"),
    ];
    let checks = vec![Check::blocking("database", || Report::Pass)];
    let (registry, _monitor, _clock) = watched_registry(slos, checks);
    check("metrics.first-scrape.txt", &render(&registry, TextFormat::Prometheus));
    let scrape = Scrape::of(&registry);
    let absent = [
        "slo_stream_duration_seconds",
        "slo_sli_ratio",
        "slo_error_budget_remaining_ratio",
        "slo_burn_rate",
        "slo_budget_exhaustion_seconds",
        "health_check_status",
        "health_check_duration_seconds",
        "health_check_last_success_timestamp_seconds",
        "health_check_reading",
        // Without a state directory.
        "slo_state_saved_timestamp_seconds",
        "slo_state_failing",
        // Without a file that changes promises.
        "slo_overrides_failing",
    ];
    for family in ours() {
        let name = match family.kind {
            FamilyKind::Histogram => format!("{}_count", family.name),
            FamilyKind::Counter | FamilyKind::Gauge => family.name.to_owned(),
        };
        let values: Vec<f64> = scrape.all(&name, &[]).map(|sample| sample.value).collect();
        assert_eq!(values.is_empty(), absent.contains(&family.name), "{name}");
        let constant = ["slo_info", "slo_objective_ratio", "health_probe_status", "health_life"];
        let constant = constant.contains(&family.name);
        assert!(constant || values.iter().all(|value| *value == 0.0), "{name}: {values:?}");
    }
}

/// The families of a registry that pushes to nobody.
fn ours() -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().filter(|family| !family.name.starts_with("slo_notifications"))
}

/// The order is the catalogue's, and a family's lines are never apart: both formats demand it.
#[test]
fn families_come_in_the_order_of_the_catalogue() {
    let (registry, _clock) = sample();
    for format in [TextFormat::Prometheus, TextFormat::OpenMetrics] {
        let text = render(&registry, format);
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        // This one keeps no state, and reads no file.
        let absent = |name: &str| name.starts_with("slo_state_") || name == "slo_overrides_failing";
        let exposed = ours().filter(|family| !absent(family.name));
        let expected = exposed.map(|family| match (format, family.kind) {
            (TextFormat::OpenMetrics, FamilyKind::Counter) => family.name.trim_end_matches("_total"),
            _ => family.name,
        });
        assert_eq!(types.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{format:?}");
        assert!(FAMILIES.iter().all(|family| Registry::renders(family.name)));
    }
}

/// However much happens between two pieces, the totals of all SLOs are those of one point, and nothing is torn.
#[test]
fn the_pieces_of_an_exposition_are_one_document() {
    let (registry, _clock) = sample();
    let (mut pieces, mut text) = (registry.exposition(TextFormat::Prometheus), String::new());
    assert!(pieces.write_piece(&mut text), "the first piece reads the totals");
    let before = render(&registry, TextFormat::Prometheus);
    let largest = std::iter::from_fn(|| {
        let written = text.len();
        // Requests of known and of new routes end while the text is being written.
        registry
            .recorder()
            .request("POST", Some("/checkout"))
            .finish_as(Outcome::Completed(503), Verdict::Bad);
        let route = format!("/new/{}", written % 16);
        registry.recorder().request("GET", Some(&route)).finish_as(Outcome::Completed(200), Verdict::Good);
        pieces.write_piece(&mut text).then_some(text.len() - written)
    });
    assert!(largest.max().expect("there are pieces") < 16_384, "a piece is short");
    let slos = |text: &str| -> Vec<String> {
        let counted = |line: &&str| line.starts_with("slo_") && line.contains("{slo=");
        text.lines().filter(counted).map(str::to_owned).collect()
    };
    assert_eq!(slos(&text), slos(&before));
    let scrape = Scrape::parse(&text);
    for series in scrape.all("http_server_request_duration_seconds_count", &[]) {
        let mut labels: Vec<_> =
            series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        labels.push(("le", "+Inf"));
        let name = "http_server_request_duration_seconds_bucket";
        let all = scrape.all(name, &labels).filter(|sample| sample.labels.len() == labels.len());
        assert_eq!(all.map(|sample| sample.value).collect::<Vec<_>>(), [series.value], "{labels:?}");
    }
    assert!(!pieces.write_piece(&mut text), "it stays at its end");
}

/// Reading SLO by SLO is reading all of them.
#[test]
fn a_status_is_the_same_read_slo_by_slo() {
    let (registry, clock) = sample();
    clock.advance(Duration::from_secs(30));
    let mut reader = registry.read_status();
    let (expected, mut status) = (registry.status(), reader.head());
    assert!(status.slos.is_empty());
    registry.recorder().request("POST", Some("/checkout")).finish_as(Outcome::Completed(503), Verdict::Bad);
    let totals = |status: &slo_core::Status| -> Vec<_> {
        status.slos.iter().map(|slo| (slo.name.clone(), slo.total, slo.routes.clone())).collect()
    };
    status.slos.extend(reader.by_ref());
    assert_eq!((totals(&status), status.at), (totals(&expected), expected.at));
    let checkout = expected.slo("checkout-availability").expect("it is declared");
    assert_eq!(checkout.routes, ["POST /checkout"]);
    // Three answers, a failure and a client that left.
    assert_eq!(checkout.latency.map(|latency| latency.count), Some(5));
}

/// A client may read slowly, and ticks go on: its windows end where its totals were read.
#[test]
fn a_status_that_is_read_slowly_is_that_of_its_beginning() {
    const TICK: Duration = Duration::from_secs(10);
    let (registry, clock) = sample();
    let tick = |outcome, verdict| {
        clock.advance(TICK);
        registry.recorder().request("POST", Some("/checkout")).finish_as(outcome, verdict);
        registry.tick(clock.now());
    };
    // Ten minutes of failures among good hours: windows of all lengths tell another story.
    (0..1_000).for_each(|_| tick(Outcome::Completed(200), Verdict::Good));
    (0..60).for_each(|_| tick(Outcome::Completed(500), Verdict::Bad));
    let (expected, begun) = (registry.status(), [(); 4].map(|()| registry.read_status()));
    let rates = |slo: &SloStatus| -> Vec<f64> {
        slo.burn_rates.iter().map(|burn| burn.rate.map_or(f64::NAN, BurnRate::get)).collect()
    };
    let (whole, mut passed) = (&expected.slos[0], 0);
    // For an hour the finest samples are still there; then windows begin with coarser ones.
    for (mut reader, ticks) in begun.into_iter().zip([0, 7, 200, 310]) {
        (passed..ticks).for_each(|_| tick(Outcome::Completed(200), Verdict::Good));
        passed = ticks;
        let late = reader.next().expect("there are some");
        assert_eq!((late.total, late.events), (whole.total, whole.events), "after {ticks} ticks");
        assert_eq!(late.alerts, whole.alerts, "after {ticks} ticks");
        for (late, whole) in rates(&late).into_iter().zip(rates(whole)) {
            assert!((late / whole - 1.0).abs() < 0.04, "{late} for {whole} after {ticks} ticks");
        }
        assert!((late.coverage / whole.coverage - 1.0).abs() < 0.01, "{} after {ticks} ticks", late.coverage);
    }
}
