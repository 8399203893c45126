//! What the example `game_day` says of its thirty days, held against what it lets happen.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// The ten minutes from two o'clock on, and the first tick after they began.
const OUTAGE: f64 = 1_768_960_800.0;

fn run(arguments: &[&str]) -> Output {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let path: PathBuf = profile.join("examples").join(format!("game_day{}", std::env::consts::EXE_SUFFIX));
    Command::new(&path).args(arguments).output().unwrap_or_else(|error| {
        panic!("{} does not start: run `cargo test -p slo-examples` ({error})", path.display())
    })
}

fn find<'v>(list: &'v Value, slo: &str) -> Vec<&'v Value> {
    let list = list.as_array().expect("a list");
    list.iter().filter(|entry| entry["slo"] == slo || entry["name"] == slo).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn its_numbers_are_those_of_its_story() {
    let output = run(&["--json"]);
    assert!(output.status.success(), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");

    // 24 customers a minute on average, each of whom searches and checks out.
    let month = 24 * 30 * 1_440;
    for slo in ["search-latency", "checkout-availability"] {
        let [status] = find(&told["status"]["slos"], slo)[..] else { panic!("{slo} is there once") };
        let total = &status["total"];
        assert!((number(&total["good"]) + number(&total["bad"]) - f64::from(month)).abs() <= 1.0, "{total}");
        assert_eq!(number(&status["coverage"]), 1.0);
    }

    // One trouble each, one incident each: also of the bank, which was down twelve times.
    assert_eq!(told["incidents"].as_array().map(Vec::len), Some(3));
    for trouble in told["troubles"].as_array().expect("a list") {
        let slo = trouble["slo"].as_str().expect("a name");
        let [incident] = find(&told["incidents"], slo)[..] else { panic!("{slo} has one incident") };
        let bad: f64 = incident["contributions"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|part| number(&part["bad"]))
            .sum();
        assert_eq!(
            (bad, number(&incident["contributions_unexplained"])),
            (number(&incident["events"]["bad"]), 0.0)
        );
        // The simulation knows no single failures beside the trouble, which make little difference.
        let [simulated, replayed] =
            ["simulated", "replayed"].map(|by| number(&trouble[format!("{by}_detection_seconds")]));
        assert!((replayed - simulated).abs() <= 10.0 + 0.03 * simulated, "{trouble}");
        let late = number(&incident["began"]) - number(&trouble["began"]);
        assert!((0.0..=300.0).contains(&late), "{slo} begins {late} s late");
    }

    let [outage] = find(&told["incidents"], "checkout-availability")[..] else { panic!("there is one") };
    assert_eq!((number(&outage["began"]), number(&outage["last_bad"])), (OUTAGE, OUTAGE + 600.0));
    assert_eq!(outage["severity"], "page");
    // Some thirteen customers a minute are awake, and none of them can check out.
    let customers = number(&outage["events"]["bad"]);
    assert!((130.0..150.0).contains(&customers), "{customers}");
    let changes = |incident: &Value| -> Vec<String> {
        let timeline = incident["timeline"].as_array().expect("a list");
        timeline.iter().map(|entry| entry["change"].as_str().expect("a word").to_owned()).collect()
    };
    assert_eq!(changes(outage), ["began", "opened", "worsened", "worsened", "eased", "resolved"]);
    let [bank] = find(&told["incidents"], "bank-availability")[..] else { panic!("there is one") };
    let reopened = changes(bank).iter().filter(|change| *change == "reopened").count();
    assert_eq!(reopened, 3, "{:?}", changes(bank));
}

#[test]
fn people_get_a_story_and_a_draft() {
    let output = run(&[]);
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).expect("it is text");
    assert!(told.starts_with("2026-01-10T"), "{told}");
    for expected in [
        "2026-01-21T02:00:50Z  page   fired     checkout-availability",
        "\nAfter 30 days:\n",
        "\n# Incident: `checkout-availability`, 2026-01-21 02:00 UTC\n",
        "\n## Root cause\n",
    ] {
        assert!(told.contains(expected), "{expected} is not in {told}");
    }
    let help = run(&["--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).contains("--json"));
    assert!(!run(&["--nonsense"]).status.success());
}
