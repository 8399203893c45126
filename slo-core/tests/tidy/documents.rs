//! What the manifests and the documents say is true.

use crate::source::Finding;

/// Everything that may lie in the root of the repository.
const TOP_LEVEL: &[&str] = &[
    ".ci",
    ".github",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "benches",
    "clippy.toml",
    "deny.toml",
    "docs",
    "examples",
    "ops",
    "rustfmt.toml",
    "scripts",
    "slo-core",
    "slo-macros",
    "slo-tower",
];

pub(crate) fn unexpected_entries<'p>(files: impl Iterator<Item = &'p str>) -> Vec<Finding> {
    let mut entries: Vec<&str> = files.map(|file| file.split('/').next().unwrap_or(file)).collect();
    entries.dedup();
    entries.retain(|entry| !TOP_LEVEL.contains(entry));
    let advice = "is not part of the layout: move it into a crate or delete it";
    entries.into_iter().map(|entry| Finding::new(entry, 1, advice)).collect()
}

/// Compares the versions in the workspace manifest with each other and with the change log.
pub(crate) fn version_conflicts(manifest: &str, changelog: &str) -> Vec<Finding> {
    let version = package_value(manifest, "version");
    let mut findings = Vec::new();
    for (number, line) in numbered(manifest) {
        if line.contains("path = ") && value(line, "version") != Some(version) {
            findings.push(Finding::new(
                "Cargo.toml",
                number,
                format!("write version = \"{version}\", as we all do"),
            ));
        }
    }
    let headings: Vec<(usize, &str)> =
        numbered(changelog).filter(|(_, line)| line.starts_with("## ")).collect();
    let released = headings.iter().find(|(_, line)| !line.contains("Unreleased"));
    if headings.is_empty() {
        findings.push(Finding::new("CHANGELOG.md", 1, "add `## [Unreleased]`"));
    }
    if let Some((number, line)) = released
        && !line.starts_with(&format!("## [{version}]"))
    {
        findings.push(Finding::new("CHANGELOG.md", *number, format!("the workspace is version {version}")));
    }
    findings
}

/// Finds documents that name another Rust version than the manifest.
pub(crate) fn rust_version_conflicts(manifest: &str, path: &str, text: &str) -> Vec<Finding> {
    let version = package_value(manifest, "rust-version");
    let mut findings = Vec::new();
    for (number, line) in numbered(text) {
        for mark in ["Rust 1.", "toolchain install 1.", "cargo +1.", "toolchain: 1."] {
            for (at, _) in line.match_indices(mark) {
                let rest = &line[at + mark.len() - 2..];
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                let named = rest[..end].trim_end_matches('.').trim_end_matches(".0");
                if named != version {
                    let advice = format!("names Rust {named}; the manifest says {version}");
                    findings.push(Finding::new(path, number, advice));
                }
            }
        }
    }
    findings
}

/// Finds invariants that name no test, or one that does not exist; `read` returns the text of a file.
pub(crate) fn untested_invariants(architecture: &str, read: impl Fn(&str) -> String) -> Vec<Finding> {
    let items = list_items(section(architecture, "## Invariants", "## "));
    if items.is_empty() {
        return vec![Finding::new("ARCHITECTURE.md", 1, "add `## Invariants` with a list")];
    }
    let mut findings = Vec::new();
    for (number, item) in items {
        let named: Vec<(&str, &str)> = quoted(&item).filter_map(|text| text.split_once(".rs::")).collect();
        if named.is_empty() {
            let advice = "an invariant without a test is a wish: name it as `path.rs::test_name`";
            findings.push(Finding::new("ARCHITECTURE.md", number, advice));
        }
        for (path, test) in named {
            if !read(&format!("{path}.rs")).contains(&format!("fn {test}(")) {
                let advice = format!("there is no test `{path}.rs::{test}`: write it or name the right one");
                findings.push(Finding::new("ARCHITECTURE.md", number, advice));
            }
        }
    }
    findings
}

/// Compares the rooms listed under the crate's heading in the code map with those of its `lib.rs`.
pub(crate) fn unmapped_rooms(architecture: &str, package: &str, rooms: &[String]) -> Vec<Finding> {
    let heading = format!("### `{package}`");
    let items = list_items(section(architecture, &heading, "##"));
    let listed: Vec<(usize, &str)> =
        items.iter().filter_map(|(number, item)| Some((*number, quoted(item).next()?))).collect();
    let missing = rooms.iter().filter(|room| !listed.iter().any(|(_, name)| name == room));
    let missing = missing.map(|room| {
        let line = numbered(architecture).find(|(_, line)| *line == heading).map_or(1, |(number, _)| number);
        Finding::new(
            "ARCHITECTURE.md",
            line,
            format!("`{package}` has a room `{room}`: list it under `{heading}`"),
        )
    });
    let gone = listed.iter().filter(|(_, name)| !rooms.iter().any(|room| room == name));
    let gone = gone.map(|(number, name)| {
        Finding::new(
            "ARCHITECTURE.md",
            *number,
            format!("`{package}` has no room `{name}`: delete the entry"),
        )
    });
    missing.chain(gone).collect()
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Returns the numbered lines after `heading`, up to the next line that starts with `end`.
fn section<'t>(text: &'t str, heading: &str, end: &str) -> Vec<(usize, &'t str)> {
    let after = numbered(text).skip_while(|(_, line)| *line != heading).skip(1);
    after.take_while(|(_, line)| !line.starts_with(end)).collect()
}

