//! The meaning of the attribute: promises that `slo_core` accepts, under names that tell them apart.
//!
//! Every text goes through the constructor that reads it at run time too, and its error is the message; what
//! is added here is only what concerns the attribute as a whole. A part that is wrong is reported and left
//! out, so that the rest is still looked at: what comes out is complete only if no error was reported.

use proc_macro2::TokenStream;
use slo_core::{LatencyEnd, Objective, ObjectiveClass, Sli, Slo, Threshold, TimeSlices, Window};
use syn::ext::IdentExt;
use syn::{Path, parse_quote};

use crate::ast::Function;
use crate::attr::{Attribute, Entry, Errors, Key, nearest, split_at_commas};
use crate::policy::Policy;
use crate::text::{Goal, Text};

/// What to declare.
pub(crate) struct Declaration {
    /// The path of `slo_tower` in the user's crate.
    pub(crate) root: Path,
    pub(crate) name: String,
    pub(crate) subject: Subject,
    pub(crate) window: Window,
    pub(crate) slices: Option<TimeSlices>,
    pub(crate) alerts: Policy,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) promises: Vec<Promise>,
}

/// What the promises are about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Handler { route: Option<String> },
    Operation,
}

/// One SLO.
pub(crate) struct Promise {
    pub(crate) name: String,
    pub(crate) sli: Sli,
    pub(crate) end: LatencyEnd,
    pub(crate) objective: Objective,
    /// Where it was written, or the class it is of.
    pub(crate) tokens: TokenStream,
}

/// An SLO to try parts on that are checked by adding them to one.
const ANY: Slo = Slo::literal("any", Sli::Availability, Objective::literal("99%"));

impl Declaration {
    /// Checks every value and reports whatever is wrong.
    pub(crate) fn check(attribute: &Attribute, function: Option<&Function>, errors: &mut Errors) -> Self {
        let (name, name_tokens) = name(attribute, function, errors);
        let mut declaration = Self {
            root: root(attribute, errors),
            name,
            subject: subject(attribute, function, errors),
            window: window(attribute, errors),
            slices: slices(attribute, errors),
            alerts: Policy::check(attribute, errors),
            labels: labels(attribute, errors),
            promises: promises(attribute, errors),
        };
        declaration.name_promises(&name_tokens, errors);
        declaration.refuse_dead_rows(errors);
        declaration
    }

    /// Refuses promises for which a row that was chosen would never alert, or not with these slices.
    fn refuse_dead_rows(&self, errors: &mut Errors) {
        for promise in &self.promises {
            if let Some(mistake) = self.alerts.mistake(promise.objective, self.window, self.slices) {
                errors.push(&promise.tokens, mistake);
            }
        }
    }

    /// Names each promise by its kind, by its threshold where the kind has several, and by its end where several have that
    /// threshold.
    fn name_promises(&mut self, name_tokens: &TokenStream, errors: &mut Errors) {
        let kinds: Vec<&str> = self.promises.iter().map(|promise| promise.sli.kind()).collect();
        let slis: Vec<Sli> = self.promises.iter().map(|promise| promise.sli).collect();
        for at in 0..self.promises.len() {
            let (earlier, promise) = self.promises.split_at_mut(at);
            let promise = &mut promise[0];
            promise.name = format!("{}-{}", self.name, kinds[at]);
            if let Some(threshold) = promise.sli.threshold()
                && kinds.iter().filter(|kind| **kind == kinds[at]).count() > 1
            {
                promise.name = format!("{}-{threshold}", promise.name);
                if promise.end != LatencyEnd::Usual && slis.iter().filter(|sli| **sli == slis[at]).count() > 1
                {
                    promise.name = format!("{}-{}", promise.name, promise.end);
                }
            }
            if earlier.iter().any(|other| other.name == promise.name) {
                let name = &promise.name;
                errors
                    .push(&promise.tokens, format!("two goals are named `{name}`: write another threshold"));
            } else if let Err(error) = Slo::new(promise.name.clone(), promise.sli, promise.objective)
                && Slo::new(self.name.clone(), promise.sli, promise.objective).is_ok()
            {
                errors.push(name_tokens, format!("{error}: write a shorter `name = \"…\"`"));
            }
        }
    }
}

/// Returns the name that the names of the SLOs start with, and where it stands.
fn name(attribute: &Attribute, function: Option<&Function>, errors: &mut Errors) -> (String, TokenStream) {
    let operation = attribute.get(Key::Operation);
    if let (Some(_), Some(name)) = (operation, attribute.get(Key::Name)) {
        errors.push(&name.name, "`operation` names the promises already: leave out `name`");
    }
    let text = match (operation.or_else(|| attribute.get(Key::Name)), function) {
        (Some(entry), _) => string(entry, errors),
        (None, Some(function)) => Some(Text::of_ident(&function.signature.ident)),
        (None, None) => None,
    };
    // Whatever was wrong is reported: any name will do to look at the rest.
    let Some(text) = text else {
        return (ANY.name().to_owned(), TokenStream::new());
    };
    if let Err(error) = Slo::new(text.string.clone(), ANY.sli(), ANY.objective()) {
        let written = attribute.get(Key::Operation).or_else(|| attribute.get(Key::Name)).is_some();
        let advice = if written { "" } else { ": write `name = \"…\"`" };
        errors.push(&text.tokens, format!("{error}{advice}"));
    }
    (text.string, text.tokens)
}

