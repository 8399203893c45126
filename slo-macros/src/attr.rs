//! The inside of `#[slo(...)]` as keys with their tokens; what the tokens mean is for `valid` to say.
//!
//! The attribute is split at its commas before anything is read, so that one mistake hides no other. The
//! keys are one table: what is unknown, repeated or of the wrong form is found in one place for all of them.
//! A value is never read here: `slo_core` has the only parsers.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;

/// The keys that were given, in the order written.
#[derive(Default)]
pub(crate) struct Attribute {
    entries: Vec<Entry>,
    /// Whether something could not be read: it may have been what is missed otherwise.
    unread: bool,
}

/// One key and what stands behind it.
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) name: Ident,
    /// Behind `=`, or inside the parentheses of a list.
    pub(crate) value: TokenStream,
    /// Whether it is such a list.
    pub(crate) is_list: bool,
}

impl Attribute {
    /// Reads every entry it can and reports every one it cannot.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attribute = Self::default();
        for entry in split_at_commas(tokens) {
            match read_entry(entry, errors) {
                Some(entry) => attribute.set(entry, errors),
                None => attribute.unread = true,
            }
        }
        attribute
    }

    /// Takes an entry, unless its key may stand only once and does already.
    fn set(&mut self, entry: Entry, errors: &mut Errors) {
        if !entry.key.repeats() && self.get(entry.key).is_some() {
            let key = entry.key.name();
            errors.push(&entry.name, format!("`{key}` is given twice: leave out one"));
        } else {
            self.entries.push(entry);
        }
    }

    /// Returns the first entry of this key.
    pub(crate) fn get(&self, key: Key) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Returns whether there is no goal, and none that could not be read.
    pub(crate) fn promises_nothing(&self) -> bool {
        !self.unread && self.get(Key::Class).is_none() && self.goals().next().is_none()
    }

    /// Returns the goals, in the order written.
    pub(crate) fn goals(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.key.is_goal())
    }
}

/// What can be said in the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Availability,
    Latency,
    Combined,
    Class,
    Window,
    Slices,
    Name,
    Route,
    Operation,
    Labels,
    Alerts,
    Crate,
}

impl Key {
    const ALL: [Self; 12] = [
        Self::Availability,
        Self::Latency,
        Self::Combined,
        Self::Class,
        Self::Window,
        Self::Slices,
        Self::Name,
        Self::Route,
        Self::Operation,
        Self::Labels,
        Self::Alerts,
        Self::Crate,
    ];

    /// Returns the key as written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Latency => "latency",
            Self::Combined => "combined",
            Self::Class => "class",
            Self::Window => "window",
            Self::Slices => "slices",
            Self::Name => "name",
            Self::Route => "route",
            Self::Operation => "operation",
            Self::Labels => "labels",
            Self::Alerts => "alerts",
            Self::Crate => "crate",
        }
    }

    /// Returns what to write when what was written cannot be understood.
    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::Availability => "availability = 99.9%",
            Self::Latency => "latency = 99% < 250ms",
            Self::Combined => "combined = 99% < 250ms",
            Self::Class => "class = high_fast",
            Self::Window => "window = 30d",
            Self::Slices => "slices = 99% per 1m",
            Self::Name => "name = \"checkout\"",
            Self::Route => "route = \"POST /checkout\"",
            Self::Operation => "operation = \"nightly-billing\"",
            Self::Labels => "labels(team = \"payments\")",
            Self::Alerts => "alerts = \"page\"",
            Self::Crate => "crate = my_slo_tower",
        }
    }

    /// Returns whether each entry of this key is a promise.
    const fn is_goal(self) -> bool {
        matches!(self, Self::Availability | Self::Latency | Self::Combined)
    }

    /// Returns whether the key may be followed by a list in parentheses.
    const fn takes_list(self) -> bool {
        matches!(self, Self::Labels | Self::Alerts)
    }

    /// Returns whether the key may stand several times: goals that a threshold tells apart.
    const fn repeats(self) -> bool {
        matches!(self, Self::Latency | Self::Combined)
    }
}

