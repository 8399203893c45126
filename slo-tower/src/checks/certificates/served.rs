//! What a server presents in a handshake that verifies nothing.
//!
//! No data is exchanged over such a connection, so nothing depends on who is at its other end.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsConnector;

use super::read::{Known, all};
use crate::checks::address::Address;

/// Reads what the server at `address` presents to whoever asks for `name`.
pub(super) async fn certificates(address: &Address, name: ServerName<'static>) -> Result<Vec<Known>, String> {
    let stream = address.connect().await?;
    let witness = Arc::new(Witness::default());
    let connector = TlsConnector::from(Arc::new(configure(&witness).map_err(|error| error.to_string())?));
    let handshake = connector.connect(name, stream).await;
    let seen = witness.take();
    let error = match handshake {
        Ok(mut stream) => {
            // Out of politeness: some servers log who leaves without a word.
            let _ = stream.shutdown().await;
            None
        }
        Err(error) => Some(error),
    };
    match error {
        // It has presented them before it ended the handshake, perhaps for want of ours.
        _ if !seen.is_empty() => all(&seen, &address.to_string()),
        Some(error) => Err(format!("{address} presents no certificate: {error}")),
        None => Err(format!("{address} presents no certificate")),
    }
}

fn configure(witness: &Arc<Witness>) -> Result<ClientConfig, Error> {
    // Named, because without a name the provider that the process has installed is taken, and it may have none.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let witness: Arc<Witness> = Arc::clone(witness);
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(witness).with_no_client_auth())
}

/// Writes down what is presented, and believes everything.
#[derive(Debug, Default)]
struct Witness {
    seen: Mutex<Vec<CertificateDer<'static>>>,
}

impl Witness {
    fn take(&self) -> Vec<CertificateDer<'static>> {
        mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = [end_entity].into_iter().chain(intermediates);
        let chain = chain.map(|certificate| certificate.clone().into_owned()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
