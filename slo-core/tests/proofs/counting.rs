//! Any history of attempts, on any threads, is counted as a model counts it that keeps every event.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use proptest::prelude::*;
use slo_core::{Attempt, Clock, LatencyEnd, Outcome, Recorder, Verdict};

use super::model::{About, Ended, Model, OPERATION, ROUTES, THRESHOLD_NANOS, Took, promises};
use super::support::{Scrape, registry};

const THREADS: usize = 4;

/// How an attempt ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Finished(Outcome, Verdict),
    /// The head is there, this many nanoseconds pass, then it is finished.
    Followed(Body, u64, Verdict),
    /// The head of a stream is there, and what took it is lost.
    Lost(u64),
    Dropped,
    Panicked,
}

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Stream,
    Sized,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Start(usize, About),
    /// Ends, on a thread, one of the attempts under way.
    End(usize, prop::sample::Index, Ending),
    Pass(u64),
    /// A thread ends and another takes its place.
    Replace(usize),
}

/// One attempt under way, with what the model needs to know of it.
struct UnderWay {
    attempt: Attempt,
    about: About,
    since: u64,
}

/// A thread that does what it is told, one thing at a time.
struct Worker {
    work: mpsc::Sender<Box<dyn FnOnce() + Send>>,
    done: mpsc::Receiver<()>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start() -> Self {
        let (work, jobs) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let (finished, done) = mpsc::channel();
        let run = move || {
            for job in jobs {
                job();
                finished.send(()).expect("somebody waits");
            }
        };
        Self { work, done, thread: thread::spawn(run) }
    }

    fn run(&self, job: impl FnOnce() + Send + 'static) {
        self.work.send(Box::new(job)).expect("the worker runs");
        self.done.recv().expect("the worker finishes");
    }

    fn join(self) {
        drop(self.work);
        self.thread.join().expect("the worker does not panic");
    }
}

fn start(recorder: Recorder, about: About) -> Attempt {
    match about {
        About::Route(route) => recorder.request("GET", Some(ROUTES[route])),
        About::Operation => recorder.operation(OPERATION),
    }
}

/// Ends an attempt and returns what the model should see.
fn end(under_way: UnderWay, ending: Ending, clock: &Clock) -> Ended {
    let UnderWay { mut attempt, about, since } = under_way;
    let passed = || clock.nanos_between(since, clock.ticks());
    let mut took = Took::plain(passed());
    let (outcome, verdict) = match ending {
        Ending::Finished(outcome, verdict) => (outcome, verdict),
        Ending::Followed(_, _, verdict) => (Outcome::BodyError(200), verdict),
        Ending::Lost(_) | Ending::Dropped => (Outcome::CancelledBeforeHead, Verdict::Cancelled),
        Ending::Panicked => (Outcome::Panicked, Verdict::Bad),
    };
    match ending {
        Ending::Finished(..) => attempt.finish_as(outcome, verdict),
        Ending::Followed(body, nanos, _) => {
            let head = match body {
                Body::Stream => attempt.head_of_stream(),
                Body::Sized => attempt.head_of_body(),
            };
            clock.advance(Duration::from_nanos(nanos));
            attempt.end_after_as(head, outcome, verdict);
            took = Took { to_end: passed(), is_stream: body == Body::Stream, ..took };
        }
        Ending::Lost(nanos) => {
            let _ = attempt.head_of_stream();
            clock.advance(Duration::from_nanos(nanos));
            drop(attempt);
            took = Took { is_stream: true, ..Took::plain(passed()) };
        }
        Ending::Dropped => drop(attempt),
        Ending::Panicked => {
            let unwinding = AssertUnwindSafe(move || {
                let _attempt = attempt;
                // Unlike `panic!`, this prints nothing.
                resume_unwind(Box::new(()));
            });
            catch_unwind(unwinding).expect_err("it unwinds");
        }
    }
    Ended { about, outcome, verdict, took }
}

fn about() -> impl Strategy<Value = About> {
    prop_oneof![3 => (0..ROUTES.len()).prop_map(About::Route), 1 => Just(About::Operation)]
}

