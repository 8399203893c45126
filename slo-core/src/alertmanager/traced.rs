//! What becomes of deliveries, in the log: only what changes, not each attempt.

use tracing::{info, warn};

use crate::remote::Failure;

/// The first attempt after others that worked has failed.
pub(super) fn failing(alertmanager: &str, why: &Failure, alerts: usize) {
    warn!(target: "slo::alertmanager", alertmanager, alerts, %why, "alerts cannot be delivered: tried again");
}

/// The first attempt after others that failed has worked.
pub(super) fn delivering(alertmanager: &str) {
    info!(target: "slo::alertmanager", alertmanager, "alerts are delivered again");
}

/// What was sent is wrong, or whoever stands in between says so.
pub(super) fn refused(alertmanager: &str, why: &Failure, alerts: usize) {
    warn!(target: "slo::alertmanager", alertmanager, alerts, %why, "alerts are refused: what fires is tried again with the next interval");
}

/// There is no more room.
pub(super) fn dropping(alertmanager: &str, dropped: u64) {
    warn!(
        target: "slo::alertmanager",
        alertmanager,
        dropped,
        "too many alerts wait for delivery: the oldest that have resolved are dropped"
    );
}
