//! Every atomic ordering is explained where it is used.
//!
//! An ordering is explained by a comment that names it: inside the statement, directly above it, above the
//! first of a run of touching statements with orderings, or above the block that starts with it.

use crate::source::{Finding, SourceFile, Tree, visit};

const ORDERINGS: &[&str] = &["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

pub(crate) fn unexplained_orderings(file: &SourceFile) -> Vec<Finding> {
    let mut search = Search { file, imported: imported(&file.trees), findings: Vec::new() };
    search.block(&file.trees, &[], 0);
    search.findings
}

struct Search<'f> {
    file: &'f SourceFile,
    imported: Vec<&'f str>,
    findings: Vec<Finding>,
}

/// A statement, item or match arm.
struct Piece<'t> {
    trees: &'t [Tree],
    first: usize,
    last: usize,
}

impl<'f> Search<'f> {
    /// Checks the pieces of a block that opens on line `opens`; `outer` are the first lines of what it is in.
    fn block(&mut self, trees: &'f [Tree], outer: &[usize], opens: usize) {
        let mut previous: Option<(usize, Vec<usize>)> = None;
        for (index, piece) in pieces(trees).into_iter().enumerate() {
            let mut anchors = vec![piece.first];
            if let Some((last, run)) = &previous
                && last + 1 >= piece.first
            {
                anchors.extend(run);
            } else if index == 0 && opens + 1 >= piece.first {
                anchors.extend(outer);
            }
            if piece.trees.iter().any(|tree| tree.is("use")) {
                continue;
            }
            let (mut uses, mut blocks) = (Vec::new(), Vec::new());
            self.direct(piece.trees, &mut uses, &mut blocks);
            for (ordering, line) in &uses {
                if !self.is_explained(ordering, &anchors, *line) {
                    let advice = format!(
                        "`{ordering}` is not explained: add `// {ordering}: why it is enough.` above"
                    );
                    self.findings.push(self.file.finding(*line, advice));
                }
            }
            for block in blocks {
                self.block(block.inside(), &anchors, block.first_line());
            }
            previous = if uses.is_empty() { None } else { Some((piece.last, anchors)) };
        }
    }

    /// Splits a piece into its own orderings and the blocks in it, which have pieces of their own.
    fn direct(&self, trees: &'f [Tree], uses: &mut Vec<(&'f str, usize)>, blocks: &mut Vec<&'f Tree>) {
        for (index, tree) in trees.iter().enumerate() {
            if tree.group('{').is_some() {
                blocks.push(tree);
            } else if self.is_ordering(trees, index) {
                uses.push((tree.text(), tree.first_line()));
            } else {
                self.direct(tree.inside(), uses, blocks);
            }
        }
    }

    fn is_ordering(&self, trees: &[Tree], index: usize) -> bool {
        let name = trees[index].text();
        let before = |steps: usize| index.checked_sub(steps).map_or("", |at| trees[at].text());
        if before(1) == ":" && before(2) == ":" {
            // An alias such as `AtomicOrdering` counts; `cmp::Ordering` has other variants.
            return ORDERINGS.contains(&name) && before(3).ends_with("Ordering");
        }
        self.imported.contains(&name)
    }

    fn is_explained(&self, ordering: &str, anchors: &[usize], line: usize) -> bool {
        let within = anchors[0]..=line;
        let above = anchors
            .iter()
            .flat_map(|anchor| (1..*anchor).rev().take_while(|line| self.file.is_comment_only(*line)));
        within.chain(above).any(|line| names(self.file.comment(line), ordering))
    }
}

fn names(comment: &str, ordering: &str) -> bool {
    comment.split(|character: char| !character.is_alphanumeric()).any(|word| word == ordering)
}

/// Returns the orderings that can be written without `Ordering::` in front.
fn imported(trees: &[Tree]) -> Vec<&str> {
    let mut imported = Vec::new();
    visit(trees, &mut |rest| {
        if !rest[0].is("use") {
            return;
        }
        let end = rest.iter().position(|tree| tree.is(";")).unwrap_or(rest.len());
        let (mut named, mut whole) = (Vec::new(), false);
        visit(&rest[..end], &mut |rest| {
            named.extend(ORDERINGS.iter().copied().filter(|ordering| rest[0].is(ordering)));
            whole |= rest.len() > 3 && rest[0].is("Ordering") && rest[3].is("*");
        });
        imported.extend(if whole { ORDERINGS.to_vec() } else { named });
    });
    imported
}

/// Splits at `;` and `,`, and after a block that nothing continues.
fn pieces(trees: &[Tree]) -> Vec<Piece<'_>> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    for (index, tree) in trees.iter().enumerate() {
        let next = trees.get(index + 1);
        let continued = next.is_some_and(|next| ["else", ".", "?", "=", ";", ","].contains(&next.text()));
        let ends = tree.is(";") || tree.is(",") || tree.group('{').is_some() && !continued;
        if ends || next.is_none() {
            let (first, last) = (trees[start].first_line(), tree.last_line());
            pieces.push(Piece { trees: &trees[start..=index], first, last });
            start = index + 1;
        }
    }
    pieces
}

mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let file = SourceFile::parse("slo-core/src/a.rs", text);
        unexplained_orderings(&file).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn an_ordering_is_explained_by_a_comment_that_names_it() {
        for text in [
            "fn a() {\n    // Relaxed: alone.\n    b.load(Ordering::Relaxed);\n    c.load(Ordering::Relaxed);\n}",
            "fn a() {\n    b.load(Ordering::Relaxed); // Relaxed: alone.\n}",
            "fn a() {\n    // AcqRel on success,\n    // Acquire on failure.\n    b.swap(\n        c,\n        Ordering::AcqRel,\n        Ordering::Acquire,\n    );\n}",
            "fn a() {\n    match b {\n        // Relaxed: alone.\n        B => c.load(Ordering::Relaxed),\n    }\n}",
            "fn a() {\n    // Acquire: pairs with `b`.\n    for c in d {\n        c.load(Ordering::Acquire);\n    }\n}",
            "use std::cmp::Ordering;\nfn a() -> Ordering { Ordering::Less }",
            "use std::sync::atomic::Ordering::{self, Relaxed};\nenum A { Release }\nfn b() -> A { Release }",
        ] {
            assert_eq!(lines(text), [0; 0], "{text}");
        }
    }

    #[test]
    fn an_ordering_without_its_comment_is_found() {
        for (text, expected) in [
            ("fn a() { b.load(Ordering::Relaxed) }", 1),
            ("fn a() {\n    // Release: no.\n    b.load(Ordering::Acquire);\n}", 3),
            (
                "fn a() {\n    // Relaxed: b.\n    b.load(Ordering::Relaxed);\n\n    c.load(Ordering::Relaxed);\n}",
                5,
            ),
            (
                "fn a() {\n    // Relaxed: b.\n    b.load(Ordering::Relaxed);\n    c();\n    d.load(Ordering::Relaxed);\n}",
                5,
            ),
            (
                "fn a() {\n    // Relaxed.\n    if b {\n        c();\n        d.load(Ordering::Relaxed);\n    }\n}",
                5,
            ),
            ("use std::sync::atomic::Ordering::Relaxed;\nfn a() { b.load(Relaxed) }", 2),
            ("use std::sync::atomic::Ordering::*;\nfn a() { b.load(SeqCst) }", 2),
            ("fn a() {\n    check!(b.load(atomic::Ordering::SeqCst));\n}", 2),
        ] {
            assert_eq!(lines(text), [expected], "{text}");
        }
    }
}
