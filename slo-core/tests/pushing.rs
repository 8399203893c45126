//! Alerts on their way to Alertmanagers, over real connections: who is down, slow or rude delays nobody else, and nothing is
//! lost that can be delivered.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use slo_core::{
    Alertmanager, Clock, Objective, Outcome, Registry, RegistryBuilder, Sli, Slo, TextFormat, Timestamp,
};

/// What something may take at most before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3_600);

/// Stands in for an Alertmanager: answers every request with one status and hands over the alerts in it.
struct Fake {
    address: SocketAddr,
    status: Arc<Mutex<u16>>,
    alerts: mpsc::Receiver<Value>,
}

impl Fake {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self::on(listener)
    }

    fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().expect("it is bound");
        let (sender, alerts) = mpsc::channel();
        let status = Arc::new(Mutex::new(200));
        let own = Arc::clone(&status);
        // Ends with the process: nobody connects any more.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let status = *own.lock().expect("nobody panics with it");
                answer(stream, status, &sender);
            }
        });
        Self { address, status, alerts }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn set(&self, status: u16) {
        *self.status.lock().expect("nobody panics with it") = status;
    }

    /// Waits for the next alert: the SLO, and whether it ends at the moment of its last tick or later.
    fn next(&self) -> Value {
        self.alerts.recv_timeout(PATIENCE).expect("an alert is pushed")
    }

    fn is_quiet(&self) -> bool {
        self.alerts.try_recv().is_err()
    }
}

/// Reads one request and answers it; what was taken is handed over, one alert after the other.
fn answer(mut stream: TcpStream, status: u16, taken: &mpsc::Sender<Value>) -> Option<()> {
    let mut text = String::new();
    let mut bytes = [0; 4_096];
    let body = loop {
        let read = stream.read(&mut bytes).ok().filter(|read| *read > 0)?;
        text += std::str::from_utf8(&bytes[..read]).ok()?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if Some(body.len()) == length {
            break body;
        }
    };
    assert!(text.starts_with("POST /api/v2/alerts HTTP/1.1\r\n"), "{text}");
    let alerts: Vec<Value> = serde_json::from_str(body).expect("alerts are JSON");
    if status == 200 {
        // Before the answer, so that whoever waits for it finds them.
        alerts.into_iter().for_each(|alert| drop(taken.send(alert)));
    }
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    stream.write_all(answer.as_bytes()).ok()
}

fn builder(clock: &Clock, names: &[&'static str]) -> RegistryBuilder {
    let slo = |name: &'static str| {
        let slo = Slo::literal(name, Sli::Availability, Objective::literal("99%"));
        slo.with_operation(name).expect("it is plain")
    };
    let builder = Registry::builder("shop").without_declared().clock(clock.clone());
    names.iter().fold(builder, |builder, name| builder.slo(slo(name)))
}

fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

/// Lets an SLO fail, so that it pages and has a ticket, at the next tick.
fn fail(registry: &Registry, name: &str) {
    (0..5).for_each(|_| registry.attempt(name).finish(Outcome::InnerError));
}

/// Lets everything resolve that fires, at this tick.
fn recover(registry: &Registry) {
    registry.clock().advance(100 * HOUR);
    registry.tick(registry.clock().now());
}

fn slo_and_severity(alert: &Value) -> (String, String) {
    let label = |name: &str| alert["labels"][name].as_str().expect("a label").to_owned();
    (label("slo"), label("severity"))
}

fn has_resolved(alert: &Value, clock: &Clock) -> bool {
    let ends: Timestamp = moment(alert, "endsAt");
    ends <= clock.now()
}

fn moment(alert: &Value, field: &str) -> Timestamp {
    let date: jiff::Timestamp = alert[field].as_str().expect("a date").parse().expect("a date");
    Timestamp::from_unix_nanos(date.as_nanosecond().try_into().expect("after the epoch"))
}

/// Returns a sample of `/metrics`.
fn metric(registry: &Registry, name: &str) -> Option<f64> {
    let mut text = String::new();
    registry.render(TextFormat::Prometheus, &mut text);
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// Waits until it holds.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let (real, begin) = (Clock::system(), Clock::system().now());
    while !condition() {
        assert!(real.now() - begin < PATIENCE, "in vain: {what}");
        // tidy: real time because a thread must get something done.
        thread::sleep(Duration::from_millis(1));
    }
}

fn took<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let clock = Clock::system();
    let begin = clock.now();
    let result = work();
    (result, clock.now() - begin)
}

