//! A room uses only the rooms declared above it in `lib.rs`.
//!
//! `lib.rs` is the one list of rooms. rustfmt sorts `mod` lines that touch each other, documented or not; a
//! blank line between two of them keeps their order, so that is how the list is written.

use crate::source::{Finding, SourceFile, Tree, starts_with};

/// The rooms of a crate, bottom-up.
pub(crate) struct Rooms {
    pub(crate) names: Vec<String>,
}

impl Rooms {
    pub(crate) fn declared_in(lib: &SourceFile) -> Self {
        let mut names = Vec::new();
        for pair in lib.trees.windows(3) {
            let ends = pair[2].is(";") || pair[2].group('{').is_some();
            if pair[0].is("mod") && pair[1].is_word() && ends && !lib.is_test(pair[0].first_line()) {
                names.push(pair[1].text().to_owned());
            }
        }
        Self { names }
    }

    fn height(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|room| room == name)
    }
}

/// Finds what a file of a room uses from above; `lib.rs` itself may use everything.
pub(crate) fn upward_uses(file: &SourceFile, rooms: &Rooms) -> Vec<Finding> {
    let inside = file.path.split_once("/src/").map_or("", |(_, inside)| inside);
    let parts: Vec<&str> = inside.split('/').collect();
    if matches!(parts[0], "" | "lib.rs" | "main.rs" | "bin") {
        return Vec::new();
    }
    let own = parts[0].trim_end_matches(".rs");
    let Some(height) = rooms.height(own) else {
        return vec![
            file.finding(1, format!("`{own}` is no room of lib.rs: declare it there or delete the file")),
        ];
    };
    let depth = if parts.last() == Some(&"mod.rs") { parts.len() - 1 } else { parts.len() };
    let mut heads = Vec::new();
    root_paths(&file.trees, depth, &mut heads);
    heads.retain(|head| !file.is_test(head.first_line()));
    let judge = |head: &Tree| {
        let name = head.text();
        let advice = match rooms.height(name) {
            Some(other) if other <= height => return None,
            Some(_) => format!(
                "`{own}` uses `{name}`, which lib.rs declares below it: move what they share down, or `mod {name}` \
                 up (rustfmt sorts `mod` lines that touch: keep a blank line between them)"
            ),
            None => format!("`{name}` is taken from the crate root: name the room it lives in"),
        };
        Some(file.finding(head.first_line(), advice))
    };
    heads.into_iter().filter_map(judge).collect()
}

/// Collects the first name of every path that starts at the crate root, `depth` modules up.
fn root_paths<'t>(trees: &'t [Tree], depth: usize, heads: &mut Vec<&'t Tree>) {
    let mut index = 0;
    while index < trees.len() {
        let rest = &trees[index..];
        if let [keyword, name, body, ..] = rest
            && keyword.is("mod")
            && name.is_word()
            && let Some(inside) = body.group('{')
        {
            root_paths(inside, depth + 1, heads);
            index += 3;
            continue;
        }
        let supers = (0..).take_while(|step| is_super(rest, 3 * step)).count();
        // `$crate` is a path of whoever calls the macro.
        let after_dollar = index > 0 && trees[index - 1].is("$");
        if starts_with(rest, &["crate", ":", ":"]) && !after_dollar {
            first_names(&rest[3..], heads);
        } else if supers == depth {
            first_names(&rest[3 * supers..], heads);
        }
        root_paths(rest[0].inside(), depth, heads);
        index += 1 + 3 * supers.saturating_sub(1);
    }
}

fn is_super(trees: &[Tree], at: usize) -> bool {
    trees.get(at..).is_some_and(|trees| starts_with(trees, &["super", ":", ":"]))
}

/// Collects the next name, or the first name of each branch of `{…}`. Macros have no room.
fn first_names<'t>(trees: &'t [Tree], heads: &mut Vec<&'t Tree>) {
    let Some(next) = trees.first() else { return };
    let Some(branches) = next.group('{') else {
        if !trees.get(1).is_some_and(|tree| tree.is("!")) {
            heads.push(next);
        }
        return;
    };
    heads.extend(branches.split(|tree| tree.is(",")).filter_map(<[Tree]>::first));
}

mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let lib = "pub mod low;\n\n/// Docs.\nmod middle;\n\nmod high;\n#[cfg(test)]\nmod testing;\npub use high::Top;";
        let rooms = Rooms::declared_in(&SourceFile::parse("slo-core/src/lib.rs", lib));
        assert_eq!(rooms.names, ["low", "middle", "high"]);
        upward_uses(&SourceFile::parse(path, text), &rooms).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_room_may_use_itself_and_what_is_below() {
        for text in [
            "use crate::low::A; use crate::{low::{B, high}, middle};",
            "use super::high; pub(crate) fn a() {}",
            "#[cfg(test)] mod tests { use crate::high::A; use super::super::super::high; }",
            "macro_rules! a { () => { $crate::Top } }",
            "//! See [`crate::high`].\nconst A: &str = \"crate::high\";",
            "fn a() { crate::check!(1) }",
        ] {
            assert_eq!(findings("slo-core/src/middle/part.rs", text), [""; 0], "{text}");
        }
        assert_eq!(findings("slo-core/src/lib.rs", "use crate::high::A;"), [""; 0]);
    }

    #[test]
    fn a_room_may_not_use_what_is_above() {
        for (path, text) in [
            ("slo-core/src/middle/part.rs", "use crate::high::A;"),
            ("slo-core/src/middle/part.rs", "use crate::{low::A, high::{B, C}};"),
            ("slo-core/src/middle/part.rs", "fn a() { b(vec![crate::high::C]) }"),
            ("slo-core/src/middle/part.rs", "use super::super::high::A;"),
            ("slo-core/src/middle/mod.rs", "use super::high::A;"),
            ("slo-core/src/middle.rs", "mod inner { use super::super::high::A; }"),
        ] {
            let found = findings(path, text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with(&format!("{path}:1: `middle` uses `high`")), "{found:?}");
        }
    }

    #[test]
    fn the_crate_root_is_no_room() {
        for text in ["use crate::Top;", "use super::super::Top;", "use crate::{self};", "use crate::*;"] {
            assert_eq!(findings("slo-core/src/middle/part.rs", text).len(), 1, "{text}");
        }
        assert!(findings("slo-core/src/orphan.rs", "")[0].contains("`orphan` is no room"));
    }
}
