//! Every mistake in `#[slo]` is an error at its token that says what to write; everything else compiles.
//!
//! The files are named after the rule they show. `TRYBUILD=overwrite` writes the expected errors anew: read
//! them before you believe them.

#[test]
fn mistakes_are_explained_and_the_rest_compiles() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
