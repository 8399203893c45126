//! A host and a port, and a connection to it.
//!
//! A host may have several addresses, of which some lead nowhere: the next one is tried when one has failed, or has not
//! answered for a moment, and the first to answer is taken. So a broken IPv6 route does not look like a server that is down.
//! What must never happen: a connection attempt outlives the run that made it.

use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::alone::Alone;

/// So long one address is waited for before the next one is tried as well, as RFC 8305 recommends.
const STAGGER: Duration = Duration::from_millis(250);
/// No more addresses of one host are tried.
const ADDRESSES_MAX: usize = 8;

/// Where somebody listens.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// The system's resolver cannot be interrupted.
    resolving: Alone,
}

impl Address {
    /// Takes `host` as it stands in a URL.
    pub(super) fn new(host: &str, port: u16) -> Self {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Self { host: bare.to_owned(), port, resolving: Alone::default() }
    }

    /// Reads `host:port`; an error says what to write. It does not repeat what may hold credentials, as the URL of a database
    /// does that was given in place of its address.
    #[cfg_attr(
        not(any(feature = "check-certificates", feature = "check-tcp")),
        allow(dead_code, reason = "only a URL is no such text")
    )]
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let what = if text.contains('@') { "what holds an '@'".to_owned() } else { format!("{text:?}") };
        let fault =
            || format!("{what} is no address: write host:port, such as \"db:5432\" or \"[::1]:5432\"");
        let (host, port) = text.rsplit_once(':').ok_or_else(fault)?;
        let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| is_digits && *port > 0).ok_or_else(fault)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match bracketed {
            Some(inner) => inner.contains(':'),
            // An IPv6 address without brackets ends in what looks like a port.
            None => !host.is_empty() && !host.contains(['[', ']', ':', '/', '@']),
        };
        let is_plain = is_host && !host.contains(|c: char| c.is_whitespace() || c.is_control());
        is_plain.then(|| Self::new(host, port)).ok_or_else(fault)
    }

    /// Returns the host without brackets.
    #[cfg_attr(
        not(any(feature = "check-certificates", feature = "check-https")),
        allow(dead_code, reason = "only TLS asks for somebody by name")
    )]
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Resolves, and connects to the first address that answers; an error names every address and what became of it.
    pub(super) async fn connect(&self) -> Result<TcpStream, String> {
        let addresses = self.resolve().await.map_err(|error| format!("{self} does not resolve: {error}"))?;
        match connect_any(&addresses).await {
            Ok(stream) => Ok(stream),
            Err(errors) if errors.is_empty() => Err(format!("{self} has no address")),
            Err(errors) => Err(format!("cannot connect to {self}: {}", errors.join("; "))),
        }
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(vec![(address, self.port).into()]);
        }
        let (host, port) = (self.host.clone(), self.port);
        let resolve =
            move || (host.as_str(), port).to_socket_addrs().map(|all| all.take(ADDRESSES_MAX).collect());
        self.resolving.run(move || resolve().map_err(|error| error.to_string())).await
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

async fn connect_any(addresses: &[SocketAddr]) -> Result<TcpStream, Vec<String>> {
    // Dropping the set ends what is still under way in it.
    let (mut attempts, mut errors) = (JoinSet::new(), Vec::new());
    let mut waiting = addresses.iter().copied();
    loop {
        let next = waiting.next();
        if let Some(address) = next {
            attempts.spawn(async move {
                let stream =
                    TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
                if is_alone(&stream) { Err(format!("{address}: nobody listens")) } else { Ok(stream) }
            });
        }
        let patience = if waiting.len() > 0 { STAGGER } else { Duration::MAX };
        let ended = timeout(patience, attempts.join_next()).await;
        match ended {
            Ok(Some(Ok(Ok(stream)))) => return Ok(stream),
            Ok(Some(Ok(Err(error)))) => errors.push(error),
            Ok(Some(Err(error))) => errors.push(error.to_string()),
            Ok(None) => return Err(errors),
            Err(_) => {}
        }
    }
}

/// Returns whether a connection is one with itself: where nobody listens on a port that the system gives to clients, it may
/// give that very port to us.
fn is_alone(stream: &TcpStream) -> bool {
    stream.local_addr().ok().zip(stream.peer_addr().ok()).is_some_and(|(own, other)| own == other)
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (text, host, port) in [
            ("db:5432", "db", 5432),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("[::1]:65535", "::1", 65_535),
            ("bücher.example:80", "bücher.example", 80),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port));
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn wrong_addresses_say_what_to_write() {
        for text in [
            "",
            "db",
            ":1",
            "db:",
            "db:x",
            "db:0",
            "db:+1",
            "db:65536",
            "::1:80",
            "[::1]",
            "[]:1",
            "[db]:1",
            "[::1:80",
            "http://db:80",
            "d b:80",
            "db\n:80",
        ] {
            let error = Address::parse(text).unwrap_err();
            let expected =
                format!("{text:?} is no address: write host:port, such as \"db:5432\" or \"[::1]:5432\"");
            assert_eq!(error, expected);
        }
    }

    /// The URL of a database is easily given for its address.
    #[test]
    fn credentials_are_not_repeated() {
        for text in
            ["me:hunter2@db:80", "postgres://me:hunter2@db/shop", "redis://:hunter2@db:6379", "@hunter2"]
        {
            let error = Address::parse(text).unwrap_err();
            assert!(error.starts_with("what holds an '@' is no address: write host:port"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_connection_with_oneself_is_none() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        assert!(is_alone(&socket.connect(address).await.unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert!(!is_alone(&TcpStream::connect(listener.local_addr().unwrap()).await.unwrap()));
    }

    #[tokio::test]
    async fn the_first_address_that_answers_is_taken() {
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = open.local_addr().map(|address| (address, open)).unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        for addresses in
            [vec![open.0], vec![closed, open.0], vec![open.0, closed], vec![closed, closed, open.0]]
        {
            let stream = connect_any(&addresses).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), open.0);
        }
        #[cfg(target_os = "linux")]
        {
            // Two that wait behind one which is never accepted: whoever comes then is dropped by the kernel.
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let full = socket.listen(1).unwrap();
            let silent = full.local_addr().unwrap();
            let mut waiting = Vec::new();
            while let Ok(stream) = timeout(STAGGER, TcpStream::connect(silent)).await {
                waiting.push(stream.unwrap());
                assert!(waiting.len() < 100, "the kernel keeps whoever comes");
            }
            let stream = timeout(20 * STAGGER, connect_any(&[silent, closed, open.0, silent])).await;
            assert_eq!(stream.expect("it waits for who is silent").unwrap().peer_addr().unwrap(), open.0);
        }
        let errors = connect_any(&[closed, closed]).await.unwrap_err();
        assert_eq!(errors.len(), 2);
        assert!(errors[0].starts_with(&format!("{closed}: ")), "{errors:?}");
        assert_eq!(connect_any(&[]).await.unwrap_err(), [""; 0]);
    }
}
