//! Crates that are not ours build with `#[slo]`, run, and say what they declared.
//!
//! Each fixture is copied out of the workspace, as a user's crate has no workspace of ours around it, and built
//! against the crates and the lock file here, without a network.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Builds and runs a fixture and returns what it printed.
fn run(fixture: &str) -> Result<String, Box<dyn Error>> {
    let output = cargo("run", fixture)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{fixture} failed:\n{errors}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Lets cargo do something with a fixture.
fn cargo(command: &str, fixture: &str) -> Result<Output, Box<dyn Error>> {
    let tower = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = tower.join("..");
    let (source, copy) = (
        tower.join("tests/fixtures").join(fixture),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("user-crates").join(fixture),
    );
    fs::create_dir_all(copy.join("src"))?;
    let manifest = fs::read_to_string(source.join("Cargo.toml"))?;
    let relative = "\"../../../../slo-tower\"";
    assert!(manifest.contains(relative), "{fixture} does not depend on the crate under test");
    let absolute = format!("{tower:?}");
    fs::write(copy.join("Cargo.toml"), manifest.replace(relative, &absolute))?;
    fs::copy(source.join("src/main.rs"), copy.join("src/main.rs"))?;
    fs::copy(workspace.join("Cargo.lock"), copy.join("Cargo.lock"))?;
    Ok(Command::new(env!("CARGO"))
        .args([command, "--quiet", "--offline", "--manifest-path"])
        .arg(copy.join("Cargo.toml"))
        // One for all fixtures: what they share is built once.
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("user-crates-target"))
        .output()?)
}

#[test]
fn a_month_without_its_feature_fails_the_build_and_says_which() {
    let output = cargo("build", "no_calendar").unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("need the feature `calendar`"), "{errors}");
    assert!(errors.contains("main.rs:5"), "{errors}");
}

#[test]
fn a_crate_may_forbid_unsafe_code() {
    let expected = "\
declared: billing checkout mailing
checkout: Ok(2) Err(\"nothing to buy\")
bill: Ok(7) true
mail: Ok(8) true
";
    assert_eq!(run("forbid_unsafe").unwrap(), expected);
}

#[test]
fn a_crate_may_rename_the_dependency() {
    assert_eq!(run("renamed").unwrap(), "declared: bare path text\npath: Ok(7)\n");
}
