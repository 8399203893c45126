//! Without the feature `tracing` the coverage of the windows says it alone.

use crate::remote::Failure;

pub(crate) fn asking(_: &str) {}

pub(crate) fn restored(_: &str, _: usize, _: usize, _: u64) {}

pub(crate) fn failed(_: &str, _: &Failure) {}

pub(crate) fn fleet_unknown(_: &str, _: &Failure) {}

pub(crate) fn fleet_known(_: &str) {}
