//! Whether a page is answered as it should be.
//!
//! HTTP/1.1 by hyper, on a connection of its own for each run: what waits can be dropped, so that the time-out of the check is
//! that of the request. A blocking client would need one of its own, and a thread beyond it.
//! What must never happen: a header, a query or an answer in a reason.

mod ask;
mod statuses;
#[cfg_attr(not(feature = "check-https"), path = "no_tls.rs")]
mod tls;

use std::fmt;
use std::sync::Arc;

use ::http::header::{ACCEPT_ENCODING, CONNECTION, HOST, USER_AGENT};
use ::http::uri::Authority;
use ::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use bytes::Bytes;
use http_body_util::Empty;
use slo_core::{Check, Finding, Report};
use tokio::time::Instant;

use self::ask::{Answer, Body};
use self::statuses::Statuses;
use self::tls::Tls;
use super::address::Address;

/// Checks that a page is answered as it should be, by a `GET`.
///
/// `get` is a URL, or an [`HttpGet`] that says more: headers, which statuses are well, what the body must contain. Unless told
/// otherwise a status from 200 to 299 is well. Redirects are not followed, and are not well: whoever answers for the page is
/// the one that is asked, and a redirect to a page that says sorry is no success.
///
/// Each run resolves and connects afresh. No proxy is asked. The readings are `response_seconds`, from the start to the head of
/// the answer, and `status_code`.
///
/// `https://` needs the feature `check-https`. A URL or a header that is none is a [`CheckError`](crate::CheckError) of the check.
///
/// ```
/// use slo_tower::checks::{self, HttpGet};
/// use slo_tower::SloRegistry;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let bank = format!("http://{}", listener.local_addr()?);
/// # let page = axum::routing::get(|| async { r#"{"state":"open"}"# });
/// # tokio::spawn(async { axum::serve(listener, axum::Router::new().route("/state", page)).await });
/// // let bank = "http://bank:8080";
/// let open = HttpGet::new(format!("{bank}/state")).body_contains(r#""state":"open""#);
/// let locked = HttpGet::new(format!("{bank}/vault")).statuses([401, 403]);
/// let slos = SloRegistry::builder("shop")
///     .check(checks::http("bank", format!("{bank}/state")).jitter(0.0))
///     .check(checks::http("bank-open", open).jitter(0.0))
///     .check(checks::http("bank-locked", locked).jitter(0.0))
///     .build()?;
/// slos.health().run_due().await; // A registry that is started does so by itself, a moment later.
/// let status = slos.health().status();
/// let level = |name| status.check(name).map(|check| check.level.as_str());
/// assert_eq!([level("bank"), level("bank-open")], [Some("pass"), Some("pass")]);
/// assert_eq!(level("bank-locked"), Some("fail")); // It answered 404.
/// # Ok(())
/// # }
/// ```
pub fn http(name: impl Into<String>, get: impl Into<HttpGet>) -> Check {
    let HttpGet { request, fault } = get.into();
    match (request, fault) {
        (Some(request), None) => {
            let request = Arc::new(request);
            Check::new(name, move || {
                let request = Arc::clone(&request);
                async move { request.run().await }
            })
        }
        (_, fault) => Check::new(name, || async { Report::Pass }).refused(fault.unwrap_or_default()),
    }
}

/// A page to get, and how it should be answered. A text is the URL of a page that is to be answered with success.
#[derive(Clone, Debug)]
#[must_use]
pub struct HttpGet {
    /// Absent where the URL is none.
    request: Option<Get>,
    /// The first thing that is wrong.
    fault: Option<String>,
}

impl HttpGet {
    /// So much of a body is read at most when something is looked for in it.
    pub const BODY_BYTES_MAX: usize = 1 << 20;

    /// Gets `url`, which begins with `http://` or `https://`, and may have a query.
    pub fn new(url: impl AsRef<str>) -> Self {
        match Get::new(url.as_ref()) {
            Ok(request) => Self { request: Some(request), fault: None },
            Err(fault) => Self { request: None, fault: Some(fault) },
        }
    }

