//! What becomes of a restoration, in the log.

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
