//! Without the feature `check-https` only plain HTTP is spoken.

use std::convert::Infallible;

use tokio::net::TcpStream;

use crate::checks::address::Address;

/// There is none.
#[derive(Clone, Debug)]
pub(super) struct Tls(Infallible);

impl Tls {
    pub(super) fn new(_: &Address) -> Result<Self, String> {
        Err("https:// needs the feature `check-https`".to_owned())
    }

    #[expect(clippy::unused_async, reason = "with TLS it waits")]
    pub(super) async fn connect(&self, _: TcpStream) -> Result<TcpStream, String> {
        match self.0 {}
    }
}
