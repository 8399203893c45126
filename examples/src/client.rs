//! A lean HTTP/1.1 client: one kept-alive connection, opened again after the server has dropped it.
//!
//! The examples drive themselves with it, over real TCP. It never sends a request twice: whoever counts what
//! was sent must be able to rely on it.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A connection to one server.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    /// None before the first request and after the server has dropped the connection.
    open: Option<Open>,
}

impl Connection {
    /// Returns a connection that is opened by the first request.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// If nobody listens, or if the connection breaks before the answer is complete.
    pub async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<Response<Bytes>, ClientError> {
        if let Ok(host) = self.address.to_string().try_into() {
            request.headers_mut().insert(http::header::HOST, host);
        }
        // Taken out: an error below, or a caller that stops waiting, closes it.
        let mut open = self.opened().await?;
        let response = open.sender.send_request(request).await.map_err(ClientError::Broken)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(ClientError::Broken)?.to_bytes();
        self.open = Some(open);
        Ok(Response::from_parts(head, body))
    }

    async fn opened(&mut self) -> Result<Open, ClientError> {
        if let Some(mut open) = self.open.take()
            && open.sender.ready().await.is_ok()
        {
            return Ok(open);
        }
        let stream = TcpStream::connect(self.address).await.map_err(ClientError::Unreachable)?;
        stream.set_nodelay(true).map_err(ClientError::Unreachable)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(ClientError::Broken)?;
        // Its errors come back from `send_request` too.
        let driver = tokio::spawn(async move { driver.await.unwrap_or_default() });
        Ok(Open { sender, driver })
    }
}

/// A request on its way and the task that moves its bytes.
#[derive(Debug)]
struct Open {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        // Closes the socket at once, also under a request that is still waiting.
        self.driver.abort();
    }
}

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens.
    Unreachable(io::Error),
    /// The connection ended before the answer did.
    Broken(hyper::Error),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "cannot connect: {error}"),
            Self::Broken(error) => write!(f, "the connection ended before the answer: {error}"),
        }
    }
}

impl std::error::Error for ClientError {}
