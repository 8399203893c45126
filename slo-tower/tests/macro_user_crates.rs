//! Crates that are not ours build with `#[slo]`, run, and say what they declared.
//!
//! Each fixture is copied out of the workspace, as a user's crate has no workspace of ours around it, and built
//! against the crates and the lock file here, without a network.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Builds and runs a fixture and returns what it printed.
fn run(fixture: &str) -> String {
    let tower = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = tower.parent().unwrap();
    let (source, copy) = (
        tower.join("tests/fixtures").join(fixture),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("user-crates").join(fixture),
    );
    fs::create_dir_all(copy.join("src")).unwrap();
    let manifest = fs::read_to_string(source.join("Cargo.toml")).unwrap();
    let relative = "\"../../../../slo-tower\"";
    assert!(manifest.contains(relative), "{fixture} does not depend on the crate under test");
    let absolute = format!("{:?}", tower.to_str().unwrap());
    fs::write(copy.join("Cargo.toml"), manifest.replace(relative, &absolute)).unwrap();
    fs::copy(source.join("src/main.rs"), copy.join("src/main.rs")).unwrap();
    fs::copy(workspace.join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline", "--manifest-path"])
        .arg(copy.join("Cargo.toml"))
        // One for all fixtures: what they share is built once.
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("user-crates-target"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{fixture} failed:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_crate_may_forbid_unsafe_code() {
    let expected = "\
declared: billing checkout mailing
checkout: Ok(2) Err(\"nothing to buy\")
bill: Ok(7) true
mail: Ok(8) true
";
    assert_eq!(run("forbid_unsafe"), expected);
}

#[test]
fn a_crate_may_rename_the_dependency() {
    assert_eq!(run("renamed"), "declared: bare path text\npath: Ok(7)\n");
}
