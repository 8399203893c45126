//! Values as text, each with the tokens it came from.
//!
//! `99.9%` and `"99.9%"` are one text: bare tokens are joined as written, a string is taken out of its
//! quotes. The tokens stay beside it, as a mistake must be reported where it stands.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{LitStr, Path};

use crate::attr::flatten;

/// A text for a parser of `slo_core`.
pub(crate) struct Text {
    pub(crate) string: String,
    pub(crate) tokens: TokenStream,
}

impl Text {
    /// Reads a string or bare tokens.
    pub(crate) fn of(tokens: &TokenStream) -> Self {
        Self::of_string(tokens).unwrap_or_else(|| Self::of_bare(&flatten(tokens.clone())))
    }

    /// Reads a string, if it is one.
    pub(crate) fn of_string(tokens: &TokenStream) -> Option<Self> {
        let tokens: TokenStream = flatten(tokens.clone()).into_iter().collect();
        let string: LitStr = syn::parse2(tokens.clone()).ok()?;
        Some(Self { string: string.value(), tokens })
    }

    /// Reads `name = "value"`.
    pub(crate) fn of_label(tokens: &[TokenTree]) -> Option<(Self, Self)> {
        let (name, value) = Self::of_pair(tokens)?;
        Some((name, Self::of_string(&value)?))
    }

    /// Reads `name = value`, whatever the value is.
    pub(crate) fn of_pair(tokens: &[TokenTree]) -> Option<(Self, TokenStream)> {
        let equals = tokens.iter().position(|token| is_punct(token, '='))?;
        let (name, value) = (&tokens[..equals], &tokens[equals + 1..]);
        let is_whole = !name.is_empty() && !value.is_empty();
        is_whole.then(|| (Self::of_bare(name), value.iter().cloned().collect()))
    }

    /// Reads a path, bare or in a string.
    pub(crate) fn path(tokens: &TokenStream) -> Option<Path> {
        use syn::parse::Parser;

        let tokens: TokenStream = flatten(tokens.clone()).into_iter().collect();
        match syn::parse2::<LitStr>(tokens.clone()) {
            Ok(string) => string.parse_with(Path::parse_mod_style).ok(),
            Err(_) => Path::parse_mod_style.parse2(tokens).ok(),
        }
    }

    fn is_written(&self) -> bool {
        !self.string.is_empty()
    }

    /// Joins tokens; only words stay apart, as joining them would make another word.
    fn of_bare(tokens: &[TokenTree]) -> Self {
        let is_word = |token: &TokenTree| matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_));
        let mut string = String::new();
        for (at, token) in tokens.iter().enumerate() {
            if at > 0 && is_word(&tokens[at - 1]) && is_word(token) {
                string.push(' ');
            }
            string.push_str(&token.to_string());
        }
        Self { string, tokens: tokens.iter().map(ToTokens::to_token_stream).collect() }
    }
}

/// The parts of `99% < 250ms to head`.
pub(crate) struct Goal {
    pub(crate) share: Text,
    pub(crate) threshold: Option<Text>,
    /// What stands behind `to`.
    pub(crate) end: Option<Text>,
}

impl Goal {
    /// Splits at the `to` and before it at the `<`, in a string or between tokens.
    pub(crate) fn of(tokens: &TokenStream) -> Self {
        if let Some(Text { string, tokens }) = Text::of_string(tokens) {
            let half = |half: &str| Text { string: half.trim().to_owned(), tokens: tokens.clone() };
            // So that a `to` with nothing behind it is one as well.
            let string = format!("{string} ");
            let (goal, end) = string.split_once(" to ").map_or((&*string, None), |(l, r)| (l, Some(r)));
            let (share, threshold) = goal.split_once('<').map_or((goal, None), |(l, r)| (l, Some(r)));
            let threshold = threshold.map(half).filter(Text::is_written);
            return Self { share: half(share), threshold, end: end.map(half) };
        }
        let whole = tokens;
        let tokens = flatten(tokens.clone());
        let to = tokens.iter().position(|token| matches!(token, TokenTree::Ident(word) if word == "to"));
        let end = to.map(|to| match Text::of_bare(&tokens[to + 1..]) {
            missing if !missing.is_written() => Text { tokens: tokens[to].to_token_stream(), ..missing },
            text => text,
        });
        let mut halves =
            tokens[..to.unwrap_or(tokens.len())].splitn(2, |token| is_punct(token, '<')).map(|half| {
                match Text::of_bare(half) {
                    // A half that is missing is missed in the whole.
                    missing if half.is_empty() => Text { tokens: whole.clone(), ..missing },
                    text => text,
                }
            });
        let share = halves.next().unwrap_or_else(|| Text::of_bare(&[]));
        Self { share, threshold: halves.next().filter(Text::is_written), end }
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
