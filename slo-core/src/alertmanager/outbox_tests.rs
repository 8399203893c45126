//! An outbox, driven by hand: nothing here waits.

use super::*;
use crate::alertmanager::Alertmanager;
use crate::alertmanager::message::tests::{firing, slo};
use crate::objective::Severity;

const MINUTE: Duration = Duration::from_secs(60);
const START: u64 = 1_700_000_000;

/// An outbox, the moment, and what its Alertmanager took: the index of the SLO and whether it had resolved.
struct Bench {
    outbox: Outbox,
    now: Timestamp,
    taken: Vec<(usize, bool)>,
    said: Arc<Said>,
}

impl Bench {
    fn new() -> Self {
        let (slo, config) = (slo(), Alertmanager::new("http://am").unwrap());
        let said = Arc::new(Said::of(&firing(&slo, 0, START), "shop", &config));
        let (outbox, now) = (Outbox::new(MINUTE, 1), Timestamp::from_unix_seconds(START));
        Self { outbox, now, taken: Vec::new(), said }
    }

    /// Ticks while these fire, since the tick that saw them first unless they fire already.
    fn tick(&mut self, seconds: u64, slos: &[usize]) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        let firing: Vec<_> = slos
            .iter()
            .map(|slo| {
                let key = (*slo, Severity::Page);
                let open =
                    self.outbox.entries.iter().find(|entry| entry.key == key && entry.resolved.is_none());
                (key, open.map_or(self.now, |entry| entry.since), Arc::clone(&self.said))
            })
            .collect();
        self.outbox.observe(self.now, firing.into_iter());
    }

    /// Sends all that is due to somebody who answers like this; returns how many requests that were.
    fn send(&mut self, answer: impl Fn(&[usize]) -> Answer) -> usize {
        let mut requests = 0;
        while let Some(batch) = self.outbox.due(self.now) {
            assert!(batch.messages.len() <= BATCH_MAX && batch.messages.len() == batch.states.len());
            let state = |(id, resolved): &(u64, bool)| {
                let entry = self.outbox.entries.iter().find(|entry| entry.id == *id).unwrap();
                (entry.key.0, *resolved)
            };
            let states: Vec<_> = batch.states.iter().map(state).collect();
            let answer = answer(&states.iter().map(|state| state.0).collect::<Vec<_>>());
            self.outbox.answered(&batch, answer, self.now, 0);
            if answer == Answer::Taken {
                self.taken.extend(states);
            }
            requests += 1;
            assert!(requests < 5_000, "it sends for ever");
        }
        requests
    }

    fn up(&mut self) -> usize {
        self.send(|_| Answer::Taken)
    }

    fn down(&mut self) -> usize {
        self.send(|_| Answer::Failed)
    }

    fn taken(&mut self) -> Vec<(usize, bool)> {
        std::mem::take(&mut self.taken)
    }
}

#[test]
fn what_fires_is_sent_at_once_and_again_and_its_end_for_a_quarter_of_an_hour() {
    let mut bench = Bench::new();
    bench.tick(0, &[]);
    assert_eq!((bench.up(), bench.outbox.next_due()), (0, None));
    let mut sent = Vec::new();
    // Fires for five minutes, in ticks of ten seconds.
    for seconds in (10..2_000).step_by(10) {
        bench.tick(10, if (10..310).contains(&seconds) { &[7] } else { &[] });
        bench.up();
        sent.extend(bench.taken().into_iter().map(|(slo, resolved)| (seconds, slo, resolved)));
    }
    let firing = (10..310).step_by(60).map(|at| (at, 7, false));
    // The last one is within the fifteenth minute after the end.
    let resolved = (310..1_210).step_by(60).map(|at| (at, 7, true));
    assert_eq!(sent, firing.chain(resolved).collect::<Vec<_>>());
    assert!(bench.outbox.entries.is_empty());
    assert_eq!(bench.outbox.tally(), Tally { sent: 20, failed: 0, dropped: 0 });
}

#[test]
fn the_end_of_what_fires_is_four_intervals_ahead_and_of_what_has_resolved_its_moment() {
    let mut bench = Bench::new();
    bench.tick(0, &[7]);
    let since = bench.now;
    let message = |bench: &Bench| {
        let batch = bench.outbox.due(bench.now).unwrap();
        (batch.messages[0].starts_at, batch.messages[0].ends_at)
    };
    assert_eq!(message(&bench), (since, since.plus(4 * MINUTE)));
    bench.up();
    bench.tick(60, &[7]);
    assert_eq!(message(&bench), (since, bench.now.plus(4 * MINUTE)));
    bench.tick(10, &[]);
    assert_eq!(message(&bench), (since, bench.now));
}

