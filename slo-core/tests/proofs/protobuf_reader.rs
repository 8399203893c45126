//! An independent reading of the protobuf format: by the published schema, without our own messages.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use slo_core::Registry;

static FAMILY: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proofs");
    let files = protox::compile(["metrics.proto"], [directory]).expect("the schema is right");
    let pool = DescriptorPool::from_file_descriptor_set(files).expect("the schema is right");
    pool.get_message_by_name("io.prometheus.client.MetricFamily").expect("it is in the schema")
});

/// One delimited message.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: i32,
    pub(crate) metrics: Vec<Metric>,
}

#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: Number,
}

#[derive(Debug)]
pub(crate) enum Number {
    Counter(f64),
    Gauge(f64),
    Histogram(Histogram),
}

#[derive(Debug)]
pub(crate) struct Histogram {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    /// Upper bound and cumulative count of the classic buckets.
    pub(crate) classic: Vec<(f64, u64)>,
    pub(crate) schema: i32,
    pub(crate) zero_threshold: f64,
    pub(crate) zeros: u64,
    /// Count by index, also of those buckets that are empty.
    pub(crate) native: BTreeMap<i32, u64>,
}

/// Writes all that a registry exposes.
pub(crate) fn write(registry: &Registry) -> Vec<u8> {
    let (mut exposition, mut bytes) = (registry.protobuf_exposition(), Vec::new());
    while exposition.write_piece(&mut bytes) {}
    assert!(!exposition.write_piece(&mut bytes), "it stays at its end");
    bytes
}

/// Reads delimited messages to the last byte.
pub(crate) fn read(mut bytes: &[u8]) -> Vec<Family> {
    let mut families = Vec::new();
    while !bytes.is_empty() {
        let (message, rest) = bytes_of_length(bytes);
        let message = DynamicMessage::decode(FAMILY.clone(), message).expect("it is a message");
        families.push(family(&Fields(message)));
        bytes = rest;
    }
    families
}

/// Splits at the length that comes first, in seven bits a byte, the lowest ones first.
fn bytes_of_length(bytes: &[u8]) -> (&[u8], &[u8]) {
    let digits = 1 + bytes.iter().position(|byte| *byte < 128).expect("a length ends");
    let digit = |length: usize, byte: &u8| length << 7 | usize::from(byte & 127);
    let length = bytes[..digits].iter().rev().fold(0, digit);
    bytes[digits..].split_at(length)
}

/// The histograms of all messages with their names.
pub(crate) fn histograms(families: &[Family]) -> impl Iterator<Item = (&str, &Metric, &Histogram)> {
    families.iter().flat_map(|family| {
        family.metrics.iter().filter_map(|metric| match &metric.value {
            Number::Histogram(histogram) => Some((&*family.name, metric, histogram)),
            Number::Counter(_) | Number::Gauge(_) => None,
        })
    })
}

/// A message whose fields are in the schema, or the test fails.
struct Fields(DynamicMessage);

impl Fields {
    fn has(&self, name: &str) -> bool {
        assert_eq!(self.0.unknown_fields().count(), 0, "{:?}", self.0);
        self.0.has_field_by_name(name)
    }

    /// A field that must be there, whatever its value.
    fn one<T>(&self, name: &str, of: impl Fn(&Value) -> Option<T>) -> T {
        assert!(self.has(name), "{name} is not there: {:?}", self.0);
        of(&self.0.get_field_by_name(name).expect("it is in the schema")).expect("it is of this type")
    }

    fn text(&self, name: &str) -> String {
        self.one(name, |value| value.as_str().map(str::to_owned))
    }

    fn double(&self, name: &str) -> f64 {
        self.one(name, Value::as_f64)
    }

    fn count(&self, name: &str) -> u64 {
        self.one(name, Value::as_u64)
    }

    fn message(&self, name: &str) -> Self {
        Self(self.one(name, |value| value.as_message().cloned()))
    }

    fn all<T>(&self, name: &str, of: impl Fn(&Value) -> Option<T>) -> Vec<T> {
        let list = self.0.get_field_by_name(name).expect("it is in the schema");
        let list = list.as_list().expect("it is repeated");
        list.iter().map(|value| of(value).expect("it is of this type")).collect()
    }

    fn messages(&self, name: &str) -> Vec<Self> {
        self.all(name, |value| value.as_message().cloned().map(Self))
    }
}

fn family(fields: &Fields) -> Family {
    let metrics = fields.messages("metric").iter().map(metric).collect();
    let kind = fields.one("type", Value::as_enum_number);
    Family { name: fields.text("name"), help: fields.text("help"), kind, metrics }
}

fn metric(fields: &Fields) -> Metric {
    let mut labels = BTreeMap::new();
    for label in fields.messages("label") {
        assert!(labels.insert(label.text("name"), label.text("value")).is_none(), "a label is there twice");
    }
    let value = match ["counter", "gauge", "histogram"].map(|name| fields.has(name)) {
        [true, false, false] => Number::Counter(fields.message("counter").double("value")),
        [false, true, false] => Number::Gauge(fields.message("gauge").double("value")),
        [false, false, true] => Number::Histogram(histogram(&fields.message("histogram"))),
        other => panic!("a metric has one value, not {other:?}"),
    };
    Metric { labels, value }
}

fn histogram(fields: &Fields) -> Histogram {
    let bucket = |bucket: &Fields| (bucket.double("upper_bound"), bucket.count("cumulative_count"));
    let mut deltas = fields.all("positive_delta", Value::as_i64).into_iter();
    let (mut index, mut count, mut native) = (0, 0, BTreeMap::new());
    for span in fields.messages("positive_span") {
        index += span.one("offset", Value::as_i32);
        for _ in 0..span.one("length", Value::as_u32) {
            count += deltas.next().expect("there is one for each bucket");
            native.insert(index, u64::try_from(count).expect("no count is negative"));
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None, "there is one for each bucket");
    Histogram {
        count: fields.count("sample_count"),
        sum: fields.double("sample_sum"),
        classic: fields.messages("bucket").iter().map(bucket).collect(),
        schema: fields.one("schema", Value::as_i32),
        zero_threshold: fields.double("zero_threshold"),
        zeros: fields.count("zero_count"),
        native,
    }
}