fn ending() -> impl Strategy<Value = Ending> {
    let verdict = || {
        prop_oneof![
            Just(Verdict::Good),
            Just(Verdict::Bad),
            Just(Verdict::Cancelled),
            Just(Verdict::Excluded),
        ]
    };
    let outcome = prop_oneof![
        prop::sample::select(vec![200_u16, 204, 404, 500]).prop_map(Outcome::Completed),
        Just(Outcome::BodyError(200)),
        Just(Outcome::BodyAborted(200)),
        Just(Outcome::InnerError),
        Just(Outcome::TimedOut(0)),
        Just(Outcome::TimedOut(504)),
        Just(Outcome::Shed(503)),
    ];
    prop_oneof![
        4 => (outcome, verdict()).prop_map(|(outcome, verdict)| Ending::Finished(outcome, verdict)),
        2 => (prop::sample::select(vec![Body::Stream, Body::Sized]), lasting(), verdict())
            .prop_map(|(body, nanos, verdict)| Ending::Followed(body, nanos, verdict)),
        1 => lasting().prop_map(Ending::Lost),
        1 => Just(Ending::Dropped),
        1 => Just(Ending::Panicked),
    ]
}

fn lasting() -> impl Strategy<Value = u64> {
    prop_oneof![0..2 * THRESHOLD_NANOS, THRESHOLD_NANOS - 1..=THRESHOLD_NANOS + 1]
}

/// What the promises of a registry look at: in one case of eight or more, none looks at heads.
pub(crate) fn ends() -> impl Strategy<Value = Vec<LatencyEnd>> {
    let any = prop::sample::select(vec![LatencyEnd::Usual, LatencyEnd::Head, LatencyEnd::Body]);
    prop_oneof![
        1 => Just(vec![LatencyEnd::Usual]),
        7 => prop::collection::vec(any, 7),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let nanos = prop_oneof![0..THRESHOLD_NANOS, THRESHOLD_NANOS - 1..=THRESHOLD_NANOS + 1];
    prop_oneof![
        8 => (0..THREADS, about()).prop_map(|(thread, about)| Step::Start(thread, about)),
        8 => (0..THREADS, any::<prop::sample::Index>(), ending())
            .prop_map(|(thread, attempt, ending)| Step::End(thread, attempt, ending)),
        3 => nanos.prop_map(Step::Pass),
        1 => (0..THREADS).prop_map(Step::Replace),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Attempts start on one thread and end on another, whichever way, while threads come and go.
    #[test]
    fn any_history_is_counted_as_a_model_counts_it(
        ends in ends(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let (registry, clock) = registry(promises(&ends).into_iter().map(|(slo, _)| slo));
        let (recorder, model) = (registry.recorder(), std::sync::Arc::new(Model { ends, ..Model::default() }));
        let mut workers: Vec<Worker> = (0..THREADS).map(|_| Worker::start()).collect();
        let mut under_way: Vec<UnderWay> = Vec::new();
        for step in steps {
            match step {
                Step::Start(thread, about) => {
                    let (sender, receiver) = mpsc::channel();
                    workers[thread].run(move || sender.send(start(recorder, about)).expect("it is wanted"));
                    let (attempt, since) = (receiver.recv().expect("it started"), clock.ticks());
                    under_way.push(UnderWay { attempt, about, since });
                }
                Step::End(thread, attempt, ending) if !under_way.is_empty() => {
                    let attempt = under_way.swap_remove(attempt.index(under_way.len()));
                    let (clock, model) = (clock.clone(), std::sync::Arc::clone(&model));
                    workers[thread].run(move || model.add(end(attempt, ending, &clock)));
                }
                Step::End(..) => {}
                Step::Pass(nanos) => clock.advance(Duration::from_nanos(nanos)),
                Step::Replace(thread) => std::mem::replace(&mut workers[thread], Worker::start()).join(),
            }
        }
        model.assert_same(&registry);
        assert_active(&under_way, &Scrape::of(&registry));
        workers.into_iter().for_each(Worker::join);
        under_way.drain(..).for_each(|attempt| model.add(end(attempt, Ending::Dropped, &clock)));
        model.assert_same(&registry);
        assert_active(&[], &Scrape::of(&registry));
    }
}

/// Asserts that the gauges show what is under way.
fn assert_active(under_way: &[UnderWay], scrape: &Scrape) {
    let count = |about| under_way.iter().filter(|attempt| attempt.about == about).count() as f64;
    for (index, route) in ROUTES.iter().enumerate() {
        let active = scrape.value("http_server_active_requests", &[("http_route", route)]);
        assert_eq!(active.unwrap_or_default(), count(About::Route(index)), "{route}");
    }
    let active = scrape.value("slo_operation_active", &[("operation", OPERATION)]);
    assert_eq!(active, Some(count(About::Operation)));
}
