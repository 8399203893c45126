//! TLS by rustls, trusting what the machine trusts, and whom the check is told to trust besides.
//!
//! What is trusted is read once, when it is first needed: by another thread, because a directory of certificates takes a while,
//! perhaps a longer one than a run may take.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::HttpGet;
use crate::checks::address::Address;
use crate::checks::alone::Alone;

/// How one server is spoken to.
#[derive(Clone)]
pub(super) struct Tls {
    address: Address,
    name: ServerName<'static>,
    besides: Option<PathBuf>,
    /// Set by the thread that has prepared it, also if nobody waits for it any more.
    connector: Arc<OnceLock<TlsConnector>>,
    preparing: Alone,
}

impl Tls {
    pub(super) fn new(address: &Address) -> Result<Self, String> {
        let name = ServerName::try_from(address.host().to_owned());
        let name = name.map_err(|_| "the URL's host is no name that a certificate may have".to_owned())?;
        let (connector, preparing) = Default::default();
        Ok(Self { address: address.clone(), name, besides: None, connector, preparing })
    }

    pub(super) async fn connect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let connector = self.connector().await?;
        let stream = connector.connect(self.name.clone(), stream).await;
        stream.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => format!("{} ended the handshake", self.address),
            _ => format!("{}: {error}", self.address),
        })
    }

    async fn connector(&self) -> Result<TlsConnector, String> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let (connector, besides) = (Arc::clone(&self.connector), self.besides.clone());
        let prepare = move || match connector.get() {
            Some(connector) => Ok(connector.clone()),
            None => prepare(besides.as_deref()).map(|new| connector.get_or_init(|| new).clone()),
        };
        self.preparing.run(prepare).await
    }
}

impl HttpGet {
    /// Trusts the authorities in this PEM file besides those of the machine: a cluster's own. It is read when it is first
    /// needed; while it cannot be, the check fails.
    ///
    /// ```
    /// use slo_tower::checks::{self, HttpGet};
    /// let get = HttpGet::new("https://bank:8443/ready").trusting("/etc/bank/ca.pem");
    /// assert!(checks::http("bank", get).fault().is_none());
    /// ```
    pub fn trusting(mut self, pem_file: impl Into<PathBuf>) -> Self {
        match self.request.as_mut().map(|request| request.tls.as_mut()) {
            Some(Some(tls)) => {
                tls.besides = Some(pem_file.into());
                // What it was cloned from trusts others.
                (tls.connector, tls.preparing) = Default::default();
            }
            Some(None) => self.note("http:// trusts nobody: begin the URL with https://".to_owned()),
            None => {}
        }
        self
    }
}

fn prepare(besides: Option<&Path>) -> Result<TlsConnector, String> {
    let besides = besides.map_or_else(|| Ok(Vec::new()), read_authorities)?;
    let config = configure(besides).map_err(|error| format!("what to trust is not known: {error}"))?;
    Ok(TlsConnector::from(Arc::new(config)))
}

fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |why: &str| format!("no authorities can be read from {}: {why}", path.display());
    let authorities = CertificateDer::pem_file_iter(path).map_err(|error| fault(&error.to_string()))?;
    let authorities: Result<Vec<_>, _> = authorities.collect();
    match authorities {
        Ok(authorities) if authorities.is_empty() => Err(fault("there is none in PEM")),
        Ok(authorities) => Ok(authorities),
        Err(_) => Err(fault("its PEM is broken")),
    }
}

fn configure(besides: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    // Named, because without a name the provider that the process has installed is taken, and it may have none.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(besides, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
