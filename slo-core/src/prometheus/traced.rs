//! What becomes of questions, in the log.

use tracing::{info, warn};

use crate::remote::Failure;

pub(crate) fn asking(server: &str) {
    info!(target: "slo::restore", server, "what happened before this process is asked for");
}

pub(crate) fn restored(server: &str, slos: usize, series: usize, watched_seconds: u64) {
    info!(target: "slo::restore", server, slos, series, watched_seconds, "what happened before this process is restored");
}

pub(crate) fn failed(server: &str, why: &Failure) {
    warn!(target: "slo::restore", server, %why, "what happened before this process is not known");
}

/// The first question after others that were answered is not.
pub(crate) fn fleet_unknown(server: &str, why: &Failure) {
    warn!(target: "slo::fleet", server, %why, "the fleet is not known: asked again");
}

/// The first question after others that were not answered is.
pub(crate) fn fleet_known(server: &str) {
    info!(target: "slo::fleet", server, "the fleet is known");
}
