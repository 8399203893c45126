//! Which Alertmanagers, and what to add to what they are told.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::naming::ALERT_LABELS;
use crate::remote::{Endpoint, Reason, RemoteError};

/// One Alertmanager, or all of a cluster: where they are and what they are told besides what fires.
///
/// While an alert fires it is sent each minute, and ends by itself four minutes after the process has died; when it
/// resolves that is sent at once, and again each minute for a quarter of an hour. What cannot be delivered is kept, up to a thousand
/// alerts, or four of each SLO, and always all that fire, and tried again after a second, two, four, up to a minute. Ticks and requests
/// never wait for it.
///
/// An alert has the labels `alertname` ([`naming::ALERT_NAME`](crate::naming::ALERT_NAME)), `slo`, `service`, `severity`, the
/// SLO's own and those added here; `summary` and `description` say which row fired, how fast the budget burns, how much is
/// spent and when it will be gone. Processes that send the same labels share one alert: it fires again with the next minute if one of
/// several has resolved. Add a label `instance` to tell them apart.
///
/// ```
/// use slo_core::{Alertmanager, Registry};
///
/// let alertmanager = Alertmanager::new("http://127.0.0.1:9093")?
///     .and("http://127.0.0.1:9094")?
///     .label("cluster", "eu")?
///     .annotation("runbook_url", "https://wiki.example/runbooks/{slo}")?
///     .generator_url("https://shop.example/slo")?;
/// let registry = Registry::builder("shop").alertmanager(alertmanager).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Alertmanager {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) generator_url: Option<String>,
    pub(super) resend_interval: Duration,
    pub(super) resolves_at_shutdown: bool,
    pub(super) shutdown_timeout: Duration,
}

impl Alertmanager {
    /// The Alertmanager at this address, such as `http://127.0.0.1:9093`; a path, if it has one, comes before `/api`.
    ///
    /// ```
    /// use slo_core::Alertmanager;
    /// let error = Alertmanager::new("am:9093").unwrap_err();
    /// assert_eq!(error.to_string(), "address \"am:9093\" is not of HTTP: begin it with http:// or https://");
    /// ```
    ///
    /// # Errors
    ///
    /// If it is no address of HTTP, holds credentials or a query, or is one of HTTPS without the feature `remote-tls`.
    pub fn new(address: &str) -> Result<Self, RemoteError> {
        Ok(Self {
            endpoints: vec![Endpoint::new(address)?],
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            generator_url: None,
            resend_interval: Duration::from_secs(60),
            resolves_at_shutdown: true,
            shutdown_timeout: Duration::from_secs(2),
        })
    }

    /// Tells another one of the same cluster as well, with the headers given so far. Each is told everything, as
    /// Prometheus does: they agree among themselves on who notifies.
    ///
    /// # Errors
    ///
    /// As [`Alertmanager::new`].
    pub fn and(mut self, address: &str) -> Result<Self, RemoteError> {
        let other = self.endpoints[0].at(address)?;
        self.endpoints.push(other);
        Ok(self)
    }

    /// Sends a header with every request. Its value is shown nowhere.
    ///
    /// # Errors
    ///
    /// If the name is no name of a header or the value holds what cannot be sent.
    pub fn header(self, name: &str, value: &str) -> Result<Self, RemoteError> {
        self.each(|endpoint| endpoint.header(name, value))
    }

    /// Sends a bearer token with every request.
    ///
    /// # Errors
    ///
    /// If the token holds what cannot be sent in a header.
    pub fn bearer(self, token: &str) -> Result<Self, RemoteError> {
        self.each(|endpoint| endpoint.bearer(token))
    }

    /// Sends a name and a password with every request.
    ///
    /// # Errors
    ///
    /// If the name holds a colon, which ends it.
    pub fn basic_auth(self, user: &str, password: &str) -> Result<Self, RemoteError> {
        self.each(|endpoint| endpoint.basic_auth(user, password))
    }

