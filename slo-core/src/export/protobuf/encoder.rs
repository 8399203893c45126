//! How a family becomes a message.
//!
//! Messages that are written one after the other are one message, with the fields of both: so a family is its head and
//! then its series, each encoded by itself, and only its bytes are kept.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use prost::Message;

use super::messages::{Bucket, HistogramValue, LabelPair, Metric, MetricFamily, MetricType, Number};
use super::spans;
use crate::export::samples::Value;
use crate::export::walk::{Latencies, Sink};
use crate::histogram::{Histogram, Layout, NativeBuckets};
use crate::naming::{Family, FamilyKind};

/// A family that has become this long goes on in another message: at some two thousand series.
const MESSAGE: usize = 1024 * 1024;

/// The buckets of a series are read anew if somebody recorded meanwhile, so often at most.
const READINGS: usize = 4;

/// Gathers the family that is being written, and hands out those that are written.
#[derive(Debug)]
pub(super) struct Encoder {
    /// The upper bounds of the classic buckets, in seconds, without the infinite one.
    bounds: Box<[f64]>,
    classic: Histogram,
    native: NativeBuckets,
    /// A family with one series, which each series takes in turn.
    one: MetricFamily,
    /// The family whose message is being written.
    family: Option<&'static str>,
    message: Vec<u8>,
    /// The lengths of complete messages, and each followed by the message.
    ready: VecDeque<Vec<u8>>,
    /// How much of the first one has been handed out.
    handed_out: usize,
}

impl Encoder {
    pub(super) fn new(layout: &Layout) -> Self {
        let seconds = |nanos: &u64| Duration::from_nanos(*nanos).as_secs_f64();
        Self {
            bounds: layout.bounds().iter().map(seconds).collect(),
            classic: Histogram::new(layout),
            native: NativeBuckets::new(),
            one: MetricFamily { metric: vec![Metric::default()], ..MetricFamily::default() },
            family: None,
            message: Vec::new(),
            ready: VecDeque::new(),
            handed_out: 0,
        }
    }

    /// Ends the message that is being written, if there is one.
    pub(super) fn end_message(&mut self) {
        if self.family.take().is_some() {
            let mut length = Vec::new();
            prost::encode_length_delimiter(self.message.len(), &mut length)
                .expect("a vector takes everything");
            self.ready.extend([length, mem::take(&mut self.message)]);
        }
    }

    /// Appends some of what is ready; returns whether there was any.
    pub(super) fn hand_out(&mut self, out: &mut Vec<u8>, max: usize) -> bool {
        let mut room = max;
        while room > 0
            && let Some(first) = self.ready.front()
        {
            let rest = &first[self.handed_out..];
            let piece = &rest[..rest.len().min(room)];
            out.extend_from_slice(piece);
            room -= piece.len();
            self.handed_out += piece.len();
            if self.handed_out == first.len() {
                self.ready.pop_front();
                self.handed_out = 0;
            }
        }
        room < max
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Returns how much there is of the message that is being written.
    pub(super) fn gathered(&self) -> usize {
        self.message.len()
    }

    fn begin(&mut self, family: &Family) {
        if self.family != Some(family.name) || self.message.len() >= MESSAGE {
            self.end_message();
            self.family = Some(family.name);
            let kind = match family.kind {
                FamilyKind::Counter => MetricType::Counter,
                FamilyKind::Gauge => MetricType::Gauge,
                FamilyKind::Histogram => MetricType::Histogram,
            };
            let (name, help) = (family.name.to_owned(), family.help.to_owned());
            let head =
                MetricFamily { name: Some(name), help: Some(help), kind: Some(kind.into()), metric: vec![] };
            head.encode(&mut self.message).expect("a vector takes everything");
        }
    }

    /// Reads both kinds of buckets. Of what is recorded at the same time the native ones may know more, which the classic
    /// ones will tell next time: a latency is in its cell before it is in its bucket.
    fn read(&mut self, latencies: &Latencies<'_>) {
        for _ in 0..READINGS {
            self.classic.clear();
            latencies.for_each_cells(|cells| self.classic.add_buckets(cells));
            self.native.clear();
            latencies.for_each_cells(|cells| self.native.add(cells));
            if self.classic.buckets().iter().sum::<u64>() == self.native.count() {
                break;
            }
        }
    }
}

impl Sink for Encoder {
    fn sample(&mut self, family: &'static Family, labels: &[(&str, &str)], value: Value) {
        self.begin(family);
        let metric = &mut self.one.metric[0];
        metric.label.clear();
        metric.label.extend(labels.iter().map(|(name, value)| pair(name, value)));
        (metric.gauge, metric.counter, metric.histogram) = (None, None, None);
        match value {
            #[expect(
                clippy::cast_precision_loss,
                reason = "as in every scrape: the format knows no integers"
            )]
            Value::Counter(count) => metric.counter = Some(Number { value: count as f64 }),
            Value::Gauge(value) => metric.gauge = Some(Number { value }),
        }
        self.one.encode(&mut self.message).expect("a vector takes everything");
    }

    fn latencies(&mut self, latencies: &Latencies<'_>) {
        self.begin(&latencies.family);
        self.read(latencies);
        let metric = &mut self.one.metric[0];
        metric.label.clear();
        latencies.for_each_label(|name, value| metric.label.push(pair(name, value)));
        (metric.gauge, metric.counter) = (None, None);
        let histogram = metric.histogram.get_or_insert_with(HistogramValue::default);
        histogram.sample_count = self.native.count();
        histogram.sample_sum = self.classic.sum().as_secs_f64();
        histogram.bucket.clear();
        let mut cumulative_count = 0;
        // Without the infinite one, which is the count itself.
        for (upper_bound, count) in self.bounds.iter().zip(self.classic.buckets()) {
            cumulative_count += count;
            histogram.bucket.push(Bucket { cumulative_count, upper_bound: *upper_bound });
        }
        spans::fill(histogram, &self.native);
        self.one.encode(&mut self.message).expect("a vector takes everything");
    }
}

fn pair(name: &str, value: &str) -> LabelPair {
    LabelPair { name: name.to_owned(), value: value.to_owned() }
}
