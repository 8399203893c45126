//! The fields of a mapping, and the mistakes that are found in them.

use super::OpenSloFault;
use super::node::{Name, Node, Place, Value};
use super::spelling::nearest;
use crate::objective::ObjectiveError;

/// Mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<OpenSloFault>);

impl Faults {
    /// Who has made more will not read them either.
    const MAX: usize = 100;

    pub(super) fn add(&mut self, at: Place, what: String) {
        if self.0.len() < Self::MAX {
            self.0.push(OpenSloFault { at: Some((at.line, at.column)), what });
        }
    }

    /// Adds a mistake, and returns that there is nothing to go on with.
    pub(super) fn refuse<T>(&mut self, at: Place, what: String) -> Option<T> {
        self.add(at, what);
        None
    }

    /// Adds what a constructor refuses.
    pub(super) fn told<T>(&mut self, at: Place, result: Result<T, ObjectiveError>) -> Option<T> {
        result.map_err(|error| self.add(at, error.to_string())).ok()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns them in the order of the file.
    pub(super) fn into_sorted(mut self) -> Vec<OpenSloFault> {
        self.0.sort_by_key(|fault| fault.at);
        self.0
    }
}

/// A mapping that is read by the names of its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'n> {
    pub(super) at: Place,
    entries: &'n [(Name, Node)],
}

impl<'n> Fields<'n> {
    /// Looks into a mapping that has these fields and no others.
    pub(super) fn of(node: &'n Node, what: &str, known: &[&str], faults: &mut Faults) -> Option<Self> {
        let fields = Self::any(node, what, faults)?;
        for (name, _) in fields.entries.iter().filter(|(name, _)| !known.contains(&&*name.text)) {
            let advice = match nearest(&name.text, known.iter().copied()) {
                Some(near) => format!("write {near}"),
                None => format!("write one of {}", known.join(", ")),
            };
            faults.add(name.at, format!("{:?} is no field of {what}: {advice}", name.text));
        }
        Some(fields)
    }

    /// Looks into a mapping of whatever fields.
    pub(super) fn any(node: &'n Node, what: &str, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => Some(Self { at: node.at, entries }),
            Value::Scalar { .. } | Value::List(_) => {
                faults.refuse(node.at, format!("{what} is {}: write a mapping of fields", node.kind()))
            }
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'n Name, &'n Node)> {
        self.entries.iter().map(|(name, node)| (name, node))
    }

    /// Returns what is written in a field, if anything is.
    pub(super) fn get(self, name: &str) -> Option<&'n Node> {
        let found = self.iter().find(|(other, _)| other.text == name);
        found.map(|(_, node)| node).filter(|node| !node.is_nothing())
    }

    /// Returns where the name of a field is.
    pub(super) fn place(self, name: &str) -> Place {
        self.iter().find(|(other, _)| other.text == name).map_or(self.at, |(name, _)| name.at)
    }

    /// Returns what is written in a field that must be there.
    pub(super) fn required(self, name: &str, such_as: &str, faults: &mut Faults) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() {
            faults.add(self.place(name), format!("{name} is missing: write {such_as}"));
        }
        found
    }

    /// Returns the text in a field, if there is any.
    pub(super) fn text(self, name: &str, faults: &mut Faults) -> Option<(Place, &'n str)> {
        let node = self.get(name)?;
        text(node, name, faults).map(|text| (node.at, text))
    }

    /// Returns the truth in a field, if there is any.
    pub(super) fn truth(self, name: &str, faults: &mut Faults) -> Option<(Place, bool)> {
        let node = self.get(name)?;
        match &node.value {
            Value::Scalar { text, plain: true } if text == "true" => Some((node.at, true)),
            Value::Scalar { text, plain: true } if text == "false" => Some((node.at, false)),
            _ => faults.refuse(node.at, format!("{name} is neither true nor false: write one of them")),
        }
    }

    /// Returns the only entry of a list in a field.
    pub(super) fn only(self, name: &str, why: &str, faults: &mut Faults) -> Option<&'n Node> {
        let node = self.get(name)?;
        match list(node, name, faults)? {
            [one] => Some(one),
            [] => faults.refuse(node.at, format!("{name} is empty: write one entry, or leave it out")),
            [_, second, ..] => faults.refuse(second.at, format!("{name} has more than one entry: {why}")),
        }
    }
}

/// Returns a text, also one that could be read as something else.
pub(super) fn text<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> Option<&'n str> {
    match &node.value {
        Value::Scalar { text, .. } if !node.is_nothing() => Some(text),
        Value::Scalar { .. } | Value::List(_) | Value::Map(_) => {
            faults.refuse(node.at, format!("{what} is {}: write a text", node.kind()))
        }
    }
}

/// Returns the entries of a list.
pub(super) fn list<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> Option<&'n [Node]> {
    match &node.value {
        Value::List(list) => Some(list),
        Value::Scalar { .. } | Value::Map(_) => faults
            .refuse(node.at, format!("{what} is {}: write a list, each entry after a dash", node.kind())),
    }
}
