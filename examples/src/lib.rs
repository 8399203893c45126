//! What the examples share; the runnable programs stand beside this folder.

pub mod client;

/// The examples of the README, so that they compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
