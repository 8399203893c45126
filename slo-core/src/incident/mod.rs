//! What happened while an SLO alerted: an incident, from its beginning to its end, and what it cost.
//!
//! An alert says that it fires, an incident what it was about. It opens when any severity of an SLO fires and lasts until
//! none does any more. Alerts come late, so the counters are remembered as soon as a short window burns (`life`), and
//! the report begins there and not where somebody was told.
//!
//! Nothing here looks at counters, clocks or locks: what was seen at a tick comes in (`observed`), what was counted is
//! asked for (`evidence`), and a report comes out (`report`), as data or as the draft of a post-mortem (`markdown`).
//! What must never happen: an SLO that is calm and costs more than a comparison, or a list without an end.

mod evidence;
mod life;
mod markdown;
mod observed;
mod prose;
mod record;
mod report;
mod timeline;

pub(crate) use self::evidence::{Evidence, SeriesCount};
pub(crate) use self::life::{Life, When};
pub(crate) use self::observed::{Measured, Observed, Totals};
pub(crate) use self::prose::span;
pub(crate) use self::record::{Findings, Record};
pub use self::report::{
    IncidentBudget, IncidentChange, IncidentContribution, IncidentEntry, IncidentLatency, IncidentReport,
};
