//! The counting core, held against models that are too simple to be wrong.
//!
//! Everything here goes through the public API, and every number is compared with one that was computed
//! another way: by keeping every event, by sorting every latency, by a parser that is not ours.

mod alerts;
mod arithmetic;
mod build_errors;
mod calls;
mod cardinality;
mod classification;
mod combinations;
mod counting;
mod driver;
mod exposition;
#[cfg(feature = "metrics")]
mod facade;
mod health;
mod incidents;
mod model;
mod parsers;
mod places;
mod quantiles;
mod readers;
mod registries;
mod series;
mod support;
mod threads;
mod thresholds;
mod workbook;
