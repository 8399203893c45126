//! Without the feature `remote-tls` only plain HTTP is spoken.

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

pub(super) const SPOKEN: bool = false;

pub(super) fn configure(builder: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
    builder
}
