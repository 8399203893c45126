//! What a request asks of a probe: how much, without what, in which format.

use std::borrow::Cow;
use std::collections::BTreeSet;

use http::{HeaderMap, header};

use super::settings::ProbeFormat;
use crate::endpoint::accept::named;

/// What is read of a query.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) is_verbose: bool,
    /// Sorted, as they are answered where there are no such checks.
    pub(super) excluded: BTreeSet<Cow<'a, str>>,
}

impl<'a> Asked<'a> {
    /// There are no more checks than this; who excludes more is playing.
    const EXCLUDED_MAX: usize = 100;

    pub(super) fn of(query: Option<&'a str>) -> Self {
        let mut asked = Self::default();
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*key {
                "verbose" => asked.is_verbose = true,
                "exclude" if asked.excluded.len() < Self::EXCLUDED_MAX => {
                    asked.excluded.insert(value);
                }
                _ => {}
            }
        }
        asked
    }
}

/// Returns the format that the `Accept` headers rank highest; the text where they do not care.
pub(super) fn format(headers: &HeaderMap) -> ProbeFormat {
    let (mut text, mut health, mut profile, mut any) = (None, 0.0_f32, 0.0_f32, 0.0_f32);
    for media in named(headers.get_all(header::ACCEPT).iter()) {
        match media.name.as_str() {
            "application/health+json" => health = health.max(media.quality),
            "application/json" => profile = profile.max(media.quality),
            "text/plain" => text = Some(text.unwrap_or(0.0_f32).max(media.quality)),
            "*/*" | "text/*" => any = any.max(media.quality),
            _ => {}
        }
    }
    match text.unwrap_or(any) {
        text if health > text && health >= profile => ProbeFormat::HealthJson,
        text if profile > text => ProbeFormat::MicroProfile,
        _ => ProbeFormat::Text,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_preferred() {
        use ProbeFormat::{HealthJson, MicroProfile, Text};
        for (accept, expected) in [
            ("", Text),
            ("*/*", Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Text),
            ("application/health+json", HealthJson),
            ("Application/Health+JSON;q=0.9, text/plain;q=0.5", HealthJson),
            ("application/health+json, application/json", HealthJson),
            ("application/json", MicroProfile),
            ("application/json, */*", Text),
            ("application/json, */*;q=0.1", MicroProfile),
            ("application/json;q=0.4, application/health+json;q=0.3, text/*;q=0.1", MicroProfile),
            ("application/health+json;q=0", Text),
            ("text/plain, application/health+json", Text),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(format(&headers), expected, "{accept}");
        }
        assert_eq!(format(&HeaderMap::new()), Text);
    }

    #[test]
    fn a_query_is_read_and_what_is_not_meant_for_us_is_not() {
        for (query, is_verbose, excluded) in [
            ("", false, &[][..]),
            ("verbose", true, &[]),
            ("verbose=0&timeout=32s", true, &[]),
            ("exclude=b&exclude=a&exclude=b", false, &["a", "b"]),
            ("exclude=a%2Db&verbose=", true, &["a-b"]),
            ("exclude=", false, &[""]),
        ] {
            let asked = Asked::of(Some(query));
            assert_eq!(asked.is_verbose, is_verbose, "{query}");
            assert!(asked.excluded.iter().eq(excluded), "{query}: {:?}", asked.excluded);
        }
        let many: String = (0..1_000).map(|number| format!("exclude={number}&")).collect();
        assert_eq!(Asked::of(Some(&many)).excluded.len(), 100);
    }
}
