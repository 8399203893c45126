//! The signals that ask a process to go.
//!
//! They are awaited on a thread of its own, so that readiness fails at once even while the service's runtime is stalled, and
//! so that several servers share one drain, whichever ends first. What must never happen: a signal that nobody hears, since
//! from here on the system no longer ends the process by itself.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::runtime;
use tokio::sync::Notify;

use super::{Health, Shared};

/// What a signal asks for.
enum Signal {
    /// Of a service manager: others are to learn of it first.
    Terminate,
    /// Of somebody at a keyboard, who waits.
    Interrupt,
}

/// Whether anybody listens.
#[derive(Debug, Default)]
pub(super) struct Listening(OnceLock<Listener>);

impl Health {
    /// Drains when a signal asks for it, from now on until the last handle is gone.
    pub(crate) fn listen(&self) {
        let start = || Listener::start(Arc::clone(&self.shared));
        self.listening.0.get_or_init(|| start().expect("the system lets a process listen for signals"));
    }
}

/// Listens until it is dropped.
#[derive(Debug)]
struct Listener {
    stop: Arc<Notify>,
}

impl Listener {
    fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        // Here rather than on the thread, so that a signal that comes right afterwards is heard.
        let signals = {
            let _entered = runtime.enter();
            Signals::new()?
        };
        let run = move || {
            let mut signals = signals;
            runtime.block_on(async {
                tokio::select! {
                    () = listen(&shared, async || signals.next().await) => {}
                    () = stopped.notified() => {}
                }
            });
        };
        thread::Builder::new().name("slo-signals".into()).spawn(run)?;
        Ok(Self { stop })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

async fn listen(shared: &Arc<Shared>, mut next: impl AsyncFnMut() -> Signal) {
    let first = next().await;
    shared.begin_drain();
    if matches!(first, Signal::Interrupt) {
        shared.drain.skip_delay();
    }
    tell(shared);
    loop {
        next().await;
        shared.drain.cut_short();
    }
}

/// Makes the process unready and tells whoever listens to its health, on another thread: one that hangs there must not keep
/// the next signal from being heard.
fn tell(shared: &Arc<Shared>) {
    let drains = Arc::clone(shared);
    let tell = move || _ = drains.monitor.drain(drains.clock.now());
    if thread::Builder::new().name("slo-drain".into()).spawn(tell.clone()).is_err() {
        tell();
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }
}

/// Elsewhere there is Ctrl-C only.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    async fn next(&mut self) -> Signal {
        self.0.recv().await;
        Signal::Interrupt
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, mpsc};
    use std::time::Duration;

    use slo_core::{Clock, HealthListener};
    use tokio::time::Instant;

    use super::*;
    use crate::health::DrainTimes;
    use crate::health::self_probe::Sightings;

    #[tokio::test(start_paused = true)]
    async fn signals_are_heard_while_a_listener_hangs() {
        for (signals, stop_millis, give_up_millis) in [
            (vec![Signal::Terminate], 2_000, 9_000),
            (vec![Signal::Interrupt], 0, 7_000),
            (vec![Signal::Terminate, Signal::Terminate], 0, 0),
            (vec![Signal::Interrupt, Signal::Terminate], 0, 0),
        ] {
            let (release, held) = mpsc::channel::<()>();
            let (held, is_released) = (Mutex::new(held), Arc::new(AtomicBool::new(false)));
            let released = Arc::clone(&is_released);
            let hangs: HealthListener = Box::new(move |_, _| {
                let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(10));
                // Relaxed: a lone flag.
                released.store(true, Ordering::Relaxed);
            });
            let times = DrainTimes { delay: Duration::from_secs(2), timeout: Duration::from_secs(7) };
            let health = Health::new(
                Vec::new(),
                Vec::new(),
                vec![hangs],
                Clock::system(),
                Sightings::default(),
                times,
            )
            .unwrap();
            let mut signals = signals.into_iter();
            let next = async || match signals.next() {
                Some(signal) => signal,
                None => pending().await,
            };
            let start = Instant::now();
            let ends = async {
                health.drained().await;
                let stopped = start.elapsed().as_millis();
                health.given_up().await;
                (stopped, start.elapsed().as_millis())
            };
            let ended = tokio::select! {
                () = listen(&health.shared, next) => unreachable!("it listens for ever"),
                ended = ends => ended,
            };
            assert_eq!(ended, (stop_millis, give_up_millis));
            // Relaxed: a lone flag.
            assert!(!is_released.load(Ordering::Relaxed), "the listener was waited for");
            drop(release);
        }
    }
}
