//! When to alert: `alerts = "page"`, `alerts = MY_POLICY`, `alerts(rows = page, bad_events_min = 5, form = count)`.
//!
//! Rows have a name, which is looked up here, or are a constant of the user's, which only the compiler can find: its rows are
//! looked at when the registry is built. A word in lower case is a name, so that one that is mistyped is an error of ours;
//! anything else is a path.

use proc_macro2::{TokenStream, TokenTree};
use slo_core::{AlertForm, AlertPolicy, AlertRow, Objective, Threshold, TimeSlices, Window};
use syn::Path;

use crate::attr::{Attribute, Errors, Key, nearest, split_at_commas};
use crate::text::Text;

/// When to alert, and by what.
pub(crate) struct Policy {
    pub(crate) rows: Rows,
    pub(crate) bad_events_min: Option<u64>,
    pub(crate) form: Option<AlertForm>,
}

/// The rows of a policy.
pub(crate) enum Rows {
    /// A constant of [`AlertPolicy`] by its name, with its value.
    Named(String, AlertPolicy),
    /// A constant of the user's.
    Path(Path),
}

impl Rows {
    const NAMES: [&str; 4] = ["page", "ticket", "workbook", "off"];

    fn default() -> Self {
        Self::Named("DEFAULT".to_owned(), AlertPolicy::DEFAULT)
    }

    fn check(value: &TokenStream, errors: &mut Errors) -> Self {
        let text = Text::of(value);
        if let Some(policy) = AlertPolicy::named(&text.string) {
            return Self::Named(text.string.to_uppercase(), policy);
        }
        let is_constant =
            |path: &Path| path.segments.last().is_some_and(|last| starts_upper(&last.ident.to_string()));
        if let Some(path) = Text::path(value).filter(is_constant)
            && Text::of_string(value).is_none()
        {
            return Self::Path(path);
        }
        let near = nearest(&text.string, Self::NAMES).map_or_else(
            || format!("one of {}, or the path of an `AlertPolicy`", Self::NAMES.join(", ")),
            |near| format!("`{near}`"),
        );
        errors.push(&text.tokens, format!("unknown alerts {:?}: write {near}", text.string));
        Self::default()
    }
}

impl Policy {
    const PARTS: [&str; 3] = ["rows", "bad_events_min", "form"];

    /// Reads `alerts`, in either form, and reports whatever is wrong.
    pub(crate) fn check(attribute: &Attribute, errors: &mut Errors) -> Self {
        let mut policy = Self { rows: Rows::default(), bad_events_min: None, form: None };
        let Some(entry) = attribute.get(Key::Alerts) else {
            return policy;
        };
        if !entry.is_list {
            policy.rows = Rows::check(&entry.value, errors);
            return policy;
        }
        let parts = split_at_commas(entry.value.clone());
        if parts.is_empty() {
            errors.push(
                &entry.name,
                "nothing is said of the alerts: write `alerts = \"page\"`, or leave them out",
            );
        }
        let mut seen: Vec<String> = Vec::new();
        for part in parts {
            if let Some(name) = policy.set(&part, &seen, errors) {
                seen.push(name);
            }
        }
        policy
    }

    /// Takes one part of a list and returns its name, if it has one.
    fn set(&mut self, part: &[TokenTree], seen: &[String], errors: &mut Errors) -> Option<String> {
        let Some((name, value)) = Text::of_pair(part) else {
            let part: TokenStream = part.iter().cloned().collect();
            errors.push(
                part,
                "not a part of alerts: write `rows = page`, `bad_events_min = 5` or `form = count`",
            );
            return None;
        };
        if seen.contains(&name.string) {
            errors.push(&name.tokens, format!("`{}` is given twice: leave out one", name.string));
            return None;
        }
        let text = Text::of(&value);
        match name.string.as_str() {
            "rows" => self.rows = Rows::check(&value, errors),
            "bad_events_min" => match text.string.parse() {
                Ok(events) => self.bad_events_min = Some(events),
                Err(_) => errors.push(&text.tokens, "not a number of events: write `bad_events_min = 5`"),
            },
            "form" => match AlertForm::named(&text.string) {
                Some(form) => self.form = Some(form),
                None => errors.push(&text.tokens, "unknown form of alerts: write `ratio` or `count`"),
            },
            other => {
                let near = nearest(other, Self::PARTS);
                let near = near.map_or_else(|| Self::PARTS.join(", "), |near| format!("`{near}`"));
                errors.push(&name.tokens, format!("unknown part of alerts `{other}`: write {near}"));
            }
        }
        Some(name.string)
    }

    /// Says why the policy cannot work for a promise, if a row of it was chosen that would never fire.
    pub(crate) fn mistake(
        &self,
        objective: Objective,
        window: Window,
        slices: Option<TimeSlices>,
    ) -> Option<String> {
        let Rows::Named(_, policy) = &self.rows else { return None };
        if let Some(row) = policy.dead_row(objective) {
            return Some(dead_row(row, objective, window));
        }
        let slices = slices?;
        let row = policy.short_row(window, slices)?;
        let (short, slice) = (duration(row.short(window).as_secs()), duration(slices.duration().as_secs()));
        Some(format!(
            "the row {} looks at {short}, which holds no two slices of {slice}: write shorter `slices`, or leave out \
             `alerts`",
            row.factor()
        ))
    }
}

fn starts_upper(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
}

/// Says which row is dead, and from which objective on it would live.
fn dead_row(row: &AlertRow, objective: Objective, window: Window) -> String {
    let (factor, long) = (row.factor(), duration(row.long(window).as_secs()));
    let lowest = ((1.0 - 1.0 / factor) * 10_000.0).ceil() / 100.0;
    format!(
        "the row {factor} over {long} can never fire for a goal of {objective}, not even in a total outage: write \
         one of at least {lowest}%, or leave the rows of `alerts` out"
    )
}

/// Writes a duration in its largest unit, by the two types that can, each for those it holds.
fn duration(seconds: u64) -> String {
    let seconds = format!("{seconds}s");
    match (Threshold::parse(&seconds), Window::parse(&seconds)) {
        (Ok(threshold), _) => threshold.to_string(),
        (Err(_), Ok(window)) => window.to_string(),
        (Err(_), Err(_)) => seconds,
    }
}
