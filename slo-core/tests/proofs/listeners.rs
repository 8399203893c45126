//! Who is told of changes, by whom, and whom that holds up.

use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use slo_core::{HealthListener, Life, Monitor};

use super::support::START;

#[test]
fn a_listener_that_hangs_holds_up_no_other() {
    let (release, held) = mpsc::channel::<()>();
    let (is_called, called) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let held = Mutex::new(held);
    let hanging: HealthListener = Box::new(move |_, _| {
        is_called.send(()).expect("the test waits");
        let _ = held.lock().expect("nobody panics").recv();
    });
    let other: HealthListener = Box::new(move |_, after| tell.send(after.life).expect("the test waits"));
    let monitor = Monitor::new(Vec::new(), vec![hanging, other], 7, START).expect("there are no checks");
    thread::scope(|scope| {
        scope.spawn(|| monitor.hold_start(START));
        called.recv().expect("it is called");
        monitor.drain(START);
        let patience = Duration::from_secs(10);
        let seen = [told.recv_timeout(patience), told.recv_timeout(patience)];
        // Before anything is said of them, as the scope would wait for ever.
        drop(release);
        assert_eq!(seen, [Ok(Life::Starting), Ok(Life::Draining)]);
    });
}
