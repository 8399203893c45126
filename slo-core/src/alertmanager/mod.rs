//! Alerts, pushed to Alertmanagers by the process itself: nobody else is needed between a burning budget and a page.
//!
//! What fires is handed over at each tick, whole: what is new is sent, what is missing has resolved, and what goes on is sent
//! again each minute, so that an Alertmanager that was restarted learns of it and one that hears nothing more lets it go. Each
//! Alertmanager has an [`Outbox`](outbox::Outbox), which says what to send when, and a thread, which sends it.
//! What must never happen: a tick, or another Alertmanager, that waits for one that is down.

mod config;
mod mailbox;
mod message;
mod outbox;
#[cfg_attr(not(feature = "tracing"), path = "not_traced.rs")]
mod traced;

pub use self::config::Alertmanager;
pub(crate) use self::mailbox::Mailbox;
pub(crate) use self::message::Firing;
