//! Without the feature `tracing` the numbers of `slo_notifications_total` say it alone.

use crate::remote::Failure;

pub(super) fn failing(_: &str, _: &Failure, _: usize) {}

pub(super) fn delivering(_: &str) {}

pub(super) fn refused(_: &str, _: &Failure, _: usize) {}

pub(super) fn dropping(_: &str, _: u64) {}
