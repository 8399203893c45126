//! What is wrong with what was written about another server.

use std::fmt;

/// Why another server cannot be asked as it was described. Names what was written, without what may be secret in it, and says
/// what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteError {
    subject: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Malformed,
    Scheme,
    NoTls,
    Credentials,
    Query,
    HeaderName,
    HeaderValue,
    UserName,
    #[cfg_attr(not(feature = "alertmanager"), expect(dead_code, reason = "alerts have labels"))]
    LabelName,
    #[cfg_attr(not(feature = "alertmanager"), expect(dead_code, reason = "alerts have labels"))]
    LabelReserved,
    #[cfg_attr(not(feature = "alertmanager"), expect(dead_code, reason = "alerts have labels"))]
    LabelTwice,
    #[cfg_attr(not(feature = "alertmanager"), expect(dead_code, reason = "alerts have links"))]
    Link,
    #[cfg_attr(not(feature = "prometheus"), expect(dead_code, reason = "Prometheus has selectors"))]
    Matchers,
}

impl RemoteError {
    pub(crate) fn new(subject: impl Into<String>, reason: Reason) -> Self {
        Self { subject: subject.into(), reason }
    }

    /// About an address, of which no more is shown than can be no secret.
    pub(super) fn about_address(address: &str, reason: Reason) -> Self {
        let public = address.split(['?', '#']).next().unwrap_or_default();
        let scheme = public.split_once("://").map_or_else(String::new, |(scheme, _)| format!("{scheme}://"));
        let shown = match public.rsplit_once('@') {
            // A password that is not escaped may hold what looks like the beginning of a query.
            _ if address[public.len()..].contains('@') => format!("{scheme}…"),
            Some((_, host)) => format!("{scheme}…@{host}"),
            None => public.to_owned(),
        };
        Self::new(shown, reason)
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, reason } = self;
        match reason {
            Reason::Malformed => write!(f, "{subject:?} is no address: write one such as http://host:9090"),
            Reason::Scheme => {
                write!(f, "address {subject:?} is not of HTTP: begin it with http:// or https://")
            }
            Reason::NoTls => write!(f, "address {subject:?} needs TLS: enable the feature remote-tls"),
            Reason::Credentials => {
                write!(f, "address {subject:?} holds credentials: give them to basic_auth")
            }
            Reason::Query => write!(f, "address {subject:?} has a query or a fragment: leave that out"),
            Reason::HeaderName => write!(f, "{subject:?} is no name of a header"),
            Reason::HeaderValue => {
                write!(f, "the value of header {subject:?} cannot be sent: write visible ASCII")
            }
            Reason::UserName => {
                write!(f, "the user name of {subject} holds a colon, which ends it: write one without")
            }
            Reason::Matchers => write!(f, "{subject:?} selects nothing: write matchers such as job=\"shop\""),
            Reason::LabelName => {
                write!(f, "{subject:?} is no name of a label: write letters, digits and underscores")
            }
            Reason::LabelReserved => write!(f, "label {subject:?} is written by us: give it another name"),
            Reason::Link => write!(f, "{subject:?} is no link: write one such as https://host/slo"),
            Reason::LabelTwice => write!(f, "{subject:?} is given twice: leave one out"),
        }
    }
}

impl std::error::Error for RemoteError {}
