//! Where a server is and what to tell it about ourselves.

use std::fmt;
use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue, Uri, header::AUTHORIZATION};

use super::error::{Reason, RemoteError};
use super::tls;

/// A server's address, the headers of every request, and how long an answer may take.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// Without a slash at its end.
    base: String,
    authority: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) timeout: Duration,
}

impl Endpoint {
    pub(crate) fn new(address: &str) -> Result<Self, RemoteError> {
        let fault = |reason| RemoteError::about_address(address, reason);
        if address.contains(['?', '#']) {
            return Err(fault(Reason::Query));
        }
        let uri: Uri = address.parse().map_err(|_| fault(Reason::Malformed))?;
        let (scheme, authority) = (uri.scheme_str(), uri.authority());
        let authority = match (scheme, authority) {
            (Some("https"), Some(_)) if !tls::SPOKEN => return Err(fault(Reason::NoTls)),
            (Some("http" | "https"), Some(authority)) => authority,
            (Some(_), _) => return Err(fault(Reason::Scheme)),
            (None, Some(_)) => return Err(fault(Reason::Scheme)),
            (None, None) => return Err(fault(Reason::Malformed)),
        };
        // Also behind the authority, which a password with a slash ends early.
        if address.contains('@') {
            return Err(fault(Reason::Credentials));
        }
        let has_wrong_port = authority.port_u16().is_none() && authority.as_str() != authority.host();
        if authority.host().is_empty() || has_wrong_port {
            return Err(fault(Reason::Malformed));
        }
        Ok(Self {
            base: address.trim_end_matches('/').to_owned(),
            authority: authority.as_str().to_owned(),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
        })
    }

    /// The same server by another address: headers and patience stay.
    #[cfg_attr(not(feature = "alertmanager"), expect(dead_code, reason = "Alertmanagers come in clusters"))]
    pub(crate) fn at(&self, address: &str) -> Result<Self, RemoteError> {
        let Self { base, authority, .. } = Self::new(address)?;
        Ok(Self { base, authority, ..self.clone() })
    }

    /// Returns whether this is a link that somebody may follow.
    #[cfg_attr(not(feature = "alertmanager"), expect(dead_code, reason = "alerts have links"))]
    pub(crate) fn is_link(text: &str) -> bool {
        let uri = text.parse::<Uri>();
        uri.is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self, RemoteError> {
        let fault = |reason| RemoteError::new(name, reason);
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault(Reason::HeaderName))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| fault(Reason::HeaderValue))?;
        value.set_sensitive(true);
        self.headers.retain(|(other, _)| *other != header);
        self.headers.push((header, value));
        Ok(self)
    }

    pub(crate) fn bearer(self, token: &str) -> Result<Self, RemoteError> {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub(crate) fn basic_auth(self, user: &str, password: &str) -> Result<Self, RemoteError> {
        if user.contains(':') {
            return Err(RemoteError::new("basic_auth", Reason::UserName));
        }
        let credentials = base64(format!("{user}:{password}").as_bytes());
        self.header(AUTHORIZATION.as_str(), &format!("Basic {credentials}"))
    }

    /// Returns host and port as written: short, bounded, and never a secret.
    pub(crate) fn name(&self) -> &str {
        &self.authority
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(super) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Endpoint")
            .field("address", &self.base)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// Of credentials only, a few bytes once: not worth a dependency of its own.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |chunk: &[u8]| {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let wanted = chunk.len();
        (0..4).map(move |index| match index <= wanted {
            true => char::from(DIGITS[(bits >> (18 - 6 * index) & 63) as usize]),
            false => '=',
        })
    };
    bytes.chunks(3).flat_map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_addresses_say_what_to_write_and_nothing_secret() {
        for (address, expected) in [
            ("http://am:9093", None),
            ("http://am:9093/prefix/", None),
            ("http://[::1]:9093", None),
            ("am:9093", Some("address \"am:9093\" is not of HTTP: begin it with http:// or https://")),
            ("ftp://am", Some("address \"ftp://am\" is not of HTTP: begin it with http:// or https://")),
            ("/am", Some("\"/am\" is no address: write one such as http://host:9090")),
            ("", Some("\"\" is no address: write one such as http://host:9090")),
            ("http://a b", Some("\"http://a b\" is no address: write one such as http://host:9090")),
            (
                "http://me:hunter2@am:9093",
                Some("address \"http://…@am:9093\" holds credentials: give them to basic_auth"),
            ),
            (
                "http://am/?token=hunter2",
                Some("address \"http://am/\" has a query or a fragment: leave that out"),
            ),
            // Passwords are not always escaped.
            (
                "http://me:hunter2#x@am:9093",
                Some("address \"http://…\" has a query or a fragment: leave that out"),
            ),
            (
                "http://me:x@hunter2?y@am:9093",
                Some("address \"http://…\" has a query or a fragment: leave that out"),
            ),
            (
                "http://am/?mail=a@hunter2",
                Some("address \"http://…\" has a query or a fragment: leave that out"),
            ),
            (
                "http://me:12/hunter2@am:9093",
                Some("address \"http://…@am:9093\" holds credentials: give them to basic_auth"),
            ),
            (
                "http://am:99999",
                Some("\"http://am:99999\" is no address: write one such as http://host:9090"),
            ),
        ] {
            let error = Endpoint::new(address).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), expected, "{address}");
            assert!(!format!("{:?}", Endpoint::new(address)).contains("hunter2"), "{address}");
        }
        assert_eq!(Endpoint::new("https://am").is_ok(), tls::SPOKEN);
    }

    #[test]
    fn headers_are_sent_and_never_shown() {
        let endpoint = Endpoint::new("http://am/x/").unwrap().header("X-Scope-OrgID", "hunter2").unwrap();
        let endpoint = endpoint.bearer("hunter3").unwrap().basic_auth("me", "hunter4").unwrap();
        let shown = format!("{endpoint:?}");
        assert!(shown.contains("x-scope-orgid") && !shown.contains("hunter"), "{shown}");
        assert_eq!(endpoint.headers()[1].1, "Basic bWU6aHVudGVyNA==");
        assert_eq!((endpoint.headers().len(), endpoint.url("/api")), (2, "http://am/x/api".to_owned()));
        assert!(
            endpoint.clone().basic_auth("hunter:5", "x").is_err_and(|error| !error.to_string().contains('5'))
        );
        for (name, value) in [("a b", "x"), ("a", "hunter\n2")] {
            let error = endpoint.clone().header(name, value).unwrap_err().to_string();
            assert!(!error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn credentials_are_encoded_as_the_standard_says() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("\u{ff}\u{fe}", "w7/Dvg=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
