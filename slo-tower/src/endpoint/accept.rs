//! What a client would rather have.

use http::HeaderValue;

/// One thing that a client names in a header, in lower case, and how much it wants it.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub(super) name: String,
    pub(super) quality: f32,
    /// Their names are in lower case.
    parameters: Vec<(String, &'a str)>,
}

impl<'a> Named<'a> {
    fn of(range: &'a str) -> Self {
        let mut parts = range.split(';').map(str::trim);
        let mut named = Self {
            name: parts.next().unwrap_or_default().to_ascii_lowercase(),
            quality: 1.0,
            parameters: vec![],
        };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            match name.as_str() {
                "q" => named.quality = value.parse().unwrap_or(0.0),
                _ => named.parameters.push((name, value.trim_matches('"'))),
            }
        }
        named
    }

    /// Returns the last parameter of this name.
    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().rfind(|(other, _)| other == name).map(|(_, value)| *value)
    }
}

/// Returns what the values of an `Accept` header, or of one alike, name.
pub(super) fn named<'a>(accepted: impl Iterator<Item = &'a HeaderValue>) -> impl Iterator<Item = Named<'a>> {
    let ranges = accepted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    ranges.map(Named::of)
}

/// How much a scraper wants each format that we have.
#[derive(Debug)]
pub(super) struct Formats {
    protobuf: f32,
    open_metrics: f32,
    /// What it gives for the Prometheus text format, or for anything if it does not name that.
    text: f32,
}

impl Formats {
    /// Reads the `Accept` headers.
    pub(super) fn accepted<'a>(accepted: impl Iterator<Item = &'a HeaderValue>) -> Self {
        let (mut protobuf, mut open_metrics, mut text, mut any) = (0.0_f32, 0.0_f32, None, 0.0_f32);
        for range in named(accepted) {
            match range.name.as_str() {
                "application/vnd.google.protobuf" if is_ours(&range) => {
                    protobuf = protobuf.max(range.quality);
                }
                "application/openmetrics-text"
                    if matches!(range.parameter("version"), None | Some("1.0.0")) =>
                {
                    open_metrics = open_metrics.max(range.quality);
                }
                // Version 1.0.0 of the text format is not ours.
                "text/plain" if matches!(range.parameter("version"), None | Some("0.0.4")) => {
                    text = Some(text.unwrap_or(0.0_f32).max(range.quality));
                }
                "*/*" | "text/*" => any = any.max(range.quality),
                _ => {}
            }
        }
        Self { protobuf, open_metrics, text: text.unwrap_or(any) }
    }

    /// Returns whether OpenMetrics 1.0.0 is ranked above the Prometheus text format.
    ///
    /// Without a preference the older format is the safe answer: every scraper reads it.
    pub(super) fn prefer_openmetrics(&self) -> bool {
        self.open_metrics > self.text
    }

    /// Returns whether no format is ranked above that of protocol buffers. Whoever names it with all it takes can read it
    /// and asks for native histograms.
    pub(super) fn prefer_protobuf(&self) -> bool {
        self.protobuf > 0.0 && self.protobuf >= self.open_metrics.max(self.text)
    }
}

/// The media type is that of any protocol buffer: message and framing are parameters.
fn is_ours(range: &Named<'_>) -> bool {
    range.parameter("proto") == Some("io.prometheus.client.MetricFamily")
        && range.parameter("encoding") == Some("delimited")
}

/// Returns whether the `Accept` headers rank Markdown above JSON. Without a preference it is JSON.
pub(super) fn prefers_markdown<'a>(accepted: impl Iterator<Item = &'a HeaderValue>) -> bool {
    let (mut markdown, mut json, mut any) = (0.0_f32, None, 0.0_f32);
    for range in named(accepted) {
        match range.name.as_str() {
            "text/markdown" => markdown = markdown.max(range.quality),
            "application/json" => json = Some(json.unwrap_or(0.0_f32).max(range.quality)),
            "*/*" | "application/*" => any = any.max(range.quality),
            _ => {}
        }
    }
    // Whoever names it asks for it, though he takes anything.
    markdown > 0.0 && markdown >= any && json.is_none_or(|json| markdown > json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_decide() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;\
                            q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/\
                            openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;\
                            q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, expected) in [
            (prometheus_2, true),
            (prometheus_3, true),
            ("text/plain;version=0.0.4", false),
            ("*/*", false),
            ("", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
            ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.9", false),
            ("application/openmetrics-text;version=0.0.1", false),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"", true),
            ("application/openmetrics-text;q=0", false),
        ] {
            let value = HeaderValue::from_static(accept);
            assert_eq!(Formats::accepted([&value].into_iter()).prefer_openmetrics(), expected, "{accept}");
        }
    }

    #[test]
    fn protobuf_is_for_who_names_it_whole() {
        const WHOLE: &str =
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
        for (rest, expected) in [
            // Prometheus 2.42 and 3, and another collector.
            (
                ",application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                true,
            ),
            (
                ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,\
                 text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                true,
            ),
            (";q=0.7,text/plain;version=0.0.4;q=0.3", true),
            ("", true),
            (", */*", true),
            (";q=0.5, */*", false),
            (";q=0.3,text/plain;version=0.0.4;q=0.5", false),
            (";q=0.5,application/openmetrics-text;version=1.0.0", false),
            (";q=0", false),
            (";q=nonsense", false),
        ] {
            let value = HeaderValue::from_str(&format!("{WHOLE}{rest}")).unwrap();
            assert_eq!(Formats::accepted([&value].into_iter()).prefer_protobuf(), expected, "{rest}");
        }
        for (accept, expected) in [
            ("application/vnd.google.protobuf", false),
            ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", false),
            ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", false),
            ("application/vnd.google.protobuf;proto=other.Message;encoding=delimited", false),
            (
                "Application/Vnd.Google.Protobuf; Encoding=\"delimited\"; Proto=\"io.prometheus.client.MetricFamily\"",
                true,
            ),
            ("*/*", false),
            ("application/*", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(accept);
            assert_eq!(Formats::accepted([&value].into_iter()).prefer_protobuf(), expected, "{accept}");
        }
    }

    #[test]
    fn markdown_is_for_who_asks_for_it() {
        for (accept, expected) in [
            ("text/markdown", true),
            ("text/markdown, */*", true),
            ("text/markdown;q=0.9, application/json;q=0.5", true),
            ("Text/Markdown", true),
            ("text/markdown;q=0.5, application/json", false),
            ("text/markdown;q=0.1, */*", false),
            ("text/markdown, application/json", false),
            ("text/markdown;q=0", false),
            ("application/json", false),
            ("*/*", false),
            ("text/*", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(accept);
            assert_eq!(prefers_markdown([&value].into_iter()), expected, "{accept}");
        }
    }
}
