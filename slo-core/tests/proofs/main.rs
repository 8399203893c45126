//! The counting core, held against models that are too simple to be wrong.
//!
//! Everything here goes through the public API, and every number is compared with one that was computed
//! another way: by keeping every event, by sorting every latency, by a parser that is not ours.

mod alerts;
mod arithmetic;
mod build_errors;
mod burns;
#[cfg(feature = "calendar")]
mod calendars;
mod calls;
mod cardinality;
#[cfg(feature = "calendar")]
mod civil;
mod classification;
mod combinations;
mod counting;
mod driver;
mod exposition;
#[cfg(feature = "metrics")]
mod facade;
mod freshness;
mod gates;
mod health;
mod health_edges;
mod histories;
mod incidents;
mod kept_reports;
mod listeners;
mod model;
mod parsers;
mod places;
mod post_mortem;
#[cfg(feature = "protobuf")]
mod protobuf;
#[cfg(feature = "protobuf")]
mod protobuf_reader;
mod quantiles;
mod readers;
mod readings;
mod registries;
mod reports;
mod series;
#[path = "../support/skipped.rs"]
mod skipped;
mod slices;
mod support;
mod threads;
mod thresholds;
mod workbook;