fn subject(attribute: &Attribute, function: Option<&Function>, errors: &mut Errors) -> Subject {
    let route = attribute.get(Key::Route);
    if attribute.get(Key::Operation).is_some() {
        if let Some(route) = route {
            errors.push(&route.name, "an operation has no route: leave out `route` or `operation`");
        }
        if let Some(track) = function.and_then(|function| function.attribute("track_caller")) {
            errors.push(track, "an operation cannot see its caller: leave out `#[track_caller]`");
        }
        return Subject::Operation;
    }
    let route = route.and_then(|entry| string(entry, errors));
    if let Some(route) = &route
        && let Err(error) = ANY.with_route(route.string.clone())
    {
        errors.push(&route.tokens, error);
    }
    Subject::Handler { route: route.map(|route| route.string) }
}

fn window(attribute: &Attribute, errors: &mut Errors) -> Window {
    let Some(entry) = attribute.get(Key::Window) else {
        return Window::default();
    };
    let text = Text::of(&entry.value);
    Window::parse(&text.string).unwrap_or_else(|error| {
        errors.push(&text.tokens, error);
        Window::default()
    })
}

/// Reads slices of time such as `99% per 1m`, whose share must say its unit as every other does.
fn slices(attribute: &Attribute, errors: &mut Errors) -> Option<TimeSlices> {
    let mut text = Text::of(&attribute.get(Key::Slices)?.value);
    if let Some((share, slice)) = text.string.split_once("per") {
        let [share, slice] = [share, slice].map(|half| half.trim().to_owned());
        // As people write it: bare tokens have lost their spaces.
        text.string = format!("{share} per {slice}");
        objective(&Text { string: share, tokens: text.tokens.clone() }, errors)?;
    }
    TimeSlices::parse(&text.string).map_err(|error| errors.push(&text.tokens, error)).ok()
}

/// Reads a class, and returns what it promises beside the goals that are written: those replace the class's of their kind.
fn class(attribute: &Attribute, errors: &mut Errors) -> Vec<Promise> {
    let Some(entry) = attribute.get(Key::Class) else {
        return Vec::new();
    };
    let text = Text::of(&entry.value);
    let class = match ObjectiveClass::parse(&text.string) {
        Ok(class) => class,
        Err(error) => {
            let names = ObjectiveClass::ALL.map(ObjectiveClass::as_str);
            let near = nearest(&text.string, names).filter(|_| !text.string.eq_ignore_ascii_case("no_slo"));
            let unknown = |near| format!("unknown class {:?}: write `{near}`", text.string);
            errors.push(&text.tokens, near.map_or_else(|| error.to_string(), unknown));
            return Vec::new();
        }
    };
    let is_replaced = |sli: Sli| attribute.goals().any(|goal| goal.key.name() == sli.kind());
    let own = class.goals().iter().filter(|(sli, _)| !is_replaced(*sli));
    let promise = |&(sli, objective): &(Sli, Objective)| Promise {
        name: String::new(),
        sli,
        end: LatencyEnd::Usual,
        objective,
        tokens: entry.value.clone(),
    };
    own.map(promise).collect()
}

