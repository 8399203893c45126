//! A socket of our own stands in for systemd.

use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use slo_core::{Check, Clock};

use super::*;
use crate::health::self_probe::Sightings;
use crate::health::{DrainTimes, Health, Pulse, Runtimes};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A socket that is bound to a name of its own, and that name as systemd writes it.
fn bound(is_abstract: bool) -> (UnixDatagram, OsString) {
    static BOUND: AtomicU32 = AtomicU32::new(0);
    // Relaxed: a lone number; no other memory depends on it.
    let number = BOUND.fetch_add(1, Ordering::Relaxed);
    let name = format!("slo-{}-{number}", std::process::id());
    let path = if is_abstract {
        format!("@{name}").into()
    } else {
        std::env::temp_dir().join(name).into_os_string()
    };
    let socket = UnixDatagram::bind_addr(&address(&path).unwrap()).unwrap();
    socket.set_read_timeout(Some(seconds(10))).unwrap();
    (socket, path)
}

fn receive(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 2048];
    let length = socket.recv(&mut buffer).expect("systemd is told");
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

fn told_by(socket: &OsString, watchdog_micros: Option<u64>) -> Notifying {
    let variable = |name: &str| match name {
        "NOTIFY_SOCKET" => Some(socket.clone()),
        "WATCHDOG_USEC" => watchdog_micros.map(|micros| micros.to_string().into()),
        _ => None,
    };
    Notifying::of(variable, 1).unwrap()
}

fn health(checks: Vec<Check>) -> Health {
    watched(checks, Vec::new())
}

fn watched(checks: Vec<Check>, pulses: Vec<Arc<Pulse>>) -> Health {
    let times = DrainTimes { delay: seconds(2), timeout: seconds(7) };
    Health::new(checks, pulses, Vec::new(), Clock::system(), Sightings::default(), times).unwrap()
}

#[test]
fn a_life_is_told_as_it_goes_to_sockets_of_both_kinds() {
    for is_abstract in [false, true] {
        let (socket, path) = bound(is_abstract);
        let health = health(Vec::new());
        let hold = health.hold_start();
        let health = health.start(told_by(&path, None)).unwrap();
        assert_eq!(receive(&socket), "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=starting\n");
        drop(hold);
        assert_eq!(receive(&socket), "READY=1\nSTATUS=ready\n");
        health.drain();
        let mut told = String::new();
        while !told.contains("EXTEND") {
            told += &receive(&socket);
        }
        assert!(told.starts_with("STOPPING=1\n") && told.contains("STATUS=draining\n"), "{told}");
        let end = told.lines().find_map(|line| line.strip_prefix("EXTEND_TIMEOUT_USEC=")).unwrap();
        let micros: u64 = end.parse().unwrap();
        assert!((13_000_000..=14_000_000).contains(&micros), "2 s and 7 s and 5 s more: {micros}");
        if !is_abstract {
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn the_watchdog_is_fed_at_half_its_time_while_the_process_is_alive() {
    static IS_STUCK: AtomicBool = AtomicBool::new(false);
    let (socket, path) = bound(true);
    // Relaxed: a lone flag; no other memory depends on it.
    let probe = || if IS_STUCK.load(Ordering::Relaxed) { Err("stuck") } else { Ok(()) };
    let check = Check::in_process("loop", probe).gates_liveness();
    let check = check.interval(Duration::from_millis(20)).fail_after(1);
    let health = health(vec![check]).start(told_by(&path, Some(200_000))).unwrap();
    let feed = || while receive(&socket) != "WATCHDOG=1\n" {};
    feed();
    let clock = Clock::system();
    let start = clock.now();
    (0..5).for_each(|_| feed());
    let took = clock.now().since(start);
    assert!(took >= Duration::from_millis(400), "five times, 100 ms apart: {took:?}");
    // Relaxed: as above.
    IS_STUCK.store(true, Ordering::Relaxed);
    while !receive(&socket).contains("loop: fail") {}
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut buffer = [0; 64];
    let starved = socket.recv(&mut buffer);
    assert!(starved.is_err(), "{:?}", String::from_utf8_lossy(&buffer));
    drop(health);
}

/// Nor is a stop extended that the status does not show yet.
#[tokio::test]
async fn neither_a_start_that_is_over_nor_one_that_is_dead_is_extended() {
    let dead = Check::in_process("loop", || Err("stuck")).gates_liveness().jitter(0.0);
    let news = |health: &Health, end| Told::default().news(&health.status(), seconds(0), end);
    let health = health(vec![dead]);
    assert!(!news(&health, Some(seconds(9))).contains("EXTEND_TIMEOUT_USEC=14000000"));
    let hold = health.hold_start();
    assert!(news(&health, None).contains("EXTEND"), "nothing speaks against it yet");
    health.run_due().await;
    assert!(!news(&health, None).contains("EXTEND"), "it is dead");
    drop(hold);
    let ends = self::health(Vec::new());
    let _hold = ends.hold_start();
    ends.drain();
    assert!(!news(&ends, None).contains("EXTEND"), "it ends");
}

/// By far sooner than liveness fails: systemd was told how long the service may hang.
#[test]
fn the_watchdog_is_not_fed_while_the_runtime_stands_still() {
    let (socket, path) = bound(true);
    let (tell, told) = mpsc::channel();
    let (stall, stalls) = mpsc::channel::<mpsc::Receiver<()>>();
    let application = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            tell.send(Runtimes::default().begin()).unwrap();
            loop {
                match stalls.try_recv() {
                    // What a worker must never do.
                    Ok(held) => {
                        held.recv().unwrap_err();
                    }
                    Err(mpsc::TryRecvError::Empty) => tokio::task::yield_now().await,
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
            }
        });
    });
    let pulses = told.recv().unwrap();
    let health = watched(Vec::new(), pulses).start(told_by(&path, Some(1_000_000))).unwrap();
    let feed = || while receive(&socket) != "WATCHDOG=1\n" {};
    (0..3).for_each(|_| feed());
    for _ in 0..2 {
        let (release, held) = mpsc::channel();
        stall.send(held).unwrap();
        // What was on its way when it began, and once more at the very limit.
        socket.set_read_timeout(Some(seconds(2))).unwrap();
        let fed = (0..4).take_while(|_| socket.recv(&mut [0; 64]).is_ok()).count();
        assert!(fed <= 2, "systemd is told {fed} times that all is well");
        assert!(health.status().liveness(&[]).is_success, "it is not yet dead by our own measure");
        drop(release);
        socket.set_read_timeout(Some(seconds(10))).unwrap();
        (0..2).for_each(|_| feed());
    }
    drop(stall);
    application.join().unwrap();
    // A runtime that has ended stands still, and is no stall.
    (0..3).for_each(|_| feed());
}

