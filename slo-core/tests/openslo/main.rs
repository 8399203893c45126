//! Promises as documents of OpenSLO: what is written is read back, what is wrong is told with its place.

mod mistakes;
mod support;

mod broken;
mod broken_alerts;
mod files;
mod kinds;
mod oracle;
mod round_trip;
