//! A source file as tokens and comments.
//!
//! Rules look at tokens, so a word in a string or a comment is never taken for code. Whatever the tokens of a
//! file do not cover is a comment; that way we need no lexer of our own. Tokens rather than a syntax tree:
//! the insides of macro calls are checked like everything else.

use std::fmt;
use std::ops::Range;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// One thing to put right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) advice: String,
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.advice)
    }
}

/// A Rust file; lines count from 1.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) trees: Vec<Tree>,
    comments: Vec<String>,
    tests: Vec<Range<usize>>,
}

impl SourceFile {
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let stream: TokenStream =
            text.parse().unwrap_or_else(|error| panic!("{path}: cannot be read as Rust: {error}"));
        let mut uncovered = text.as_bytes().to_vec();
        let trees = read(stream, &mut uncovered);
        let uncovered = String::from_utf8(uncovered).expect("whole tokens were blanked out");
        let comments = uncovered.lines().map(|line| line.trim().to_owned()).collect();
        let mut tests = Vec::new();
        if is_test_path(path) {
            tests.push(0..usize::MAX);
        } else {
            find_tests(&trees, &mut tests);
        }
        Self { path: path.to_owned(), text: text.to_owned(), trees, comments, tests }
    }

    /// Returns the comments of a line, doc comments included; empty beyond the file.
    pub(crate) fn comment(&self, line: usize) -> &str {
        self.comments.get(line.wrapping_sub(1)).map_or("", String::as_str)
    }

    /// Tells whether the line holds a comment and nothing else.
    pub(crate) fn is_comment_only(&self, line: usize) -> bool {
        let text = self.text.lines().nth(line.wrapping_sub(1)).unwrap_or_default();
        !self.comment(line).is_empty() && text.trim() == self.comment(line)
    }

    /// Tells whether the line is compiled for tests only.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&line))
    }

    pub(crate) fn finding(&self, line: usize, advice: impl Into<String>) -> Finding {
        Finding::new(&self.path, line, advice)
    }
}

/// One token, or what a pair of delimiters encloses.
pub(crate) enum Tree {
    Leaf { text: String, line: usize },
    Group { open: char, first: usize, last: usize, inside: Vec<Tree> },
}

impl Tree {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Leaf { text, .. } => text,
            Self::Group { .. } => "",
        }
    }

    pub(crate) fn is(&self, expected: &str) -> bool {
        self.text() == expected
    }

    /// Tells whether this is a name or a keyword.
    pub(crate) fn is_word(&self) -> bool {
        self.text().starts_with(|first: char| first.is_alphabetic() || first == '_')
            && !self.text().ends_with(['"', '\'', '#'])
    }

    /// Returns the token as written if it is a string of any kind.
    pub(crate) fn string(&self) -> Option<&str> {
        Some(self.text()).filter(|text| text.len() > 1 && text.ends_with(['"', '#']))
    }

    /// Returns what the group encloses if it is opened by this character.
    pub(crate) fn group(&self, expected: char) -> Option<&[Tree]> {
        match self {
            Self::Group { open, inside, .. } if *open == expected => Some(inside),
            Self::Group { .. } | Self::Leaf { .. } => None,
        }
    }

    pub(crate) fn inside(&self) -> &[Tree] {
        match self {
            Self::Group { inside, .. } => inside,
            Self::Leaf { .. } => &[],
        }
    }

    pub(crate) fn first_line(&self) -> usize {
        match self {
            Self::Leaf { line, .. } => *line,
            Self::Group { first, .. } => *first,
        }
    }

    pub(crate) fn last_line(&self) -> usize {
        match self {
            Self::Leaf { text, line } => line + text.matches('\n').count(),
            Self::Group { last, .. } => *last,
        }
    }
}

/// Tells whether the trees start with these tokens; `::` is two of them.
pub(crate) fn starts_with(trees: &[Tree], expected: &[&str]) -> bool {
    trees.len() >= expected.len() && trees.iter().zip(expected).all(|(tree, text)| tree.is(text))
}