#[test]
fn what_fires_is_pushed_and_what_resolves_too() {
    let (clock, fake) = (clock(), Fake::start());
    let alertmanager =
        Alertmanager::new(&fake.url()).expect("an address").label("cluster", "eu").expect("a label");
    let registry = builder(&clock, &["a"]).alertmanager(alertmanager).build().expect("it is valid");
    registry.tick(clock.now());
    assert!(fake.is_quiet());
    fail(&registry, "a");
    registry.tick(clock.now());
    let [page, ticket] = [fake.next(), fake.next()];
    let mut kinds = [slo_and_severity(&page).1, slo_and_severity(&ticket).1];
    kinds.sort_unstable();
    assert_eq!(kinds, ["page", "ticket"]);
    assert_eq!(
        (&page["labels"]["alertname"], &page["labels"]["cluster"]),
        (&"SloBurnRate".into(), &"eu".into())
    );
    assert_eq!(moment(&page, "startsAt"), clock.now());
    assert_eq!(moment(&page, "endsAt"), clock.now().plus(Duration::from_secs(240)));
    let text = page["annotations"]["description"].as_str().expect("text");
    assert!(text.contains("burns at 100.0 over 1h and at 100.0 over 5m, both more than 14.4"), "{text}");
    // Nothing is news, and no minute has passed.
    registry.tick(clock.now());
    let labels = format!("alertmanager=\"{}\"", fake.address);
    let sent = format!("slo_notifications_total{{{labels},result=\"sent\"}}");
    eventually("both are counted", || metric(&registry, &sent) == Some(2.0));
    assert!(fake.is_quiet());
    recover(&registry);
    assert!([fake.next(), fake.next()].iter().all(|alert| has_resolved(alert, &clock)));
    eventually("the ends are counted", || metric(&registry, &sent) == Some(4.0));
    assert_eq!(metric(&registry, &format!("slo_notifications_queued{{{labels}}}")), Some(0.0));
    let failed = format!("slo_notifications_total{{{labels},result=\"failed\"}}");
    assert_eq!(metric(&registry, &failed), Some(0.0));
}

/// One is down, one takes requests and never answers, one is fine; ticks wait for none of them.
#[test]
fn nobody_waits_for_one_that_is_down_or_hangs() {
    let (clock, fine) = (clock(), Fake::start());
    let down = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let hangs = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let alertmanager = Alertmanager::new(&format!("http://{down}")).expect("an address");
    let alertmanager = alertmanager.and(&format!("http://{}", hangs.local_addr().expect("it is bound")));
    let alertmanager =
        alertmanager.and_then(|two| two.and(&fine.url())).expect("addresses").timeout(PATIENCE);
    let registry = builder(&clock, &["a"]).alertmanager(alertmanager).start().expect("it starts");
    fail(&registry, "a");
    let ((), ticked) = took(|| registry.tick(clock.now()));
    assert!(ticked < Duration::from_secs(1), "{ticked:?}");
    assert_eq!(slo_and_severity(&fine.next()).0, "a");
    fine.next();
    let failed = format!("slo_notifications_total{{alertmanager=\"{down}\",result=\"failed\"}}");
    eventually("the failure is counted", || metric(&registry, &failed) >= Some(2.0));
    assert_eq!(metric(&registry, &format!("slo_notifications_queued{{alertmanager=\"{down}\"}}")), Some(2.0));
    // The end is told to who listens, and waited for two seconds for who does not.
    let ((), dropped) = took(|| drop(registry));
    assert!(dropped < Duration::from_secs(10), "{dropped:?}");
    assert!([fine.next(), fine.next()].iter().all(|alert| has_resolved(alert, &clock)));
    drop(hangs);
}

#[test]
fn what_could_not_be_delivered_is_when_it_is_up_again() {
    let (clock, fake) = (clock(), Fake::start());
    let alertmanager = Alertmanager::new(&fake.url()).expect("an address");
    let registry = builder(&clock, &["a", "b"]).alertmanager(alertmanager).build().expect("it is valid");
    fake.set(503);
    let queued = format!("slo_notifications_queued{{alertmanager=\"{}\"}}", fake.address);
    for name in ["a", "b"] {
        fail(&registry, name);
        registry.tick(clock.now());
        // Ten minutes go by in all, in which it is tried again and again.
        for _ in 0..30 {
            clock.advance(Duration::from_secs(10));
            registry.tick(clock.now());
        }
        if name == "a" {
            recover(&registry);
        }
    }
    eventually("all is queued", || metric(&registry, &queued) == Some(4.0));
    fake.set(200);
    eventually("nothing is left", || {
        // An attempt may be under way that fails yet, and the pause after it must pass.
        clock.advance(Duration::from_secs(1));
        registry.tick(clock.now());
        metric(&registry, &queued) == Some(0.0)
    });
    let mut told = Vec::new();
    for alert in fake.alerts.try_iter() {
        let state = (slo_and_severity(&alert).0, has_resolved(&alert, &clock));
        let count = told.iter().filter(|other| **other == state).count();
        // What was delivered first may have been sent again meanwhile.
        told.extend((count < 2).then_some(state));
    }
    let state = |(name, resolved): (&str, bool)| (name.to_owned(), resolved);
    assert_eq!(told, [("a", true), ("a", true), ("b", false), ("b", false)].map(state));
}

