//! Whether an answer is to be compressed.

use http::HeaderValue;

use super::accept::named;

/// What a client takes, of the two that we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// The text as it is.
    Identity,
    /// Compressed text rather than the text as it is.
    PreferGzip,
    /// Nothing but compressed text.
    OnlyGzip,
    /// Neither.
    Neither,
}

impl Encoding {
    /// Reads the `Accept-Encoding` headers (RFC 9110, 12.5.3). Without any, the text goes as it is: what is not asked
    /// for may not be understood.
    pub(super) fn accepted<'a>(
        accepted: impl Iterator<Item = &'a HeaderValue>,
        gzip_is_offered: bool,
    ) -> Self {
        let (mut gzip, mut identity, mut any) = (None, None, None);
        for coding in named(accepted) {
            match coding.name.as_str() {
                "gzip" | "x-gzip" => gzip = Some(coding.quality),
                "identity" => identity = Some(coding.quality),
                "*" => any = Some(coding.quality),
                _ => {}
            }
        }
        let takes_gzip = gzip_is_offered && gzip.or(any).is_some_and(|quality| quality > 0.0);
        let takes_identity = identity.or(any).is_none_or(|quality| quality > 0.0);
        match (takes_gzip, takes_identity) {
            (false, false) => Self::Neither,
            (true, false) => Self::OnlyGzip,
            // Whoever takes anything has not asked for it.
            (true, true) if gzip.is_some() && gzip >= identity => Self::PreferGzip,
            _ => Self::Identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_taken_as_they_are_asked_for() {
        use Encoding::{Identity, Neither, OnlyGzip, PreferGzip};
        for (accept, expected, without_gzip) in [
            ("gzip", PreferGzip, Identity),
            ("gzip, deflate, br", PreferGzip, Identity),
            ("br;q=1.0, GZip;q=0.8, *;q=0.1", PreferGzip, Identity),
            ("x-gzip", PreferGzip, Identity),
            ("gzip;q=0.5, identity", Identity, Identity),
            ("gzip;q=0.5, identity;q=0.5", PreferGzip, Identity),
            ("gzip;q=0", Identity, Identity),
            ("gzip; q=0.000, *", Identity, Identity),
            ("deflate", Identity, Identity),
            ("*", Identity, Identity),
            ("", Identity, Identity),
            ("identity", Identity, Identity),
            ("identity;q=0, *", OnlyGzip, Neither),
            ("gzip, identity;q=0", OnlyGzip, Neither),
            ("gzip, *;q=0", OnlyGzip, Neither),
            ("identity;q=0", Neither, Neither),
            ("*;q=0", Neither, Neither),
            ("*;q=0, identity", Identity, Identity),
            ("gzip;q=nonsense", Identity, Identity),
        ] {
            let value = HeaderValue::from_static(accept);
            let accepted = |offered| Encoding::accepted([&value].into_iter(), offered);
            assert_eq!((accepted(true), accepted(false)), (expected, without_gzip), "{accept}");
        }
        assert_eq!(Encoding::accepted([].into_iter(), true), Identity);
        let apart = ["identity;q=0", "gzip"].map(HeaderValue::from_static);
        assert_eq!(Encoding::accepted(apart.iter(), true), OnlyGzip);
    }
}