/// Calls `visit` with the rest of the siblings from every tree on, outer trees first.
pub(crate) fn visit<'t>(trees: &'t [Tree], visit_rest: &mut impl FnMut(&'t [Tree])) {
    for (index, tree) in trees.iter().enumerate() {
        visit_rest(&trees[index..]);
        visit(tree.inside(), visit_rest);
    }
}

/// Turns tokens into trees, without doc comments, and blanks out every byte they cover.
fn read(stream: TokenStream, uncovered: &mut [u8]) -> Vec<Tree> {
    let mut trees = Vec::new();
    for token in stream {
        let span = token.span();
        let line = span.start().line;
        if uncovered.get(span.byte_range()).is_some_and(is_comment) {
            continue;
        }
        match token {
            TokenTree::Group(group) => {
                blank(uncovered, group.span_open());
                blank(uncovered, group.span_close());
                let open = match group.delimiter() {
                    Delimiter::Brace => '{',
                    Delimiter::Bracket => '[',
                    Delimiter::Parenthesis => '(',
                    Delimiter::None => ' ',
                };
                let inside = read(group.stream(), uncovered);
                trees.push(Tree::Group { open, first: line, last: span.end().line, inside });
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {
                trees.push(Tree::Leaf { text: token.to_string(), line });
                blank(uncovered, span);
            }
        }
    }
    trees
}

/// A doc comment reaches us as the tokens `#[doc = "…"]`, each with the place of the comment.
fn is_comment(source: &[u8]) -> bool {
    source.starts_with(b"//") || source.starts_with(b"/*")
}

fn blank(uncovered: &mut [u8], span: Span) {
    for byte in &mut uncovered[span.byte_range()] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn is_test_path(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// Finds what `#[cfg(test)]` covers: from the attribute to the end of the item, or all of it for `#![…]`.
fn find_tests(trees: &[Tree], tests: &mut Vec<Range<usize>>) {
    let ends_item = |tree: &Tree| tree.is(";") || tree.group('{').is_some();
    visit(trees, &mut |rest| {
        if !rest[0].is("#") {
            return;
        }
        let inner = rest.get(1).is_some_and(|tree| tree.is("!"));
        let Some(attribute) = rest.get(1 + usize::from(inner)).and_then(|tree| tree.group('[')) else {
            return;
        };
        if !is_cfg_test(attribute) {
            return;
        }
        let end = if inner { None } else { rest.iter().find(|tree| ends_item(tree)) };
        tests.push(rest[0].first_line()..end.map_or(usize::MAX, |tree| tree.last_line() + 1));
    });
}

fn is_cfg_test(attribute: &[Tree]) -> bool {
    let (mut mentions, mut negates) = (false, false);
    visit(attribute, &mut |rest| {
        mentions |= rest[0].is("test");
        negates |= rest[0].is("not");
    });
    attribute.first().is_some_and(|tree| tree.is("cfg")) && mentions && !negates
}

mod tests {
    use super::*;

    #[test]
    fn comments_are_what_tokens_do_not_cover() {
        let text = "/// Doc.\nfn a() { // Trail.\n    let b = \"// no\\\n  comment\"; /* é */\n}\n";
        let file = SourceFile::parse("a.rs", text);
        let comments: Vec<&str> = (1..=5).map(|line| file.comment(line)).collect();
        assert_eq!(comments, ["/// Doc.", "// Trail.", "", "/* é */", ""]);
        assert!(file.is_comment_only(1) && !file.is_comment_only(2) && !file.is_comment_only(5));
    }

    #[test]
    fn test_code_is_known_by_its_attribute_or_its_path() {
        let text = "fn a() {}\n#[cfg(test)]\nmod b {\n}\nfn c() {}\n#[cfg(not(test))]\nfn d() {}\n";
        let file = SourceFile::parse("x/src/a.rs", text);
        let lines: Vec<usize> = (1..=7).filter(|line| file.is_test(*line)).collect();
        assert_eq!(lines, [2, 3, 4]);
        assert!(SourceFile::parse("x/src/a/tests.rs", text).is_test(1));
        assert!(SourceFile::parse("x/src/a.rs", "#![cfg(all(test, loom))]\nfn a() {}").is_test(2));
    }
}