    /// Sends this header as well, in place of one of the same name: a token, or another `host` than that of the URL. Its value
    /// is shown nowhere.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            (Ok(header), Ok(mut value)) => {
                value.set_sensitive(true);
                if let Some(request) = &mut self.request {
                    request.headers.insert(header, value);
                }
            }
            (Err(_), _) => {
                self.note(format!("{name:?} is no name of a header: write one such as \"accept\""));
            }
            (_, Err(_)) => {
                self.note(format!("the value of the header {name} has characters that none may have"));
            }
        }
        self
    }

    /// Takes these statuses for success, and no others: `200..=399`, `[200, 401]`.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        match Statuses::new(statuses) {
            Ok(statuses) => {
                if let Some(request) = &mut self.request {
                    request.statuses = statuses;
                }
            }
            Err(fault) => self.note(fault),
        }
        self
    }

    /// Fails where the body does not contain `text` within its first [`BODY_BYTES_MAX`](Self::BODY_BYTES_MAX) bytes.
    pub fn body_contains(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            self.note("every body contains an empty text: write what is to be there".to_owned());
        }
        if let Some(request) = &mut self.request {
            request.contains = Some(text);
        }
        self
    }

    fn note(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

impl<U: AsRef<str>> From<U> for HttpGet {
    fn from(url: U) -> Self {
        Self::new(url)
    }
}

/// A request that can be made.
#[derive(Clone)]
struct Get {
    authority: Authority,
    address: Address,
    /// With its query, which may be a secret; so may the path.
    path: String,
    headers: HeaderMap,
    statuses: Statuses,
    contains: Option<String>,
    /// Absent for plain HTTP.
    tls: Option<Tls>,
}

impl Get {
    /// An error does not repeat the URL, which may hold what is secret.
    fn new(url: &str) -> Result<Self, String> {
        let none = || "what it gets is no URL: write one such as \"http://shop:8080/ready\"".to_owned();
        let uri: Uri = url.parse().map_err(|_| none())?;
        let authority = uri.authority().ok_or_else(none)?;
        if url.contains('@') {
            return Err("the URL holds credentials, or an '@': give them as a header, write %40".to_owned());
        }
        let has_wrong_port = authority.port_u16().is_none() && authority.as_str() != authority.host();
        if authority.host().is_empty() || has_wrong_port || authority.port_u16() == Some(0) {
            return Err(none());
        }
        let (port, is_tls) = match uri.scheme_str() {
            Some("http") => (80, false),
            Some("https") => (443, true),
            Some(_) | None => {
                return Err("the URL is not of HTTP: begin it with http:// or https://".to_owned());
            }
        };
        let address = Address::new(authority.host(), authority.port_u16().unwrap_or(port));
        let tls = is_tls.then(|| Tls::new(&address)).transpose()?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(authority.as_str()).map_err(|_| none())?);
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("slo/", env!("CARGO_PKG_VERSION"))));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        Ok(Self {
            authority: authority.clone(),
            address,
            path: path(&uri),
            headers,
            statuses: Statuses::default(),
            contains: None,
            tls,
        })
    }

    async fn run(&self) -> Finding {
        let start = Instant::now();
        let answer = match self.ask(start).await {
            Ok(answer) => answer,
            Err(reason) => return Report::Fail(reason).into(),
        };
        Finding::from(self.judge(&answer))
            .with("response_seconds", answer.head_after.as_secs_f64())
            .with("status_code", f64::from(answer.status.as_u16()))
    }

    async fn ask(&self, start: Instant) -> Result<Answer, String> {
        let request = self.request().map_err(|error| error.to_string())?;
        let contains = self.contains.as_deref().map(str::as_bytes);
        let stream = self.address.connect().await?;
        let answer = match &self.tls {
            None => ask::ask(stream, request, contains, start).await,
            Some(tls) => ask::ask(tls.connect(stream).await?, request, contains, start).await,
        };
        answer.map_err(|error| format!("{} gave no answer: {error}", self.authority))
    }

    fn request(&self) -> Result<Request<Empty<Bytes>>, ::http::Error> {
        let mut request = Request::get(&self.path).body(Empty::new())?;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }

    fn judge(&self, answer: &Answer) -> Report {
        let Self { authority, statuses, .. } = self;
        let status = answer.status.as_u16();
        if !statuses.contains(status) {
            let aside = if answer.status.is_redirection() { " (redirects are not followed)" } else { "" };
            return Report::Fail(format!("{authority} answered {status}, not {statuses}{aside}"));
        }
        let wanted = self.contains.as_deref().unwrap_or_default();
        match &answer.body {
            Body::NotRead | Body::Contains => Report::Pass,
            Body::Lacks => Report::Fail(format!("the answer of {authority} does not contain {wanted:?}")),
            Body::TooLong => Report::Fail(format!(
                "the first {} bytes of the answer of {authority} do not contain {wanted:?}",
                HttpGet::BODY_BYTES_MAX
            )),
            Body::Broken(error) => Report::Fail(format!("the answer of {authority} broke off: {error}")),
        }
    }
}