    /// Waits this long for an answer: ten seconds unless changed.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.timeout = timeout);
        self
    }

    /// Adds a label to every alert. One that the SLO has by this name goes before it.
    ///
    /// # Errors
    ///
    /// If the name is no label name, is one we write ourselves, or is given twice.
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Result<Self, RemoteError> {
        if ALERT_LABELS.contains(&name) {
            return Err(RemoteError::new(name, Reason::LabelReserved));
        }
        add(&mut self.labels, name, value.into())?;
        Ok(self)
    }

    /// Adds an annotation to every alert, such as `runbook_url`; in its value `{slo}`, `{service}` and `{severity}` stand for
    /// the alert's own. `summary` and `description` replace ours.
    ///
    /// # Errors
    ///
    /// If the name is no label name or is given twice.
    pub fn annotation(mut self, name: &str, value: impl Into<String>) -> Result<Self, RemoteError> {
        add(&mut self.annotations, name, value.into())?;
        Ok(self)
    }

    /// Links every alert to where it comes from, such as this service's `/slo`.
    ///
    /// # Errors
    ///
    /// If it is no address that begins with `http://` or `https://`: an Alertmanager refuses alerts with anything else.
    pub fn generator_url(mut self, url: impl Into<String>) -> Result<Self, RemoteError> {
        let url = url.into();
        if !Endpoint::is_link(&url) {
            return Err(RemoteError::new(url, Reason::Link));
        }
        self.generator_url = Some(url);
        Ok(self)
    }

    /// Sends what fires again this often: each minute unless changed, and not more often than once in a second. What is not
    /// sent again for four times as long has resolved.
    pub fn resend_interval(mut self, interval: Duration) -> Self {
        self.resend_interval = interval.max(Duration::from_secs(1));
        self
    }

    /// Says whether what still fires is resolved when the last handle of the registry goes: it is, unless changed. Otherwise
    /// it goes on until somebody sends it again or it ends by itself.
    pub fn resolves_at_shutdown(mut self, resolves: bool) -> Self {
        self.resolves_at_shutdown = resolves;
        self
    }

    /// Takes this long at most for what is left to send when the last handle of the registry goes: two seconds unless
    /// changed. Whoever drops that handle waits for it.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    fn each(
        mut self,
        change: impl Fn(Endpoint) -> Result<Endpoint, RemoteError>,
    ) -> Result<Self, RemoteError> {
        self.endpoints = self.endpoints.into_iter().map(change).collect::<Result<_, _>>()?;
        Ok(self)
    }
}

fn add(to: &mut BTreeMap<String, String>, name: &str, value: String) -> Result<(), RemoteError> {
    if !is_label_name(name) {
        return Err(RemoteError::new(name, Reason::LabelName));
    }
    match to.insert(name.to_owned(), value) {
        Some(_) => Err(RemoteError::new(name, Reason::LabelTwice)),
        None => Ok(()),
    }
}

fn is_label_name(name: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    name.chars().all(plain) && !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_labels_say_what_to_write() {
        let add = |names: &[&str]| {
            let alertmanager = Alertmanager::new("http://am")?;
            names.iter().try_fold(alertmanager, |alertmanager, name| alertmanager.label(name, "x"))
        };
        for (names, expected) in [
            (&["cluster", "env"][..], None),
            (&["severity"], Some("label \"severity\" is written by us: give it another name")),
            (&["alertname"], Some("label \"alertname\" is written by us: give it another name")),
            (&["a-b"], Some("\"a-b\" is no name of a label: write letters, digits and underscores")),
            (&["a", "a"], Some("\"a\" is given twice: leave one out")),
        ] {
            let error = add(names).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), expected, "{names:?}");
        }
        let twice =
            Alertmanager::new("http://am").unwrap().annotation("a", "x").unwrap().annotation("a", "y");
        assert!(twice.is_err());
    }

    #[test]
    fn what_an_alertmanager_would_refuse_is_no_link() {
        for (link, is_one) in [
            ("https://shop.example/slo", true),
            ("http://127.0.0.1:3000/d/x?var-slo=a#top", true),
            ("shop.example/slo", false),
            ("slo", false),
            ("/slo", false),
            ("not a link", false),
            ("", false),
        ] {
            let config = Alertmanager::new("http://am").unwrap().generator_url(link);
            assert_eq!(config.is_ok(), is_one, "{link}");
        }
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        let alertmanager = Alertmanager::new("http://am").unwrap().and("http://b/prefix").unwrap();
        let alertmanager =
            alertmanager.basic_auth("me", "hunter2").unwrap().header("x-key", "hunter3").unwrap();
        let shown = format!("{alertmanager:?}");
        assert!(shown.contains("http://b/prefix") && !shown.contains("hunter"), "{shown}");
    }
}