/// Every mistake found so far; one must not hide another.
#[derive(Default)]
pub(crate) struct Errors {
    combined: Option<syn::Error>,
}

impl Errors {
    /// Reports a mistake at these tokens, or at the attribute if there are none.
    pub(crate) fn push(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.append(syn::Error::new_spanned(tokens, message));
    }

    /// Reports a mistake of the attribute as a whole.
    pub(crate) fn push_here(&mut self, message: impl std::fmt::Display) {
        self.append(syn::Error::new(Span::call_site(), message));
    }

    /// Takes over a mistake that was found elsewhere.
    pub(crate) fn append(&mut self, error: syn::Error) {
        match &mut self.combined {
            Some(combined) => combined.combine(error),
            None => self.combined = Some(error),
        }
    }

    /// Returns all of them, if there are any.
    pub(crate) fn into_error(self) -> Option<syn::Error> {
        self.combined
    }
}

/// Returns the nearest of some names, if one is near enough to have been meant.
pub(crate) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const NEAR: f64 = 0.75;
    let similarity = |name: &str| strsim::jaro_winkler(&written.to_lowercase(), name);
    let near = names.into_iter().map(|name| (similarity(name), name)).filter(|(near, _)| *near >= NEAR);
    near.max_by(|left, right| left.0.total_cmp(&right.0)).map(|(_, name)| name)
}

/// Splits at the commas that are in no parentheses; a trailing one adds nothing.
pub(crate) fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut entries = vec![Vec::new()];
    for token in flatten(tokens) {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                // The comma belongs to an entry only if the entry is nothing else: it is then the mistake.
                if entries.last().is_some_and(Vec::is_empty) {
                    entries.extend([vec![token], Vec::new()]);
                } else {
                    entries.push(Vec::new());
                }
            }
            _ => entries.last_mut().into_iter().for_each(|entry| entry.push(token.clone())),
        }
    }
    entries.retain(|entry| !entry.is_empty());
    entries
}

/// Opens the invisible groups in which `macro_rules!` passes on what it has matched.
pub(crate) fn flatten(tokens: TokenStream) -> Vec<TokenTree> {
    let open = |token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => flatten(group.stream()),
        other => vec![other],
    };
    tokens.into_iter().flat_map(open).collect()
}

/// Reads `key = value` or `key(list)`.
fn read_entry(tokens: Vec<TokenTree>, errors: &mut Errors) -> Option<Entry> {
    let mut tokens = tokens.into_iter();
    let name = match tokens.next()? {
        TokenTree::Ident(name) => name,
        other => {
            errors.push(other, "not a key: write a goal such as `availability = 99.9%`");
            return None;
        }
    };
    let Some(key) = Key::ALL.into_iter().find(|key| name == key.name()) else {
        errors.push(&name, unknown(&name.unraw().to_string()));
        return None;
    };
    let first = tokens.next();
    let is_list = matches!(first, Some(TokenTree::Group(_)));
    let value: Option<TokenStream> = match first {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis && key.takes_list() => {
            tokens.next().is_none().then(|| group.stream())
        }
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' && key != Key::Labels => {
            Some(tokens.collect()).filter(|value: &TokenStream| !value.is_empty())
        }
        _ => None,
    };
    if value.is_none() {
        errors.push(&name, format!("cannot read `{}`: write `{}`", key.name(), key.example()));
    }
    Some(Entry { key, value: value?, name, is_list })
}

fn unknown(name: &str) -> String {
    match nearest(name, Key::ALL.map(Key::name)) {
        Some(near) => format!("unknown key `{name}`: write `{near}`"),
        None => format!("unknown key `{name}`: use one of {}", Key::ALL.map(Key::name).join(", ")),
    }
}
