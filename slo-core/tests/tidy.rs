//! The repository keeps its own rules.
//!
//! Each test is one rule of CONTRIBUTING.md or one invariant of ARCHITECTURE.md. It lists every place that
//! breaks the rule and what to do there. Each rule is a function of a file, and is tested beside its
//! definition on a piece of bad source: a rule that cannot fail keeps nothing.

#[path = "tidy/atomics.rs"]
mod atomics;
#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/modules.rs"]
mod modules;
#[path = "tidy/repository.rs"]
mod repository;
#[path = "tidy/size.rs"]
mod size;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

use self::modules::Rooms;
use self::repository::{Repository, report};
use self::source::{Finding, SourceFile};

const CRATES: &[&str] = &["slo-core", "slo-tower", "slo-macros"];

#[test]
fn modules_point_down() {
    let Some(repository) = Repository::find() else { return };
    let mut findings = Vec::new();
    for package in CRATES {
        let rooms = rooms(&repository, package);
        let files = repository.rust_files(&format!("{package}/src/"));
        findings.extend(files.iter().flat_map(|file| modules::upward_uses(file, &rooms)));
    }
    report(&findings);
}

#[test]
fn files_are_short() {
    check_every_file(size::long_file);
}

#[test]
fn functions_are_short() {
    check_every_file(size::long_functions);
}

#[test]
fn public_types_have_at_most_two_type_parameters() {
    check_every_file(size::wide_types);
}

#[test]
fn every_atomic_ordering_is_explained() {
    check_every_file(atomics::unexplained_orderings);
}

#[test]
fn metric_names_are_spelled_once() {
    let Some(repository) = Repository::find() else { return };
    let naming = "slo-core/src/naming";
    let names: Vec<String> = repository.rust_files(naming).iter().flat_map(words::family_names).collect();
    assert!(names.len() >= 10, "too few family names found in {naming}: {names:?}");
    let mut files = repository.rust_files("slo-core/src/");
    files.extend(repository.rust_files("slo-tower/src/"));
    files.retain(|file| !file.path.starts_with(naming));
    report(&files.iter().flat_map(|file| words::repeated_names(file, &names)).collect::<Vec<_>>());
}

#[test]
fn no_test_sleeps() {
    check_every_file(words::sleeping_tests);
}

#[test]
fn nothing_is_unfinished_ignored_or_unsafe() {
    check_every_file(words::banned_words);
}

#[test]
fn examples_run() {
    let Some(repository) = Repository::find() else { return };
    let mut findings = Vec::new();
    for file in repository.rust_files("") {
        findings.extend(words::examples_not_run(&file.path, &words::doc_lines(&file)));
    }
    for (path, text) in repository.markdown_files() {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        findings.extend(words::examples_not_run(path, &lines.collect::<Vec<_>>()));
    }
    report(&findings);
}

#[test]
fn versions_agree() {
    let Some(repository) = Repository::find() else { return };
    let manifest = repository.read("Cargo.toml");
    let mut findings = documents::version_conflicts(&manifest, &repository.read("CHANGELOG.md"));
    for path in ["README.md", "CONTRIBUTING.md", ".github/workflows/ci.yml"] {
        findings.extend(documents::rust_version_conflicts(&manifest, path, &repository.read(path)));
    }
    report(&findings);
}

#[test]
fn every_invariant_names_its_test() {
    let Some(repository) = Repository::find() else { return };
    let architecture = repository.read("ARCHITECTURE.md");
    report(&documents::untested_invariants(&architecture, |path| repository.read(path)));
}

#[test]
fn the_code_map_lists_every_room() {
    let Some(repository) = Repository::find() else { return };
    let architecture = repository.read("ARCHITECTURE.md");
    let unmapped = |package: &&str| {
        documents::unmapped_rooms(&architecture, package, &rooms(&repository, package).names)
    };
    report(&CRATES.iter().flat_map(unmapped).collect::<Vec<_>>());
}

#[test]
fn the_top_level_holds_only_what_the_layout_names() {
    let Some(repository) = Repository::find() else { return };
    report(&documents::unexpected_entries(repository.files.iter().map(String::as_str)));
}

fn check_every_file(rule: fn(&SourceFile) -> Vec<Finding>) {
    let Some(repository) = Repository::find() else { return };
    report(&repository.rust_files("").iter().flat_map(rule).collect::<Vec<_>>());
}

fn rooms(repository: &Repository, package: &str) -> Rooms {
    let path = format!("{package}/src/lib.rs");
    Rooms::declared_in(&SourceFile::parse(&path, &repository.read(&path)))
}
