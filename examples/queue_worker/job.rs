//! The jobs, and how they go wrong on demand.

use std::future::{Ready, ready};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::sleep;
use tower::BoxError;
use tower::retry::Policy;

/// How long a job takes that does its work.
const WORK: Duration = Duration::from_millis(10);
/// How long a slow one takes: longer than anybody waits.
const SLOW: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Mail,
    Invoice,
}

impl Kind {
    /// Returns the name its promises are about.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Invoice => "invoice",
        }
    }
}

/// What a job is asked to do instead of its work.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fault {
    #[default]
    None,
    /// Fails the first time.
    Once,
    Fail,
    Slow,
    Panic,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    pub(crate) fault: Fault,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) fault: Fault,
}

/// Does a job.
pub(crate) async fn work(job: Job) -> Result<(), BoxError> {
    match job.fault {
        Fault::None => {}
        Fault::Once | Fault::Fail => return Err("it failed, as it was asked to".into()),
        Fault::Slow => sleep(SLOW).await,
        Fault::Panic => panic!("it panicked, as it was asked to"),
    }
    sleep(WORK).await;
    Ok(())
}

/// Gives a job that failed, or took too long, so many more tries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retries(pub(crate) u32);

impl Policy<Job, (), BoxError> for Retries {
    type Future = Ready<()>;

    fn retry(&mut self, job: &mut Job, result: &mut Result<(), BoxError>) -> Option<Ready<()>> {
        if result.is_ok() {
            return None;
        }
        self.0 = self.0.checked_sub(1)?;
        if matches!(job.fault, Fault::Once) {
            job.fault = Fault::None;
        }
        Some(ready(()))
    }

    fn clone_request(&mut self, job: &Job) -> Option<Job> {
        Some(*job)
    }
}