#[test]
fn a_start_is_extended_every_ten_seconds_for_an_hour() {
    let health = health(Vec::new());
    let _hold = health.hold_start();
    let (status, mut told) = (health.status(), Told::default());
    let mut extended = (0..7_200).filter(|second| {
        let news = told.news(&status, seconds(*second), None);
        news.contains("EXTEND_TIMEOUT_USEC=30000000\n")
    });
    let (first, count) = ([extended.next(), extended.next()], extended.count());
    assert_eq!((first, count), ([Some(0), Some(10)], 358));
}

#[test]
fn the_status_names_what_is_not_well_and_is_bounded() {
    let named = |name: String| Check::new(name, async || Ok::<(), String>(()));
    let few = health(vec![named("database".into()), named("disk".into())]);
    assert_eq!(describe(&few.status()), "ready; database: unknown, disk: unknown");
    let many = health((0..100).map(|number| named(format!("{number:050}"))).collect());
    let text = describe(&many.status());
    assert!(text.len() < STATUS_BYTES_MAX + 70 && text.ends_with(", …"), "{text}");
}

#[test]
fn nobody_is_told_where_there_is_no_systemd_nor_the_watchdog_of_another_process() {
    assert!(Notifying::of(|_| None, 1).unwrap().0.is_none());
    let (_socket, path) = bound(true);
    let watched = |id: &'static str| {
        let variable = |name: &str| match name {
            "NOTIFY_SOCKET" => Some(path.clone()),
            "WATCHDOG_USEC" => Some("3000000".into()),
            "WATCHDOG_PID" => Some(id.into()),
            _ => None,
        };
        Notifying::of(variable, 42).unwrap().0.unwrap().heartbeat
    };
    assert_eq!([watched("42"), watched("43")], [Some(Duration::from_millis(1_500)), None]);
    // Nor does anything wait where systemd has gone.
    let (socket, path) = bound(true);
    let notifying = told_by(&path, None);
    drop(socket);
    notifying.0.unwrap().tell("READY=1\n");
}