/// Returns what is asked for: a query needs no path in a URL, but one in a request.
fn path(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

impl fmt::Debug for Get {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names alone: an iterator over them would show the map.
        let headers: Vec<&HeaderName> = self.headers.keys().collect();
        f.debug_struct("Get")
            .field("authority", &self.authority)
            .field("headers", &headers)
            .field("statuses", &self.statuses)
            .field("contains", &self.contains)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(get: HttpGet) -> Option<String> {
        http("page", get).fault().map(|fault| fault.to_string().replace("check page: ", ""))
    }

    #[test]
    fn wrong_urls_say_what_to_write_and_nothing_secret() {
        let none = "what it gets is no URL: write one such as \"http://shop:8080/ready\"";
        let scheme = "the URL is not of HTTP: begin it with http:// or https://";
        let credentials = "the URL holds credentials, or an '@': give them as a header, write %40";
        for (url, expected) in [
            ("http://shop:8080/ready?token=hunter2", None),
            ("http://[::1]:8080", None),
            ("HTTP://shop", None),
            ("http://shop?token=hunter2", None),
            ("", Some(none)),
            ("/ready?hunter2", Some(none)),
            ("http://", Some(none)),
            ("http://:80/", Some(none)),
            ("http://shop:0/", Some(none)),
            ("http://shop:99999/hunter2", Some(none)),
            ("http://a b/hunter2", Some(none)),
            ("shop:8080", Some(scheme)),
            ("ftp://shop/hunter2", Some(scheme)),
            ("http://me:hunter2@shop/", Some(credentials)),
            ("http://me:12/hunter2@shop/", Some(credentials)),
        ] {
            let get = HttpGet::new(url);
            assert!(!format!("{get:?}").contains("hunter2"), "{get:?}");
            assert_eq!(fault(get).as_deref(), expected, "{url}");
        }
        let needs = "https:// needs the feature `check-https`";
        let expected = (!cfg!(feature = "check-https")).then_some(needs);
        assert_eq!(fault(HttpGet::new("https://shop")).as_deref(), expected);
    }

    #[test]
    fn a_query_needs_no_path() {
        for (url, path) in [
            ("http://shop", "/"),
            ("http://shop/", "/"),
            ("http://shop?deep=1", "/?deep=1"),
            ("http://shop/ready?deep=1", "/ready?deep=1"),
            ("http://[::1]:80?deep=1#top", "/?deep=1"),
        ] {
            let get = Get::new(url).unwrap();
            assert_eq!(get.path, path, "{url}");
            assert_eq!(get.request().unwrap().uri().to_string(), path, "{url}");
        }
    }

    #[test]
    fn the_first_thing_that_is_wrong_is_told() {
        let get = || HttpGet::new("http://shop");
        for (get, expected) in [
            (get().header("a b", "x"), "\"a b\" is no name of a header: write one such as \"accept\""),
            (get().header("a", "hunter\n2"), "the value of the header a has characters that none may have"),
            (get().statuses([]), "no status would be well: write such as 200..=399 or [200, 401]"),
            (get().statuses([99]), "99 is no status: write such as 200..=399 or [200, 401]"),
            (get().body_contains(""), "every body contains an empty text: write what is to be there"),
            (
                get().body_contains("").statuses([]),
                "every body contains an empty text: write what is to be there",
            ),
        ] {
            assert_eq!(fault(get).as_deref(), Some(expected));
        }
        assert_eq!(fault(get().header("a", "x").statuses(200..=399).body_contains("ok")), None);
    }

    #[test]
    fn headers_and_queries_are_not_shown() {
        let get = HttpGet::new("http://shop/hunter2?hunter3").header("X-Token", "hunter4");
        let shown = format!("{get:?}");
        assert!(shown.contains("x-token") && shown.contains("shop") && !shown.contains("hunter"), "{shown}");
    }
}