#[test]
fn what_is_refused_is_tried_again_with_the_next_interval() {
    let (clock, fake) = (clock(), Fake::start());
    let alertmanager = Alertmanager::new(&fake.url()).expect("an address");
    let registry = builder(&clock, &["a"]).alertmanager(alertmanager).build().expect("it is valid");
    fake.set(400);
    fail(&registry, "a");
    registry.tick(clock.now());
    let failed = format!("slo_notifications_total{{alertmanager=\"{}\",result=\"failed\"}}", fake.address);
    eventually("each was refused alone", || metric(&registry, &failed) == Some(2.0));
    fake.set(200);
    clock.advance(Duration::from_secs(30));
    registry.tick(clock.now());
    assert!(fake.is_quiet());
    clock.advance(Duration::from_secs(30));
    registry.tick(clock.now());
    assert!([fake.next(), fake.next()].iter().all(|alert| !has_resolved(alert, &clock)));
    recover(&registry);
    // What fires is sent again meanwhile, if the clock says so first.
    let mut resolved = 0;
    while resolved < 2 {
        resolved += u32::from(has_resolved(&fake.next(), &clock));
    }
}

#[test]
fn what_fires_at_the_end_is_resolved_or_left_as_it_is() {
    for resolves in [true, false] {
        let (clock, fake) = (clock(), Fake::start());
        let alertmanager = Alertmanager::new(&fake.url()).expect("an address").resolves_at_shutdown(resolves);
        let registry = builder(&clock, &["a"]).alertmanager(alertmanager).build().expect("it is valid");
        fail(&registry, "a");
        registry.tick(clock.now());
        (0..2).for_each(|_| assert!(!has_resolved(&fake.next(), &clock)));
        drop(registry);
        // Whoever has dropped the last handle finds all that was left to send sent.
        let last: Vec<_> = fake.alerts.try_iter().map(|alert| has_resolved(&alert, &clock)).collect();
        assert_eq!(last, if resolves { vec![true, true] } else { vec![] });
    }
}

/// A listener that never returns takes its own thread, and no other.
#[test]
fn a_listener_that_hangs_stops_neither_ticks_nor_pushes_nor_the_last_handle() {
    let (clock, fake) = (clock(), Fake::start());
    let (gate, (sender, told)) = (mpsc::channel::<()>(), mpsc::channel());
    let hang = Mutex::new(gate.1);
    let alertmanager = Alertmanager::new(&fake.url()).expect("an address");
    let builder = builder(&clock, &["a"]).alertmanager(alertmanager).on_alert(move |alert| {
        sender.send(alert.clone()).expect("it is wanted");
        hang.lock().expect("nobody panics with it").recv().expect_err("nothing is sent");
    });
    let registry = builder.start().expect("it starts");
    // One is told and hangs, 1 024 wait, the rest is dropped: two that fire and two that resolve in each round.
    for round in 0..300 {
        fail(&registry, "a");
        let ((), ticked) = took(|| registry.tick(clock.now()));
        assert!(ticked < PATIENCE, "{ticked:?}");
        recover(&registry);
        if round == 0 {
            told.recv_timeout(PATIENCE).expect("it is told");
        }
    }
    assert_eq!(metric(&registry, "slo_series_overflow_total{kind=\"alert\"}"), Some(1_200.0 - 1_025.0));
    fake.next();
    let ((), dropped) = took(|| drop(registry));
    assert!(dropped < Duration::from_secs(15), "{dropped:?}");
    drop(gate.0);
    // Once it returns, what waited is told in order.
    let rest: Vec<_> = (0..1_024).map(|_| told.recv_timeout(PATIENCE).expect("it is told")).collect();
    assert!(rest.is_sorted_by_key(|alert| alert.at));
}

#[test]
fn no_interval_is_too_long() {
    let (clock, fake) = (clock(), Fake::start());
    let alertmanager = Alertmanager::new(&fake.url()).expect("an address").resend_interval(Duration::MAX);
    let alertmanager = alertmanager.timeout(Duration::MAX).shutdown_timeout(Duration::MAX);
    let registry = builder(&clock, &["a"]).alertmanager(alertmanager).build().expect("it is valid");
    fail(&registry, "a");
    registry.tick(clock.now());
    assert!([fake.next(), fake.next()].iter().all(|alert| !has_resolved(alert, &clock)));
    drop(registry);
    assert!([fake.next(), fake.next()].iter().all(|alert| has_resolved(alert, &clock)));
}

/// An Alertmanager refuses what ends before it begins.
#[test]
fn ticks_ahead_of_the_clock_begin_and_end_nothing_in_the_future() {
    let (clock, fake) = (clock(), Fake::start());
    let alertmanager = Alertmanager::new(&fake.url()).expect("an address");
    let registry = builder(&clock, &["a"]).alertmanager(alertmanager).build().expect("it is valid");
    fail(&registry, "a");
    let check = |has_resolved_now| {
        for alert in [fake.next(), fake.next()] {
            assert!(moment(&alert, "startsAt") <= moment(&alert, "endsAt"), "{alert}");
            assert!(moment(&alert, "startsAt") <= clock.now(), "{alert}");
            assert_eq!(has_resolved(&alert, &clock), has_resolved_now, "{alert}");
        }
    };
    registry.tick(clock.now().plus(HOUR));
    check(false);
    registry.tick(clock.now().plus(100 * HOUR));
    check(true);
    fail(&registry, "a");
    registry.tick(clock.now().plus(101 * HOUR));
    check(false);
    drop(registry);
    check(true);
}