/// Joins each `- ` item of a list with its continuation lines.
fn list_items(lines: Vec<(usize, &str)>) -> Vec<(usize, String)> {
    let mut items: Vec<(usize, String)> = Vec::new();
    for (number, line) in lines {
        match (line.strip_prefix("- "), items.last_mut()) {
            (Some(item), _) => items.push((number, item.to_owned())),
            (None, Some((_, item))) if line.starts_with("  ") => item.push_str(&line[1..]),
            (None, _) => {}
        }
    }
    items
}

/// Returns what stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn package_value<'t>(manifest: &'t str, key: &str) -> &'t str {
    let lines = section(manifest, "[workspace.package]", "[");
    let found = lines.into_iter().find_map(|(_, line)| value(line, key).filter(|_| line.starts_with(key)));
    found.unwrap_or_else(|| panic!("Cargo.toml: [workspace.package] has no {key}"))
}

fn value<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let (_, after) = line.split_once(&format!("{key} = \""))?;
    after.split('"').next()
}

mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace.package]\nversion = \"0.2.0\"\nrust-version = \"1.88\"\n\n\
        [workspace.dependencies]\nslo-core = { path = \"slo-core\", version = \"0.2.0\" }\n";

    #[test]
    fn unexpected_entries_are_found() {
        let files = ["Cargo.toml", "notes.txt", "slo-core/src/lib.rs", "tmp/a", "tmp/b"];
        let found: Vec<String> = unexpected_entries(files.into_iter()).into_iter().map(|f| f.path).collect();
        assert_eq!(found, ["notes.txt", "tmp"]);
    }

    #[test]
    fn version_conflicts_are_found() {
        for (manifest, changelog, expected) in [
            (MANIFEST, "## [Unreleased]\n", 0),
            (MANIFEST, "## [Unreleased]\n## [0.2.0] - 2026-01-01\n## [0.1.0]\n", 0),
            (MANIFEST, "## [0.1.0]\n", 1),
            (MANIFEST, "", 1),
            (&MANIFEST.replace("core\", version = \"0.2", "core\", version = \"0.1"), "## [0.2.0]\n", 1),
            (&MANIFEST.replace(", version = \"0.2.0\"", ""), "## [0.2.0]\n", 1),
        ] {
            let found = version_conflicts(manifest, changelog);
            assert_eq!(found.len(), expected, "{manifest} {changelog}: {found:?}");
        }
    }

    #[test]
    fn rust_version_conflicts_are_found() {
        for (text, expected) in [
            ("Needs Rust 1.88.", 0),
            ("rustup toolchain install 1.88.0 && cargo +1.88 check", 0),
            ("Needs Rust 1.80, or Rust 1.89.", 2),
            ("cargo +1.90.0 check", 1),
        ] {
            assert_eq!(rust_version_conflicts(MANIFEST, "README.md", text).len(), expected, "{text}");
        }
    }

    #[test]
    fn untested_invariants_are_found() {
        let read = |path: &str| if path == "a/b.rs" { "fn holds() {}".to_owned() } else { String::new() };
        for (items, expected) in [
            ("- It holds — `a/b.rs::holds`.\n", 0),
            ("- It holds,\n  always — `a/b.rs::holds`.\n\n## Next\n- Not `ours`.", 0),
            ("- It holds.\n", 1),
            ("- It holds — `a/b.rs::gone` and `a/c.rs::holds`.\n", 2),
            ("", 1),
        ] {
            let found = untested_invariants(&format!("## Invariants\n\n{items}"), read);
            assert_eq!(found.len(), expected, "{items}: {found:?}");
        }
    }

    #[test]
    fn rooms_missing_from_the_code_map_are_found() {
        let map = "## Code map\n### `slo-core`\n- `time`: uses `naming`.\n- `gone`: no.\n### `slo-tower`\n- `naming`\n";
        let found = unmapped_rooms(map, "slo-core", &["time".to_owned(), "naming".to_owned()]);
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2, 4], "{found:?}");
    }
}
