//! One request and its answer, or why there is none.

use std::fmt;
use std::time::Duration;

use ureq::http::{HeaderValue, Response, header::CONTENT_TYPE};
use ureq::{Agent, Body};

use super::Endpoint;
use super::tls;

/// So much of what a server says about its refusal is kept.
const SAID_MAX: usize = 200;
/// No answer is waited for longer, whatever was asked for: the end of the wait must be a moment that there is.
const TIMEOUT_MAX: Duration = Duration::from_secs(86_400);

/// Asks one server.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: Agent,
    endpoint: Endpoint,
}

/// Why there is no answer to work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection, or one that broke.
    Unreachable(String),
    /// It took too long.
    TimedOut,
    /// The server refuses, and what it says.
    Refused(u16, String),
    /// The answer is longer than it may be.
    TooLong,
    /// The answer is not what it should be.
    #[cfg_attr(not(feature = "prometheus"), expect(dead_code, reason = "nothing else reads answers"))]
    Malformed(String),
    /// The server itself says that something is missing in its answer, and perhaps what.
    #[cfg_attr(not(feature = "prometheus"), expect(dead_code, reason = "nothing else reads answers"))]
    Partial(String),
}

impl Client {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        let builder = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect is an answer like any other, and none that helps.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The process's environment is not asked: where alerts go is written in the program.
            .proxy(None)
            .user_agent(concat!("slo/", env!("CARGO_PKG_VERSION")))
            // Requests are rare, and a connection that was kept may have died meanwhile.
            .max_idle_connections(0);
        Self { agent: tls::configure(builder).build().new_agent(), endpoint }
    }

    #[cfg_attr(not(feature = "alertmanager"), expect(dead_code, reason = "Prometheus knows it otherwise"))]
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends `body`, and returns the answer's if it is one of success and at most `answer_max` bytes long.
    pub(crate) fn post(
        &self,
        path: &str,
        content_type: &'static str,
        body: &str,
        (timeout, answer_max): (Duration, u64),
    ) -> Result<Vec<u8>, Failure> {
        let mut request = self.agent.post(self.endpoint.url(path));
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.endpoint.headers().iter().cloned());
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let timeout = timeout.min(self.endpoint.timeout).min(TIMEOUT_MAX);
        let request = request.config().timeout_global(Some(timeout)).build();
        let mut answer = request.send(body).map_err(Failure::of)?;
        if answer.status().is_success() {
            // Its limit is the first length that is too long.
            let limit = answer_max.saturating_add(1);
            return answer.body_mut().with_config().limit(limit).read_to_vec().map_err(Failure::of);
        }
        Err(Failure::Refused(answer.status().as_u16(), said(&mut answer)))
    }
}

/// Returns the first line of what the server says about its refusal.
fn said(answer: &mut Response<Body>) -> String {
    let text = answer.body_mut().with_config().limit(64 * 1024).read_to_vec().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    first_line(&text)
}

/// Returns as much of what a server says as is kept of it.
fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().chars().take(SAID_MAX).collect()
}

impl Failure {
    fn of(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::BodyExceedsLimit(_) => Self::TooLong,
            other => Self::Unreachable(other.to_string()),
        }
    }
}

impl Failure {
    /// Of what the server says about it, no more is kept than of a refusal.
    #[cfg(feature = "prometheus")]
    pub(crate) fn partial(said: &str) -> Self {
        Self::Partial(first_line(said))
    }

    /// Returns what everybody may know of it: nothing that a server or the system has said.
    #[cfg(feature = "prometheus")]
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Unreachable(_) => "not reachable".to_owned(),
            Self::Refused(status, _) => format!("answered {status}"),
            Self::Malformed(_) => "the answer is not understood".to_owned(),
            Self::Partial(_) => "the answer is not whole".to_owned(),
            Self::TimedOut | Self::TooLong => self.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "not reachable: {why}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Refused(status, said) if said.is_empty() => write!(f, "answered {status}"),
            Self::Refused(status, said) => write!(f, "answered {status}: {said}"),
            Self::Malformed(what) => write!(f, "the answer is not understood: {what}"),
            Self::Partial(what) => write!(f, "the answer is not whole: {what}"),
            Self::TooLong => f.write_str("the answer is too long"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener};
    use std::thread::{self, JoinHandle};

    use super::*;

    /// Answers one connection with this text, after it has read the request, and returns the request.
    fn answering(text: String) -> (SocketAddr, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            while !request.ends_with("{}") {
                let mut bytes = [0; 1024];
                let read = stream.read(&mut bytes).unwrap();
                request += std::str::from_utf8(&bytes[..read]).unwrap();
            }
            // Whoever has read enough may have left.
            let _ = stream.write_all(text.as_bytes());
            request
        });
        (address, thread)
    }

    fn ask(address: SocketAddr, answer_max: u64) -> Result<Vec<u8>, Failure> {
        let endpoint = Endpoint::new(&format!("http://{address}/x")).unwrap().bearer("hunter2").unwrap();
        let patience = (Duration::from_secs(10), answer_max);
        Client::new(endpoint).post("/y", "application/json", "{}", patience)
    }

    #[test]
    fn an_answer_is_bounded_and_no_redirect_is_followed() {
        for (status, body, expected) in [
            ("200 OK", "1234", Ok(b"1234".to_vec())),
            ("200 OK", "12345", Err(Failure::TooLong)),
            ("400 Bad Request", "no\nmore", Err(Failure::Refused(400, "no".into()))),
            ("302 Found\r\nLocation: http://127.0.0.1:1/", "", Err(Failure::Refused(302, String::new()))),
        ] {
            let (address, server) =
                answering(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
            assert_eq!(ask(address, 4), expected, "{status}");
            let request = server.join().unwrap().to_lowercase();
            assert!(request.starts_with("post /x/y http/1.1\r\n"), "{request}");
            assert!(request.contains("authorization: bearer hunter2\r\n"), "{request}");
        }
    }

    /// Each byte comes in time, the whole answer never.
    #[test]
    fn who_answers_byte_by_byte_is_given_up() {
        for head in ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(head.as_bytes()).unwrap();
                while stream.write_all(b"x").is_ok() {
                    // tidy: real time because a slow server takes it.
                    thread::sleep(Duration::from_millis(5));
                }
            });
            let endpoint = Endpoint::new(&format!("http://{address}")).unwrap();
            let patience = (Duration::from_millis(200), 1_000_000);
            let answer = Client::new(endpoint).post("/", "application/json", "{}", patience);
            assert_eq!(answer, Err(Failure::TimedOut), "{head}");
            server.join().unwrap();
        }
    }

    #[test]
    fn who_does_not_answer_is_given_up() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(ask(closed, 4), Err(Failure::Unreachable(_))));
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::new(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
        let patience = (Duration::from_millis(50), 4);
        let answer = Client::new(endpoint).post("/", "application/json", "{}", patience);
        assert_eq!(answer, Err(Failure::TimedOut));
    }
}
