//! Questions in the language of Prometheus, and its answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::Prometheus;
use crate::remote::{Client, Failure};
use crate::time::Timestamp;

const FORM: &str = "application/x-www-form-urlencoded";

/// Asks a server, for as long as there is time.
#[derive(Debug)]
pub(crate) struct Asker {
    client: Client,
    answer_max: u64,
}

/// A series and its samples: unix seconds and values.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Series {
    #[serde(rename = "metric")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
    /// Of a series with a single value.
    #[serde(default)]
    value: Option<(f64, String)>,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
    /// That one of several stores has not answered, say: what is missing looks like what never happened.
    #[serde(default)]
    warnings: Vec<String>,
    /// The same, as `VictoriaMetrics` says it.
    #[serde(default, rename = "isPartial")]
    is_partial: bool,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

impl Series {
    /// Returns the samples with their moments; what is no number is left out.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (Timestamp, f64)> {
        let samples = self.values.iter().chain(&self.value);
        samples.filter_map(|(at, value)| {
            Some((moment(*at)?, value.parse().ok().filter(|value: &f64| value.is_finite())?))
        })
    }
}

fn moment(seconds: f64) -> Option<Timestamp> {
    let since_epoch = Duration::try_from_secs_f64(seconds).ok()?;
    // They are written in milliseconds, and as a fraction of two they may be a nanosecond off.
    let millis = u64::try_from(since_epoch.as_nanos().saturating_add(500_000) / 1_000_000).ok()?;
    Some(Timestamp::from_unix_nanos(millis.saturating_mul(1_000_000)))
}

fn seconds(at: Timestamp) -> String {
    let millis = at.unix_nanos() / 1_000_000;
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

impl Asker {
    pub(crate) fn new(config: &Prometheus) -> Self {
        Self { client: Client::new(config.endpoint.clone()), answer_max: config.answer_max }
    }

    /// Evaluates an expression at a moment. One that selects a range returns its raw samples.
    pub(crate) fn at(
        &self,
        expression: &str,
        at: Timestamp,
        timeout: Duration,
    ) -> Result<Vec<Series>, Failure> {
        self.ask("/api/v1/query", &[("query", expression), ("time", &seconds(at))], timeout)
    }

    /// Evaluates an expression at each step from the first moment to the last.
    pub(crate) fn range(
        &self,
        expression: &str,
        (first, last): (Timestamp, Timestamp),
        step: Duration,
        timeout: Duration,
    ) -> Result<Vec<Series>, Failure> {
        let (start, end, step) = (seconds(first), seconds(last), step.as_secs().to_string());
        let form = [("query", expression), ("start", &start), ("end", &end), ("step", &step)];
        self.ask("/api/v1/query_range", &form, timeout)
    }

    fn ask(&self, path: &str, form: &[(&str, &str)], timeout: Duration) -> Result<Vec<Series>, Failure> {
        let body = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>();
        let body = self.client.post(path, FORM, &body.join("&"), (timeout, self.answer_max))?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|error| Failure::Malformed(error.to_string()))?;
        match answer.warnings.first() {
            Some(warning) => Err(Failure::partial(warning)),
            None if answer.is_partial => Err(Failure::partial("it says so itself")),
            None => Ok(answer.data.result),
        }
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_to_the_millisecond_and_only_numbers() {
        let text = r#"{"metric":{"slo":"a"},"values":[[1700000000.781,"7"],[1700000015.781,"NaN"],[1700000030,"8.5"]]}"#;
        let series: Series = serde_json::from_str(text).unwrap();
        let samples: Vec<_> =
            series.samples().map(|(at, value)| (at.unix_nanos() / 1_000_000, value)).collect();
        assert_eq!(samples, [(1_700_000_000_781, 7.0), (1_700_000_030_000, 8.5)]);
        assert_eq!(seconds(series.samples().next().unwrap().0), "1700000000.781");
        let single: Series = serde_json::from_str(r#"{"metric":{},"value":[5,"1"]}"#).unwrap();
        assert_eq!(single.samples().count(), 1);
        assert_eq!(encoded("a{b=\"c d\"}[1h]"), "a%7Bb%3D%22c%20d%22%7D%5B1h%5D");
    }
}
