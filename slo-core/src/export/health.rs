//! What is said of the health, one family after the other.

use super::samples::{Value, Visit};
use crate::health::{HealthStatus, Level, Life};
use crate::naming::{self, label};

/// What has not run yet has no level: a zero would be a failure.
pub(super) fn levels(health: &HealthStatus, visit: Visit<'_>) {
    for check in health.checks.iter().filter(|check| check.reported.is_some()) {
        visit(&naming::HEALTH_CHECK_STATUS, &[(label::CHECK, &check.name)], value(check.level));
    }
}

pub(super) fn runs(health: &HealthStatus, visit: Visit<'_>) {
    for check in &health.checks {
        for (level, runs) in [Level::Pass, Level::Warn, Level::Fail].into_iter().zip(check.runs) {
            let labels = [(label::CHECK, check.name.as_str()), (label::STATUS, level.as_str())];
            visit(&naming::HEALTH_CHECKS, &labels, Value::Counter(runs));
        }
    }
}

pub(super) fn durations(health: &HealthStatus, visit: Visit<'_>) {
    for check in &health.checks {
        if let Some(seconds) = check.took_seconds {
            visit(&naming::HEALTH_CHECK_DURATION, &[(label::CHECK, &check.name)], Value::Gauge(seconds));
        }
    }
}

pub(super) fn successes(health: &HealthStatus, visit: Visit<'_>) {
    for check in &health.checks {
        if let Some(at) = check.last_success {
            let seconds = Value::Gauge(at.unix_seconds());
            visit(&naming::HEALTH_CHECK_LAST_SUCCESS, &[(label::CHECK, &check.name)], seconds);
        }
    }
}

pub(super) fn readings(health: &HealthStatus, visit: Visit<'_>) {
    for check in &health.checks {
        for reading in &check.readings {
            let labels = [(label::CHECK, check.name.as_str()), (label::READING, reading.name)];
            visit(&naming::HEALTH_CHECK_READING, &labels, Value::Gauge(reading.value));
        }
    }
}

pub(super) fn probes(health: &HealthStatus, visit: Visit<'_>) {
    let answers = [
        ("liveness", health.liveness(&[])),
        ("readiness", health.readiness(&[])),
        ("startup", health.startup()),
    ];
    for (probe, answer) in answers {
        visit(&naming::HEALTH_PROBE_STATUS, &[(label::PROBE, probe)], value(answer.level));
    }
}

pub(super) fn life(health: &HealthStatus, visit: Visit<'_>) {
    for life in [Life::Starting, Life::Ready, Life::Draining] {
        let is_now = Value::Gauge(f64::from(u8::from(life == health.life)));
        visit(&naming::HEALTH_LIFE, &[(label::STATE, life.as_str())], is_now);
    }
}

pub(super) fn lags(health: &HealthStatus, visit: Visit<'_>) {
    for runtime in &health.runtimes {
        let lag = Value::Gauge(runtime.lag_seconds);
        visit(&naming::HEALTH_RUNTIME_LAG, &[(label::CHECK, &runtime.check)], lag);
    }
}

pub(super) fn stalls(health: &HealthStatus, visit: Visit<'_>) {
    for runtime in &health.runtimes {
        let stalls = Value::Counter(runtime.stalls);
        visit(&naming::HEALTH_RUNTIME_STALLS, &[(label::CHECK, &runtime.check)], stalls);
    }
}

const fn value(level: Level) -> Value {
    Value::Gauge(match level {
        Level::Pass => 1.0,
        Level::Warn => 0.5,
        Level::Unknown | Level::Fail => 0.0,
    })
}
