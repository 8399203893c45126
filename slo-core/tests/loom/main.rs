//! Threads that record and threads that read, in every order the memory model allows.
//!
//! Built only with `--cfg loom`: then `slo_core::sync` takes its primitives from the model checker loom. The
//! models use the registry as applications do; nothing in them is a copy of what is checked.
//! `scripts/prove.sh` runs them. `LOOM_MAX_PREEMPTIONS` looks deeper than the two switches at any point, besides
//! those where a thread waits or ends, that are tried otherwise.
//!
//! Not modelled: the last resort of threads in their own destruction (loom destroys the locals of a thread in no
//! fixed order), scopes, the directory of registries, the installed registry, and the thread that ticks. Real
//! threads meet these in `tests/proofs`.
#![cfg(loom)]

mod binding;
mod handover;
mod publication;
mod reading;
mod support;
