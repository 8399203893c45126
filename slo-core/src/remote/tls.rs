//! TLS by rustls, trusting what the machine trusts: in a cluster that is where its own authority is installed.

use std::sync::Arc;

use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

pub(super) const SPOKEN: bool = true;

pub(super) fn configure(builder: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
    // Named, because without a name the provider that the process has installed is taken, and it may have none.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    builder.tls_config(tls.unversioned_rustls_crypto_provider(provider).build())
}
