//! The bank that the shop depends on: a listener of this process that takes every connection, and says nothing.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};

/// Where the bank is. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Bank(SocketAddr);

impl Bank {
    /// Opens it, for as long as the runtime lives.
    pub(crate) async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let bank = Self(listener.local_addr()?);
        tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        Ok(bank)
    }

    /// Asks whether anybody is there.
    pub(crate) async fn ping(self) -> io::Result<()> {
        TcpStream::connect(self.0).await.map(drop)
    }
}
