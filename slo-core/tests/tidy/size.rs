//! One file, one job; one function, one screen; one type, at most two parameters.

use crate::source::{Finding, SourceFile, Tree, visit};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 60;
const TYPE_PARAMETERS_MAX: usize = 2;

pub(crate) fn long_file(file: &SourceFile) -> Vec<Finding> {
    let lines = file.text.lines().count();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    let advice = format!("{lines} lines in a file: split it by idea, to at most {FILE_LINES_MAX}");
    vec![file.finding(FILE_LINES_MAX + 1, advice)]
}

/// Counts from the line of `fn` to the closing brace, functions in macros included.
pub(crate) fn long_functions(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(&file.trees, &mut |rest| {
        let [keyword, name, after @ ..] = rest else { return };
        if !keyword.is("fn") || !name.is_word() {
            return;
        }
        let end = after.iter().find(|tree| tree.is(";") || tree.group('{').is_some());
        let Some(body) = end.filter(|tree| tree.group('{').is_some()) else { return };
        let lines = body.last_line() - keyword.first_line() + 1;
        if lines > FUNCTION_LINES_MAX {
            let name = name.text();
            let advice = format!("`{name}` has {lines} lines: split it, to at most {FUNCTION_LINES_MAX}");
            findings.push(file.finding(keyword.first_line(), advice));
        }
    });
    findings
}

/// Counts neither lifetimes nor constants.
pub(crate) fn wide_types(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(&file.trees, &mut |rest| {
        let [visibility, keyword, name, opening, parameters @ ..] = rest else { return };
        let is_type = ["struct", "enum", "trait", "union"].contains(&keyword.text());
        if !visibility.is("pub") || !is_type || !opening.is("<") {
            return;
        }
        let count = type_parameters(parameters);
        if count > TYPE_PARAMETERS_MAX {
            let name = name.text();
            let advice = format!(
                "`{name}` has {count} type parameters: at most {TYPE_PARAMETERS_MAX} on a public type; \
                 fix one, box one, or move one to the method that needs it"
            );
            findings.push(file.finding(keyword.first_line(), advice));
        }
    });
    findings
}

/// Counts the type parameters between an opening `<`, already passed, and its `>`.
fn type_parameters(trees: &[Tree]) -> usize {
    let (mut depth, mut count, mut starts, mut arrow) = (1, 0, true, false);
    for tree in trees {
        if depth == 1 && starts && tree.is_word() && !tree.is("const") {
            count += 1;
        }
        starts = depth == 1 && tree.is(",");
        match tree.text() {
            "<" => depth += 1,
            ">" if !arrow => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        // The `>` of `Fn() -> T` closes nothing.
        arrow = tree.is("-");
    }
    count
}

mod tests {
    use super::*;

    fn parse(text: &str) -> SourceFile {
        SourceFile::parse("slo-core/src/a.rs", text)
    }

    #[test]
    fn a_file_may_have_400_lines_and_no_more() {
        assert_eq!(long_file(&parse(&"// x\n".repeat(400))), []);
        assert_eq!(long_file(&parse(&"// x\n".repeat(401)))[0].line, 401);
    }

    #[test]
    fn a_function_may_have_60_lines_and_no_more() {
        let function =
            |lines: usize| format!("mac! {{\n    fn long() {{\n{}    }}\n}}", "\n".repeat(lines - 2));
        assert_eq!(long_functions(&parse(&function(60))), []);
        let findings = long_functions(&parse(&function(61)));
        assert_eq!(findings[0].line, 2);
        assert!(findings[0].advice.contains("`long` has 61 lines"), "{findings:?}");
        assert_eq!(long_functions(&parse("struct A { call: fn(u8) -> u8 }\ntrait B { fn c(); }")), []);
    }

    #[test]
    fn a_public_type_may_have_two_type_parameters_and_no_more() {
        for (text, expected) in [
            ("pub struct A<'a, B, C, const D: usize>(B);", 0),
            ("pub struct A<B, C: Fn(u8, u8) -> Vec<(B, B)>> {}", 0),
            ("struct A<B, C, D>(B);", 0),
            ("pub struct A<B, C, D>(B);", 1),
            ("pub trait A<B: Into<C>, C = (), D = Vec<B>> {}", 1),
            ("pin_project! { pub enum A<B, C, D> {} }", 1),
        ] {
            assert_eq!(wide_types(&parse(text)).len(), expected, "{text}");
        }
    }
}
