//! The draft of a post-mortem: how it reads, and that nothing in it is anybody's markup but ours.

use std::path::Path;
use std::time::Duration;

use slo_core::{Clock, Objective, Outcome, Registry, Sli, Slo};

use super::reports::{DOWN, GOOD, HOUR, MINUTE, Shop, TICK};
use super::support::START;

/// Names, routes and labels are texts of users: none of them becomes a tag, a heading, a link or another cell.
#[test]
fn foreign_texts_are_no_markup() {
    const EVIL: &str = "|<script>alert(1)</script>\n# x\n[a](javascript:b) `` ![i](j)";
    let clock = Clock::manual(START);
    let slo = Slo::new("__a__", Sli::Availability, Objective::literal("99%")).expect("a name");
    let slo = slo.with_label("team", EVIL).and_then(|slo| slo.with_route("GET /<b>|`x`")).expect("a route");
    let registry = Registry::builder(EVIL).without_declared().slo(slo).clock(clock.clone()).build();
    let registry = registry.expect("it is valid");
    for status in [200, 500, 500] {
        for _ in 0..50 {
            registry.recorder().request("GET", Some("/<b>|`x`")).finish(Outcome::Completed(status));
        }
        clock.advance(Duration::from_secs(TICK));
        registry.tick(clock.now());
    }
    let draft = registry.incidents().remove(0).to_markdown();
    let mut headings = draft.lines().filter(|line| line.starts_with('#'));
    assert!(headings.all(|line| line != "# x"), "{draft}");
    // Whatever stands outside of code.
    let mut outside = String::new();
    for line in draft.lines() {
        let mut rest = line;
        while let Some(at) = rest.find('`') {
            outside.push_str(&rest[..at]);
            let fence = rest[at..].len() - rest[at..].trim_start_matches('`').len();
            let (fence, after) = rest[at..].split_at(fence);
            let runs = after.match_indices(fence).find(|(found, _)| {
                let ends = !after[found + fence.len()..].starts_with('`');
                ends && (*found == 0 || !after[..*found].ends_with('`'))
            });
            let (end, _) = runs.unwrap_or_else(|| panic!("code is not ended in {line}"));
            rest = &after[end + fence.len()..];
        }
        outside.push_str(rest);
        outside.push('\n');
    }
    for markup in ["<", "script", "javascript", "[a]", "![", "__a__"] {
        assert!(!outside.contains(markup), "{markup} in {outside}");
    }
    // A row of a table has as many cells as its head, unescaped bars being what ends a cell.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    for line in draft.lines().filter(|line| line.contains("GET /")) {
        assert_eq!(cells(line), 5, "{line}");
    }
}

/// `UPDATE_GOLDEN=1` writes the file anew.
#[test]
fn the_draft_of_a_post_mortem_reads_like_this() {
    let mut shop = Shop::with(|slo| slo.with_label("team", "orders").expect("a label"));
    shop.pass(12 * HOUR, &[GOOD; 10]);
    let outage = [DOWN, DOWN, DOWN, GOOD, ("GET /orders", Outcome::Panicked, 40)];
    shop.pass(10 * MINUTE, &outage.repeat(10));
    shop.pass(12 * HOUR, &[GOOD; 10]);
    let draft = shop.incident("get-availability").to_markdown();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/post_mortem.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &draft).expect("the file can be written");
    }
    assert_eq!(draft, std::fs::read_to_string(&path).expect("the file is there"));
}