fn labels(attribute: &Attribute, errors: &mut Errors) -> Vec<(String, String)> {
    let mut slo = ANY;
    let list = attribute.get(Key::Labels).map(|entry| entry.value.clone()).unwrap_or_default();
    for label in split_at_commas(list) {
        let Some((name, value)) = Text::of_label(&label) else {
            let label: TokenStream = label.into_iter().collect();
            errors.push(label, "not a label: write a name and a text, such as `team = \"payments\"`");
            continue;
        };
        match slo.clone().with_label(name.string, value.string) {
            Ok(labelled) => slo = labelled,
            Err(error) => errors.push(&name.tokens, error),
        }
    }
    slo.labels().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Reads the goals; they are named later, when it is known how many there are of each kind.
fn promises(attribute: &Attribute, errors: &mut Errors) -> Vec<Promise> {
    if attribute.promises_nothing() {
        let [availability, latency] = [Key::Availability, Key::Latency].map(Key::example);
        errors.push_here(format!("nothing is promised: write `{availability}` or `{latency}`"));
    }
    let promise = |entry: &Entry| {
        let goal = Goal::of(&entry.value);
        // Both halves are looked at before either failure ends the matter.
        let objective = objective(&goal.share, errors);
        let sli = sli(entry, &goal, errors);
        let end = end(attribute, entry, &goal, errors);
        Some(Promise {
            name: String::new(),
            sli: sli?,
            end: end?,
            objective: objective?,
            tokens: entry.value.clone(),
        })
    };
    let written: Vec<Promise> = attribute.goals().filter_map(promise).collect();
    class(attribute, errors).into_iter().chain(written).collect()
}

fn sli(entry: &Entry, goal: &Goal, errors: &mut Errors) -> Option<Sli> {
    let Goal { share, threshold, .. } = goal;
    match (entry.key, threshold) {
        (Key::Availability, None) => return Some(Sli::Availability),
        (Key::Availability, Some(threshold)) => {
            let (share, threshold) = (&share.string, &threshold.string);
            let message = "`availability` has no threshold: write";
            errors.push(
                &entry.value,
                format!("{message} `latency = {share} < {threshold}`, or `combined` for both in one"),
            );
        }
        (_, None) => {
            let (key, example) = (entry.key.name(), entry.key.example());
            errors.push(&entry.value, format!("`{key}` has no threshold: write `{example}`"));
        }
        (key, Some(text)) => match Threshold::parse(&text.string) {
            Ok(threshold) if key == Key::Combined => return Some(Sli::Combined { threshold }),
            Ok(threshold) => return Some(Sli::Latency { threshold }),
            Err(_) if text.string.starts_with('=') => {
                errors.push(&entry.value, "write `<`: a request that takes just the threshold is good");
            }
            Err(error) => {
                let last = text.string.rsplit(' ').next().filter(|word| ENDS.contains(word));
                match last {
                    Some(end) => errors.push(&text.tokens, format!("write `to {end}` behind the threshold")),
                    None => errors.push(&text.tokens, error),
                }
            }
        },
    }
    None
}

const ENDS: [&str; 2] = ["head", "body"];

/// Reads where the latency of a goal ends.
fn end(attribute: &Attribute, entry: &Entry, goal: &Goal, errors: &mut Errors) -> Option<LatencyEnd> {
    let Some(text) = &goal.end else {
        return Some(LatencyEnd::Usual);
    };
    let word = &text.string;
    if attribute.get(Key::Operation).is_some() {
        errors.push(&text.tokens, "an operation has neither head nor body: leave out `to`");
    } else if entry.key == Key::Availability {
        errors.push(&text.tokens, "`availability` looks at no time: leave out `to`");
    } else if word.is_empty() {
        errors.push(&text.tokens, "nothing stands behind `to`: write `to head` or `to body`");
    } else {
        match LatencyEnd::parse(word) {
            Ok(end) => return Some(end),
            Err(error) => errors.push(
                &text.tokens,
                match nearest(word, ENDS) {
                    Some(near) => format!("unknown end of a latency {word:?}: write `{near}`"),
                    None => error.to_string(),
                },
            ),
        }
    }
    None
}

/// Reads an objective, which must say its unit: in a source file nobody is there to ask.
fn objective(text: &Text, errors: &mut Errors) -> Option<Objective> {
    let (written, percent) = (Objective::parse(&text.string), Objective::parse(&format!("{}%", text.string)));
    match (written, percent) {
        // It would be read as a percentage, or the unit is all that is missing.
        (Ok(objective), Ok(percent)) if objective == percent => no_unit(text, errors),
        (Err(_), Ok(_)) => no_unit(text, errors),
        (Ok(objective), _) => return Some(objective),
        (Err(error), Err(_)) => errors.push(&text.tokens, error),
    }
    None
}

fn no_unit(text: &Text, errors: &mut Errors) {
    errors.push(&text.tokens, format!("objective {0:?} has no unit: write `{0}%`", text.string));
}

/// Returns the text of a key that takes nothing else.
fn string(entry: &Entry, errors: &mut Errors) -> Option<Text> {
    let text = Text::of_string(&entry.value);
    if text.is_none() {
        let (key, example) = (entry.key.name(), entry.key.example());
        errors.push(&entry.value, format!("`{key}` is a text: write `{example}`"));
    }
    text
}

fn root(attribute: &Attribute, errors: &mut Errors) -> Path {
    let default = || parse_quote!(::slo_tower);
    let Some(entry) = attribute.get(Key::Crate) else {
        return default();
    };
    Text::path(&entry.value).unwrap_or_else(|| {
        let example = Key::Crate.example();
        errors.push(&entry.value, format!("not the path of a crate: write `{example}`"));
        default()
    })
}

impl Text {
    /// Returns the name of a function, without the `r#` of a raw one.
    fn of_ident(ident: &syn::Ident) -> Self {
        Self { string: ident.unraw().to_string(), tokens: parse_quote!(#ident) }
    }
}
