//! Words we do not write, and names we write only once.

use crate::source::{Finding, SourceFile, Tree, starts_with, visit};

/// What a comment says on, or above, a line that must wait for real time.
const REAL_TIME: &str = "tidy: real time because ";

/// Finds attributes, macros and keywords that hide unfinished or unchecked code.
pub(crate) fn banned_words(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(&file.trees, &mut |rest| {
        let attribute = if rest[0].is("#") { rest.get(1).and_then(|tree| tree.group('[')) } else { None };
        let calls = |name: &str| starts_with(rest, &[name, "!"]);
        let advice = match attribute.and_then(<[Tree]>::first).map_or("", Tree::text) {
            "ignore" => "an ignored test checks nothing: make it pass or delete it",
            "should_panic" => "any panic passes this test: catch it and check what it says",
            _ if calls("todo") || calls("unimplemented") => "unfinished code: finish it or leave it out",
            _ if calls("dbg") => "left over from debugging: delete it",
            _ if rest[0].is("unsafe") => "there is no unsafe code here: find the safe way",
            _ => return,
        };
        findings.push(file.finding(rest[0].first_line(), advice));
    });
    findings
}

/// Finds tests that sleep instead of moving their clock.
pub(crate) fn sleeping_tests(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(&file.trees, &mut |rest| {
        let sleeps = rest[0].is("sleep") || rest[0].is("sleep_until");
        let line = rest[0].first_line();
        let excused = file.comment(line).contains(REAL_TIME)
            || file.is_comment_only(line - 1) && file.comment(line - 1).contains(REAL_TIME);
        if sleeps && rest.len() > 1 && rest[1].group('(').is_some() && file.is_test(line) && !excused {
            let advice = format!("a sleeping test: advance a clock by hand, or say `// {REAL_TIME}…`");
            findings.push(file.finding(line, advice));
        }
    });
    findings
}

/// Returns the names of the metric families: the string that follows a kind in `families!`.
pub(crate) fn family_names(naming: &SourceFile) -> Vec<String> {
    let mut names = Vec::new();
    visit(&naming.trees, &mut |rest| {
        let [kind, name, ..] = rest else { return };
        if ["Counter", "Gauge", "Histogram"].contains(&kind.text())
            && let Some(name) = name.string()
        {
            names.push(name.trim_matches('"').to_owned());
        }
    });
    names
}

/// Finds family names spelled again outside `naming` and tests.
pub(crate) fn repeated_names(file: &SourceFile, names: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(&file.trees, &mut |rest| {
        let Some(text) = rest[0].string() else { return };
        let line = rest[0].first_line();
        if let Some(name) = names.iter().find(|name| text.contains(name.as_str()))
            && !file.is_test(line)
        {
            findings.push(file.finding(line, format!("spells `{name}` again: take it from `naming`")));
        }
    });
    findings
}

/// Finds examples that are not run, in doc comments and in Markdown, given as numbered lines of prose.
pub(crate) fn examples_not_run(path: &str, lines: &[(usize, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, &(line, prose)) in lines.iter().enumerate() {
        let Some(info) = prose.strip_prefix("```") else { continue };
        let has = |word: &str| info.split([',', ' ']).any(|flag| flag.trim().starts_with(word));
        // Only a server that waits for ever has reason not to run.
        let mut example = lines[index + 1..].iter().take_while(|(_, prose)| !prose.starts_with("```"));
        let serves = example.any(|(_, prose)| prose.contains("bind(") || prose.contains("serve("));
        if has("ignore") {
            findings.push(Finding::new(path, line, "an ignored example rots: make it run"));
        } else if has("no_run") && !serves {
            findings.push(Finding::new(
                path,
                line,
                "`no_run` is for examples that bind a socket: make it run",
            ));
        }
    }
    findings
}

/// Returns the prose of the doc comments.
pub(crate) fn doc_lines(file: &SourceFile) -> Vec<(usize, &str)> {
    let docs = (1..=file.text.lines().count()).filter_map(|line| {
        let comment = file.comment(line);
        let prose = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!"))?;
        Some((line, prose.trim()))
    });
    docs.collect()
}

mod tests {
    use super::*;

    fn parse(path: &str, text: &str) -> SourceFile {
        SourceFile::parse(path, text)
    }

    #[test]
    fn banned_words_are_found_in_code_only() {
        for (text, expected) in [
            (
                "// unsafe { todo!() } #[ignore]\nconst A: &str = \"dbg!(unsafe)\";\n#![forbid(unsafe_code)]",
                0,
            ),
            ("#[test]\n#[ignore = \"slow\"]\nfn a() {}", 1),
            ("#[should_panic(expected = \"a\")]\nfn a() {}", 1),
            ("fn a() { todo!() }\nfn b() { unimplemented!() }\nfn c() { dbg!(1) }", 3),
            ("mac! { fn a() { unsafe { b() } } }", 1),
        ] {
            assert_eq!(banned_words(&parse("a/src/a.rs", text)).len(), expected, "{text}");
        }
    }

    #[test]
    fn sleeping_tests_are_found_unless_they_say_why() {
        let text = "fn a() {\n    thread::sleep(b);\n    tokio::time::sleep(b).await;\n}";
        assert_eq!(sleeping_tests(&parse("a/src/a.rs", text)), []);
        assert_eq!(sleeping_tests(&parse("a/tests/a.rs", text)).len(), 2);
        assert_eq!(sleeping_tests(&parse("a/src/a.rs", &format!("#[cfg(test)]\n{text}"))).len(), 2);
        let excused = "fn a() {\n    // tidy: real time because a server starts.\n    sleep(b);\n}";
        assert_eq!(sleeping_tests(&parse("a/tests/a.rs", excused)), []);
    }

    #[test]
    fn repeated_names_are_found_outside_tests_and_docs() {
        let naming = parse(
            "naming.rs",
            "families! { A: Gauge \"slo_a\" \"Help.\"; B: Counter \"slo_b_total\" \"Help.\"; }",
        );
        let names = family_names(&naming);
        assert_eq!(names, ["slo_a", "slo_b_total"]);
        for (text, expected) in [
            ("/// Writes `slo_a`.\nfn a() { b(\"other\") }", 0),
            ("#[cfg(test)]\nfn a() { b(\"slo_a 1\") }", 0),
            ("fn a() { b(\"rate(slo_b_total[5m])\") }", 1),
            ("fn a() { b(r#\"{\"slo_a\"}\"#) }", 1),
        ] {
            assert_eq!(repeated_names(&parse("a/src/a.rs", text), &names).len(), expected, "{text}");
        }
    }

    #[test]
    fn examples_that_do_not_run_are_found() {
        for (text, expected) in [
            ("/// ```\n/// a();\n/// ```\nfn a() {}", 0),
            ("//! ```no_run\n//! axum::serve(listener, app);\n//! ```", 0),
            ("//! ```no_run\n//! a();\n//! ```\n//! bind(1)", 1),
            ("/// ```ignore\n/// ```\nfn a() {}", 1),
            ("/// ```rust,ignore\n/// ```\nfn a() {}", 1),
            ("// ```ignore", 0),
        ] {
            let file = parse("a/src/a.rs", text);
            assert_eq!(examples_not_run("a", &doc_lines(&file)).len(), expected, "{text}");
        }
    }
}
