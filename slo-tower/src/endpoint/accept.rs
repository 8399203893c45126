//! What a client would rather have.

use http::HeaderValue;

/// Returns what the values of an `Accept` header name, in lower case, with the quality and the version of each.
pub(super) fn qualities<'a>(
    accepted: impl Iterator<Item = &'a HeaderValue>,
) -> impl Iterator<Item = (String, f32, Option<&'a str>)> {
    let ranges = accepted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    ranges.map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut quality, mut version) = (1.0, None);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => quality = value.trim().parse().unwrap_or(0.0),
                "version" => version = Some(value.trim().trim_matches('"')),
                _ => {}
            }
        }
        (name, quality, version)
    })
}

/// Returns whether the `Accept` headers rank OpenMetrics 1.0.0 above the Prometheus text format.
///
/// Without a preference the older format is the safe answer: every scraper reads it.
pub(super) fn prefers_openmetrics<'a>(accepted: impl Iterator<Item = &'a HeaderValue>) -> bool {
    let (mut open_metrics, mut text, mut any) = (0.0_f32, None, 0.0_f32);
    for (media, quality, version) in qualities(accepted) {
        match media.as_str() {
            "application/openmetrics-text" if matches!(version, None | Some("1.0.0")) => {
                open_metrics = open_metrics.max(quality);
            }
            // Version 1.0.0 of the text format is not ours.
            "text/plain" if matches!(version, None | Some("0.0.4")) => {
                text = Some(text.unwrap_or(0.0_f32).max(quality));
            }
            "*/*" | "text/*" => any = any.max(quality),
            _ => {}
        }
    }
    open_metrics > text.unwrap_or(any)
}

/// Returns whether the `Accept` headers rank Markdown above JSON. Without a preference it is JSON.
pub(super) fn prefers_markdown<'a>(accepted: impl Iterator<Item = &'a HeaderValue>) -> bool {
    let (mut markdown, mut json, mut any) = (0.0_f32, None, 0.0_f32);
    for (media, quality, _) in qualities(accepted) {
        match media.as_str() {
            "text/markdown" => markdown = markdown.max(quality),
            "application/json" => json = Some(json.unwrap_or(0.0_f32).max(quality)),
            "*/*" | "application/*" => any = any.max(quality),
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
            assert_eq!(prefers_openmetrics([&value].into_iter()), expected, "{accept}");
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