#[test]
fn what_happens_while_it_is_down_for_ten_minutes_is_delivered_in_order() {
    let mut bench = Bench::new();
    let mut requests = 0;
    for second in 0..600 {
        // One fires throughout, one begins and ends, one comes and goes twice.
        let firing: Vec<usize> = [
            (0, true),
            (1, (100..200).contains(&second)),
            (2, (150..250).contains(&second) || (300..400).contains(&second)),
            (3, second >= 500),
        ]
        .into_iter()
        .filter_map(|(slo, fires)| fires.then_some(slo))
        .collect();
        bench.tick(1, &firing);
        requests += bench.down();
    }
    // After 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s and then every half minute, as the smallest pauses go.
    assert!((20..=27).contains(&requests), "{requests}");
    assert_eq!(bench.outbox.queued(), 5);
    // It is up again, and asked within a minute.
    bench.tick(60, &[0, 3]);
    bench.up();
    assert_eq!(bench.taken(), [(0, false), (1, true), (2, true), (2, true), (3, false)]);
    assert_eq!(bench.outbox.queued(), 0);
    assert!(bench.outbox.tally().failed > 0 && bench.outbox.tally().dropped == 0);
}

#[test]
fn pauses_double_up_to_a_minute_and_are_spread() {
    for (failures, shortest, longest) in
        [(0, 500, 1_000), (1, 1_000, 2_000), (5, 16_000, 32_000), (6, 30_000, 60_000), (99, 30_000, 60_000)]
    {
        for random in [0, 1, 12_345_678_901, u64::MAX] {
            let pause = pause(failures, random).as_millis();
            assert!((shortest..=longest).contains(&pause), "{failures} {random}: {pause}");
        }
    }
    assert_ne!(pause(6, 0), pause(6, 12_345_678_901));
}

#[test]
fn what_is_wrong_is_found_among_others_and_sent_alone_from_then_on() {
    let mut bench = Bench::new();
    let picky = |slos: &[usize]| if slos.contains(&2) { Answer::Refused } else { Answer::Taken };
    let all: Vec<usize> = (0..5).collect();
    bench.tick(0, &all);
    // Together, then one by one.
    assert_eq!(bench.send(picky), 6);
    assert_eq!(bench.taken(), [(0, false), (1, false), (3, false), (4, false)]);
    assert_eq!((bench.outbox.queued(), bench.outbox.tally().failed), (0, 1));
    bench.tick(60, &all);
    // Those before it, it, those after it.
    assert_eq!(bench.send(picky), 3);
    assert_eq!((bench.taken().len(), bench.outbox.tally().failed), (4, 2));
    // Somebody learns better.
    bench.tick(60, &all);
    bench.up();
    assert_eq!(bench.taken().len(), 5);
    bench.tick(10, &[]);
    bench.send(picky);
    assert_eq!(bench.outbox.tally().failed, 3);
    // Of the refused one nothing is kept.
    assert_eq!(bench.outbox.entries.len(), 4);
}

#[test]
fn a_new_beginning_ends_the_repetition_of_the_last_end() {
    let mut bench = Bench::new();
    for slos in [&[1][..], &[], &[1]] {
        bench.tick(10, slos);
        bench.up();
    }
    assert_eq!(bench.taken(), [(1, false), (1, true), (1, false)]);
    bench.tick(60, &[1]);
    bench.up();
    assert_eq!(bench.taken(), [(1, false)]);
}

#[test]
fn of_too_much_the_oldest_that_has_resolved_is_dropped_and_nothing_that_fires() {
    let mut bench = Bench::new();
    let firing: Vec<usize> = (0..2_000).collect();
    bench.tick(1, &firing);
    bench.tick(1, &firing[..1_500]);
    assert_eq!((bench.outbox.queued(), bench.outbox.tally().dropped), (1_500, 500));
    bench.tick(1, &firing[..400]);
    bench.tick(1, &firing[..300]);
    assert_eq!((bench.outbox.queued(), bench.outbox.tally().dropped), (1_000, 1_000));
    bench.up();
    let (open, over): (Vec<_>, Vec<_>) = bench.taken().into_iter().partition(|(_, resolved)| !resolved);
    assert_eq!(open.iter().map(|state| state.0).collect::<Vec<_>>(), (0..300).collect::<Vec<_>>());
    // By the moment at which they began, and of those the last to have ended.
    assert_eq!((over.len(), over.last()), (700, Some(&(1_499, true))));
    // What was delivered makes room before anything else.
    bench.tick(1, &(5_000..5_600).collect::<Vec<_>>());
    assert_eq!((bench.outbox.entries.len(), bench.outbox.tally().dropped), (1_000, 1_000));
}

#[test]
fn what_changes_on_the_way_is_sent_again() {
    let mut bench = Bench::new();
    bench.tick(0, &[1]);
    let batch = bench.outbox.due(bench.now).unwrap();
    bench.tick(10, &[]);
    bench.outbox.answered(&batch, Answer::Taken, bench.now, 0);
    assert_eq!(bench.outbox.queued(), 1);
    bench.up();
    assert_eq!(bench.taken(), [(1, true)]);
}

#[test]
fn at_the_end_all_that_fires_is_resolved_without_a_pause() {
    let mut bench = Bench::new();
    bench.tick(0, &[1, 2]);
    bench.up();
    bench.tick(1, &[1, 2, 3]);
    bench.down();
    bench.outbox.resolve_all(bench.now);
    assert!(bench.outbox.due(bench.now).is_none());
    let batch = bench.outbox.pending(bench.now).unwrap();
    assert!(batch.messages.iter().all(|message| message.ends_at == bench.now) && batch.messages.len() == 3);
    bench.outbox.answered(&batch, Answer::Taken, bench.now, 0);
    assert!(bench.outbox.pending(bench.now).is_none());
}
