//! What the examples share; the runnable programs stand beside this folder.

pub mod client;
