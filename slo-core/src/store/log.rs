//! What becomes of the saved state, as events of `tracing`.

use tracing::event;

/// How much it matters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Info,
    Warn,
    Error,
}

/// Says it, once.
pub(crate) fn say(service: &str, level: Level, what: &str) {
    match level {
        Level::Info => event!(target: "slo::state", tracing::Level::INFO, service, "{what}"),
        Level::Warn => event!(target: "slo::state", tracing::Level::WARN, service, "{what}"),
        Level::Error => event!(target: "slo::state", tracing::Level::ERROR, service, "{what}"),
    }
}
