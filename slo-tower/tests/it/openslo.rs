//! A file that changes promises, as those see it who ask the service over HTTP.

use http::Request;
use serde_json::{Value, json};
use slo_tower::{Objective, Sli, Slo, SloRegistry};

use crate::support::{call, read};

#[test]
fn the_page_says_what_a_file_changes_and_names_no_path() {
    let slo =
        Slo::literal("buy", Sli::Availability, Objective::literal("99.9%")).with_route("POST /buy").unwrap();
    let path = std::env::temp_dir().join(format!("slo-tower-openslo-{}.yaml", std::process::id()));
    for (target, objective, overrides) in [
        ("0.995", 0.995, json!({ "changed": ["buy"], "added": [], "failing": false })),
        ("99.5", 0.999, json!({ "changed": [], "added": [], "failing": true })),
    ] {
        let document =
            "apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: buy\nspec:\n  objectives:\n    - target: ";
        std::fs::write(&path, format!("{document}{target}\n")).unwrap();
        let builder = || SloRegistry::builder("shop").without_declared().slo(slo.clone());
        let slos = builder().openslo_file(&path).build().unwrap();
        let mut body = call(slos.status_service(), Request::new(())).into_body();
        let text = String::from_utf8(read(&mut body).unwrap()).unwrap();
        let status: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&status["slos"][0]["objective"], &status["overrides"]), (&json!(objective), &overrides));
        assert!(!text.contains("slo-tower-openslo"), "{text}");
        let is_wrong = overrides["failing"] == true;
        assert_eq!(slos.openslo_errors().is_empty(), !is_wrong);
        assert_eq!(builder().require_openslo_file(&path).build().is_err(), is_wrong);
    }
    std::fs::remove_file(&path).unwrap();
}
