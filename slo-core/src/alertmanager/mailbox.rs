//! The thread that sends, one for each Alertmanager.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::message::{Firing, Message, Said};
use super::outbox::{Answer, Batch, Outbox};
use super::{Alertmanager, traced};
use crate::remote::{Client, Failure};
use crate::sync::{Mutex, MutexGuard};
use crate::time::{Clock, Timestamp};
use crate::worker::{Bell, Worker};

const PATH: &str = "/api/v2/alerts";
/// An Alertmanager has little to say.
const ANSWER_MAX: u64 = 64 * 1024;
/// Nothing to do: until the bell rings.
const IDLE: Duration = Duration::from_secs(3_600);
/// How long to wait between two attempts while somebody waits for us to end.
const PAUSE_AT_SHUTDOWN: Duration = Duration::from_millis(100);

/// What one Alertmanager is told, and the thread that tells it.
#[derive(Debug)]
pub(crate) struct Mailbox {
    client: Client,
    config: Arc<Alertmanager>,
    service: Box<str>,
    clock: Clock,
    outbox: Mutex<Outbox>,
    bell: Arc<Bell>,
}

/// What has become of the alerts for one Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Host and port.
    pub(crate) alertmanager: String,
    /// How many were sent, by their result.
    pub(crate) results: [(&'static str, u64); 3],
    /// How many wait.
    pub(crate) queued: usize,
}

impl Mailbox {
    /// Starts a thread for each Alertmanager. The threads hold nothing of the registry.
    pub(crate) fn start(
        config: Alertmanager,
        (service, slos): (&str, usize),
        clock: &Clock,
    ) -> io::Result<Vec<(Arc<Self>, Worker)>> {
        let config = Arc::new(config);
        let start = |endpoint: &_| {
            let mailbox = Arc::new(Self {
                client: Client::new(Clone::clone(endpoint)),
                config: Arc::clone(&config),
                service: service.into(),
                clock: clock.clone(),
                outbox: Mutex::new(Outbox::new(config.resend_interval, slos)),
                bell: Arc::default(),
            });
            let (own, bell) = (Arc::clone(&mailbox), Arc::clone(&mailbox.bell));
            let worker = Worker::start("slo-push", bell, config.shutdown_timeout, move |bell| own.run(bell))?;
            Ok((mailbox, worker))
        };
        config.endpoints.iter().map(start).collect()
    }

    /// Takes all that fires at `now`. Never waits for anything to be sent.
    pub(crate) fn observe(&self, now: Timestamp, firing: &[Firing<'_>]) {
        let said = |firing: &Firing<'_>| Arc::new(Said::of(firing, &self.service, &self.config));
        let entries =
            firing.iter().map(|firing| (firing.key(), firing.status.since.unwrap_or(now), said(firing)));
        let mut outbox = self.outbox();
        let before = outbox.tally().dropped;
        let any = outbox.observe(now, entries);
        let dropped = outbox.tally().dropped;
        drop(outbox);
        if before == 0 && dropped > 0 {
            traced::dropping(self.name(), dropped);
        }
        if any {
            self.bell.ring();
        }
    }

    pub(crate) fn delivered(&self) -> Delivered {
        let outbox = self.outbox();
        let tally = outbox.tally();
        let results = [("sent", tally.sent), ("failed", tally.failed), ("dropped", tally.dropped)];
        Delivered { alertmanager: self.name().to_owned(), results, queued: outbox.queued() }
    }

    fn run(&self, bell: &Bell) {
        let mut stopped = false;
        while !stopped {
            let (now, outbox) = (self.clock.now(), self.outbox());
            let (due, next) = (outbox.due(now), outbox.next_due());
            drop(outbox);
            let wait = match &due {
                Some(batch) => {
                    self.send(batch, Duration::MAX);
                    Duration::ZERO
                }
                None => next.map_or(IDLE, |next| next.since(now)).min(IDLE),
            };
            stopped = bell.wait(wait);
        }
        self.finish(bell);
    }

    /// Tells what is left to tell, as long as somebody waits for it.
    fn finish(&self, bell: &Bell) {
        if self.config.resolves_at_shutdown {
            self.outbox().resolve_all(self.clock.now());
        }
        while let Some(batch) = self.next_pending() {
            let failed = self.send(&batch, self.config.shutdown_timeout) == Answer::Failed;
            let pause = if failed { PAUSE_AT_SHUTDOWN } else { Duration::ZERO };
            if bell.is_abandoned_after(pause) {
                return;
            }
        }
    }

    fn next_pending(&self) -> Option<Batch> {
        self.outbox().pending(self.clock.now())
    }

    fn send(&self, batch: &Batch, timeout: Duration) -> Answer {
        let body = self.body(batch);
        let result = self.client.post(PATH, "application/json", &body, (timeout, ANSWER_MAX));
        let answer = match &result {
            Ok(_) | Err(Failure::TooLong) => Answer::Taken,
            // The alerts themselves are wrong; any other refusal is about us, or about who stands in between.
            Err(Failure::Refused(400 | 413 | 422, _)) => Answer::Refused,
            Err(_) => Answer::Failed,
        };
        let (now, random) = (self.clock.now(), RandomState::new().hash_one(0_u8));
        let mut outbox = self.outbox();
        let failed_before = outbox.is_failing();
        let newly_refused = outbox.answered(batch, answer, now, random);
        let fails = outbox.is_failing();
        drop(outbox);
        match result {
            Err(why) if newly_refused => traced::refused(self.name(), &why, batch.messages.len()),
            Err(why) if fails && !failed_before => traced::failing(self.name(), &why, batch.messages.len()),
            Ok(_) if failed_before && !fails => traced::delivering(self.name()),
            Ok(_) | Err(_) => {}
        }
        answer
    }

    /// Writes moments by the date that others have: ours goes on evenly where the machine's was set meanwhile.
    fn body(&self, batch: &Batch) -> String {
        let (date, now) = (self.clock.date(), self.clock.now());
        let shifted = |moment: Timestamp| moment.plus(date - now).minus(now - date);
        let shift = |message: &Message| Message {
            said: Arc::clone(&message.said),
            starts_at: shifted(message.starts_at),
            ends_at: shifted(message.ends_at),
        };
        let messages: Vec<_> = batch.messages.iter().map(shift).collect();
        serde_json::to_string(&messages).expect("names are strings")
    }

    fn name(&self) -> &str {
        self.client.endpoint().name()
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
