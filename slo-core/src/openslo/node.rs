//! A YAML document as a tree whose every part knows its place and reads as it was written.
//!
//! The parser below serde's is used, for three reasons: a target is read as its digits and not as a float, every mistake is
//! found and not only the first, and an unknown field is told in our words. Aliases and tags are refused: they save typing
//! that nobody does here, and an alias may stand for more text than there is memory.

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, options};

use super::fields::Faults;

/// A place in a file: line and column, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    fn of(span: Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1 }
    }
}

/// A part of a document.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Place,
    pub(super) value: Value,
}

/// What a part of a document is.
#[derive(Debug)]
pub(super) enum Value {
    /// Text, a number, a truth or nothing; plain if it is not quoted, so that it may be any of these.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Name, Node)>),
}

/// The name of a field.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) at: Place,
    pub(super) text: String,
}

/// Reads all documents that are not empty. What is no YAML ends them.
pub(super) fn documents(text: &str, faults: &mut Faults) -> Vec<Node> {
    let options = options! { emit_comments: false };
    let mut reader = Reader { parser: Parser::new_from_str_with_options(text, options), faults };
    let mut documents = Vec::new();
    while let Some((event, span)) = reader.next() {
        if let Event::DocumentStart(..) = event {
            let Some(node) = reader.node() else { break };
            documents.push(node);
        } else if let Event::StreamEnd = event {
            break;
        } else {
            debug_assert!(matches!(event, Event::StreamStart | Event::DocumentEnd), "{event:?} at {span:?}");
        }
    }
    documents.retain(|node| !node.is_nothing());
    documents
}

impl Node {
    /// Returns whether nothing is written, or `null`.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(&**text, "" | "~" | "null"))
    }

    /// Says what it is, for somebody who expected something else.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            _ if self.is_nothing() => "empty",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

struct Reader<'t, 'f> {
    parser: Parser<'t, StrInput<'t>>,
    faults: &'f mut Faults,
}

impl<'t> Reader<'t, '_> {
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        match self.parser.next_event()? {
            Ok(next) => Some(next),
            Err(error) => {
                self.refuse_syntax(&error);
                None
            }
        }
    }

    fn refuse_syntax(&mut self, error: &ScanError) {
        let mark = error.marker();
        let at = Place { line: mark.line(), column: mark.col() + 1 };
        self.faults.add(at, format!("is no YAML: {}", error.info()));
    }

    /// Reads the next part; `None` once there is no YAML any more.
    fn node(&mut self) -> Option<Node> {
        let (event, span) = self.next()?;
        self.part(event, span)
    }

    /// The parser's limit of nesting is the limit of this recursion.
    fn part(&mut self, event: Event<'t>, span: Span) -> Option<Node> {
        let at = Place::of(span);
        let tag = match &event {
            Event::Scalar(_, _, _, tag)
            | Event::SequenceStart(_, _, tag)
            | Event::MappingStart(_, _, tag) => tag.is_some(),
            _ => false,
        };
        if tag {
            self.faults.add(at, "has a tag, which is not read: write the value alone".to_owned());
        }
        let value = match event {
            Event::Scalar(text, style, _, _) => {
                Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }
            }
            Event::SequenceStart(..) => Value::List(self.list()?),
            Event::MappingStart(..) => Value::Map(self.map()?),
            Event::Alias(_) => {
                self.faults
                    .add(at, "is an alias, which is not read: write out what it stands for".to_owned());
                Value::Scalar { text: String::new(), plain: true }
            }
            // The parser gives a node wherever one must be; a file may do no harm if it does not.
            _ => return self.faults.refuse(at, "is no YAML: nothing stands where a value should".to_owned()),
        };
        Some(Node { at, value })
    }

    fn list(&mut self) -> Option<Vec<Node>> {
        let mut list = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if let Event::SequenceEnd = event {
                return Some(list);
            }
            list.push(self.part(event, span)?);
        }
    }

    fn map(&mut self) -> Option<Vec<(Name, Node)>> {
        let mut map: Vec<(Name, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if let Event::MappingEnd = event {
                return Some(map);
            }
            let key = self.part(event, span)?;
            let value = self.node()?;
            let Value::Scalar { text, .. } = key.value else {
                self.faults.add(key.at, format!("is {}, which cannot be the name of a field", key.kind()));
                continue;
            };
            if let Some((first, _)) = map.iter().find(|(name, _)| name.text == text) {
                let Place { line, column } = first.at;
                self.faults.add(
                    key.at,
                    format!("{text:?} is written twice, first at {line}:{column}: leave one out"),
                );
                continue;
            }
            map.push((Name { at: key.at, text }, value));
        }
    }
}
