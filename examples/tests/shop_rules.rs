//! The files that the shop prints, as the tools of Prometheus take them.

#[path = "support/programs.rs"]
#[allow(dead_code, reason = "shared by all tests that start programs")]
mod programs;

use std::fs;
use std::process::Command;

use self::programs::{Directory, is_installed, run_shop, skip};

/// Prints a file and ends, whatever the port and the directory of the state are used for.
fn printed(what: &str) -> String {
    let environment = [("PORT", "1"), ("SLO_STATE_DIR", "/dev/null/nowhere")];
    let (code, out, error) = run_shop(&["--print", what], &environment);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{what}");
    out
}

#[test]
fn what_the_shop_prints_is_valid() {
    const NAME: &str = "what_the_shop_prints_is_valid";
    let (rules, object, routes) = (printed("rules"), printed("prometheusrule"), printed("alertmanager"));
    let promised =
        ["checkout-availability", "checkout-combined", "search-latency", "recommendations-availability"];
    for slo in promised {
        let alert = format!("slo_events_total{{slo=\"{slo}\",job=\"shop\"}}");
        assert!(rules.contains(&alert) && object.contains(&alert), "{slo}: {rules}");
    }
    assert!(object.contains("kind: PrometheusRule\n") && object.contains("\n  name: shop-slo\n"), "{object}");
    for (what, words) in [
        ("dashboard-overview", "\"uid\": \"slo-overview-shop\""),
        ("dashboard-slo", "\"uid\": \"slo-slo-shop\""),
        ("dashboard-service", "\"uid\": \"slo-service-shop\""),
        ("grafana-dashboards", "path: /var/lib/grafana/dashboards/slo"),
        ("grafana-datasource", "http://127.0.0.1:9090"),
    ] {
        let file = printed(what);
        assert!(file.contains(words), "{what}: {file}");
    }
    if !is_installed("promtool") || !is_installed("amtool") {
        return skip(NAME, "promtool or amtool is not installed");
    }
    let directory = Directory::new("printed");
    let check = |tool: &str, command: &[&str], text: &str| {
        let path = directory.0.join("printed.yaml");
        fs::write(&path, text).expect("a file can be written");
        let output = Command::new(tool).args(command).arg(&path).output().expect("it starts");
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    };
    check("promtool", &["check", "rules"], &rules);
    check("amtool", &["check-config"], &routes);
}
