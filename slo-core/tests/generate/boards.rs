//! Dashboards: as they were, as the schema of Grafana has them, and asking for nothing that is not there.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use slo_core::naming::{self, FamilyKind};
use slo_core::{Dashboard, GeneratedFile, Generator, Rule};

use crate::promtool::{Directory, said};
use crate::skipped::skipped;
use crate::subjects::{generator, slos};

fn furnished() -> Generator {
    let generator = generator(slos()).matching(r#"job="shop",env=~"prod|\"x\"""#).expect("matchers");
    generator.label("env", "prod \"1\"").expect("a plain name")
}

fn parsed(file: &GeneratedFile) -> Value {
    serde_json::from_str(file.as_str()).expect("it is JSON")
}

/// Every panel but the titles of rows.
fn panels(board: &Value) -> Vec<&Value> {
    let all = board["panels"].as_array().expect("a list").iter();
    all.filter(|panel| panel["type"] != "row").collect()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Every expression, and those by which values to choose from are found.
fn questions(board: &Value) -> Vec<String> {
    let targets = panels(board).into_iter().flat_map(|panel| panel["targets"].as_array().expect("a list"));
    let mut questions: Vec<_> = targets.map(|target| text(target, "expr").to_owned()).collect();
    let choices = board["templating"]["list"].as_array().expect("a list").iter();
    questions.extend(
        choices
            .filter(|choice| choice["type"] == "query")
            .map(|choice| text(&choice["query"], "query").to_owned()),
    );
    questions
}

/// Every name of a metric in an expression: what stands before a brace, and what is matched as `__name__`.
fn names(question: &str) -> BTreeSet<String> {
    let is_name = |each: char| each.is_ascii_alphanumeric() || each == '_' || each == ':';
    let mut names = BTreeSet::new();
    for (at, _) in question.match_indices('{') {
        let before = &question[..at];
        let name = &before[before.rfind(|each| !is_name(each)).map_or(0, |end| end + 1)..];
        match question[at + 1..].strip_prefix("__name__=~\"") {
            Some(any) if name.is_empty() => {
                let any = any.split('"').next().expect("it ends");
                names.extend(any.split('|').map(str::to_owned));
            }
            _ => {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn names_are_found_where_they_stand() {
    let question = r#"sum by (le) (a:b{c="d"}) / on () {__name__=~"e_f|g",h="i"} or 0 * max(j{}) "#;
    assert_eq!(names(question).into_iter().collect::<Vec<_>>(), ["a:b", "e_f", "g", "j"]);
    assert_eq!(names("sum(rate({a=\"b\"}[5m]))").into_iter().collect::<Vec<_>>(), [""]);
}

/// What rules record, what processes expose, and what Prometheus makes of alerts.
fn known(generator: &Generator) -> BTreeSet<String> {
    let rules = generator.groups().into_iter().flat_map(|group| group.rules);
    let recorded =
        rules.filter_map(|rule| if let Rule::Recording(rule) = rule { Some(rule.record) } else { None });
    let mut known: BTreeSet<_> = recorded.collect();
    for family in naming::FAMILIES {
        match family.kind {
            FamilyKind::Counter | FamilyKind::Gauge => known.insert(family.name.to_owned()),
            FamilyKind::Histogram => {
                ["_bucket", "_count"].map(|end| known.insert(format!("{}{end}", family.name)))[0]
            }
        };
    }
    known.insert(naming::ALERTS.to_owned());
    known
}

#[test]
fn boards_ask_only_for_what_is_recorded_or_exposed() {
    for generator in [furnished(), generator(slos()), generator(slos().into_iter().take(1))] {
        let known = known(&generator);
        let mut asked = BTreeSet::new();
        for board in generator.dashboards() {
            for question in questions(&parsed(&board)) {
                let names = names(&question);
                assert!(!names.is_empty(), "{question} asks for nothing");
                let unknown: Vec<_> = names.difference(&known).collect();
                assert!(
                    unknown.is_empty(),
                    "{}: nobody has {unknown:?}, for which {question} asks",
                    board.name()
                );
                asked.extend(names);
            }
        }
        assert!(asked.len() > 20, "{asked:?}");
    }
}

#[test]
fn selectors_have_the_matchers_of_the_generator() {
    for board in furnished().dashboards() {
        for question in questions(&parsed(&board)) {
            for name in names(&question) {
                let own = if name.contains(':') || ["sloth_slo_info", naming::ALERTS].contains(&name.as_str())
                {
                    r#"env="prod \"1\"""#
                } else {
                    r#"job="shop",env=~"prod|\"x\"""#
                };
                assert!(question.contains(own), "{}: {question} is not about {own}", board.name());
            }
        }
    }
}

#[test]
fn every_panel_says_what_it_is_and_in_which_unit() {
    for board in furnished().dashboards() {
        let board = parsed(&board);
        assert!(board["panels"].as_array().expect("a list").len() > 8);
        let choices = board["templating"]["list"].as_array().expect("a list");
        assert_eq!((text(&choices[0], "type"), text(&choices[0], "name")), ("datasource", "datasource"));
        for panel in panels(&board) {
            let title = text(panel, "title");
            assert!(!title.is_empty() && text(panel, "description").ends_with('.'), "{title}");
            assert!(!text(&panel["fieldConfig"]["defaults"], "unit").is_empty(), "{title}");
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
            let targets = panel["targets"].as_array().expect("a list");
            let references: BTreeSet<_> = targets.iter().map(|target| text(target, "refId")).collect();
            assert!(!targets.is_empty() && references.len() == targets.len(), "{title}");
            for target in targets {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            }
        }
    }
}

#[test]
fn a_gap_is_a_gap() {
    for board in furnished().dashboards() {
        let board = parsed(&board);
        for panel in panels(&board) {
            let custom = &panel["fieldConfig"]["defaults"]["custom"];
            // In rows of times a gap is one unless something else is said.
            let kept = (text(panel, "type") == "timeseries").then_some(false);
            assert_eq!(custom["spanNulls"].as_bool(), kept, "{panel}");
        }
        for question in questions(&board) {
            assert!(!question.contains("vector("), "{question} has a value where there is none");
            for (at, _) in question.match_indices("rate(") {
                let window = question[at..].split('[').nth(1).and_then(|rest| rest.split(']').next());
                assert_eq!(window, Some("$__rate_interval"), "{question}");
            }
        }
    }
}

#[test]
fn panels_lie_side_by_side() {
    for board in furnished().dashboards() {
        let board = parsed(&board);
        let mut taken = BTreeSet::new();
        for panel in board["panels"].as_array().expect("a list") {
            let [x, y, w, h] =
                ["x", "y", "w", "h"].map(|name| panel["gridPos"][name].as_u64().expect("a number"));
            assert!(x + w <= 24, "{panel}");
            for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(place), "{} lies on another", panel["title"]);
            }
        }
        let ids: BTreeSet<_> = panels(&board).into_iter().map(|panel| panel["id"].as_u64()).collect();
        assert_eq!(ids.len(), panels(&board).len());
    }
}

#[test]
fn the_overview_leads_to_the_board_of_each_slo() {
    let link = |service: &str| {
        let generator = slo_core::Registry::builder(service).build().expect("it has a name").generate();
        let overview = parsed(&generator.dashboard(Dashboard::Overview));
        let table = panels(&overview)
            .into_iter()
            .find(|panel| panel["type"] == "table")
            .expect("it is there")
            .clone();
        let overrides = table["fieldConfig"]["overrides"].as_array().expect("a list").clone();
        let own = overrides.iter().find(|each| each["matcher"]["options"] == "SLO").expect("it is there");
        let board = parsed(&generator.dashboard(Dashboard::Slo));
        (text(&own["properties"][0]["value"][0], "url").to_owned(), text(&board, "uid").to_owned())
    };
    let (url, uid) = link("shop");
    assert_eq!(
        (url.replace("${__data.fields.Service}", "shop").split('?').next(), uid.as_str()),
        (Some("/d/slo-slo-shop"), "slo-slo-shop")
    );
    let (url, uid) = link("a shop");
    assert!(url.starts_with(&format!("/d/{uid}?var-slo=${{__data.fields.SLO}}&")), "{url}");
}

#[test]
fn a_line_is_that_of_the_policy() {
    let board = parsed(&generator(slos()).dashboard(Dashboard::Slo));
    let burn = panels(&board).into_iter().find(|panel| text(panel, "title") == "Burn rate by window");
    let targets = burn.expect("it is there")["targets"].as_array().expect("a list");
    let line = |legend: &str| {
        let target = targets.iter().find(|target| text(target, "legendFormat") == legend);
        text(target.unwrap_or_else(|| panic!("no line {legend}")), "expr").to_owned()
    };
    // Of all whose policy has this row, and of the one that has rows of its own.
    let page = line("page above 14.4: 1h and 5m");
    assert!(page.starts_with("14.4 * max(sloth_slo_info{"), "{page}");
    assert!(page.contains("|plain") && !page.contains("own-rows") && !page.contains("silent"), "{page}");
    let own = line("ticket above 1.5: 1d12h and 3h");
    assert!(own.contains(r#"sloth_slo="$slo",sloth_slo=~"own-rows"}"#), "{own}");
    let counted = line("5m");
    assert!(
        counted.contains("slo:count_error:ratio_rate5m{") || counted.contains("slo:sli_error:ratio_rate5m{")
    );
}

#[test]
fn boards_and_provisioning_are_the_golden_ones() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generate/golden");
    let few = slos().into_iter().filter(|slo| ["plain", "weekly", "counted"].contains(&slo.name()));
    let generator = generator(few).matching(r#"job="shop""#).expect("matchers");
    for file in generator.dashboards() {
        file.assert_current(golden.join(file.name()));
    }
    for file in [
        generator.grafana_dashboards("/var/lib/grafana/dashboards/slo"),
        generator.grafana_datasource("http://prometheus:9090"),
    ] {
        file.assert_current(golden.join(file.name()));
    }
    assert_eq!(generator.dashboards(), generator.clone().dashboards());
}

#[test]
fn boards_are_what_the_schema_of_grafana_says() {
    const NAME: &str = "boards_are_what_the_schema_of_grafana_says";
    let Ok(python) = std::env::var("SLO_PYTHON") else {
        return skipped(NAME, "SLO_PYTHON names no interpreter with grafana_foundation_sdk");
    };
    let directory = Directory::new("schema");
    let boards = furnished().dashboards();
    let mut files: Vec<_> =
        boards.iter().map(|board| directory.write(board.name(), board.as_str())).collect();
    let check = |files: &[std::path::PathBuf]| {
        let script = include_str!("schema.py");
        let output = Command::new(&python).args(["-c", script]).args(files).output().expect("it starts");
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    assert_eq!(check(&files), "");

    // It would notice: a setting that is none, and one at a wrong place.
    let wrong = boards[0].as_str().replacen("\"spanNulls\"", "\"spanNull\"", 1);
    let wrong = wrong.replacen("\"graphTooltip\": 1", "\"graphTooltip\": 1,\n  \"fillOpacity\": 3", 1);
    files = vec![directory.write("wrong.json", &wrong)];
    let complaints = check(&files);
    assert!(complaints.contains(".custom.spanNull is unknown"), "{complaints}");
    assert!(complaints.contains("wrong.json.fillOpacity is unknown"), "{complaints}");
    assert_eq!(complaints.lines().count(), 2, "{complaints}");
}
