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
            runtime.block_on(async {
                tokio::select! {
                    () = listen(&shared, signals) => {}
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

async fn listen(shared: &Shared, mut signals: Signals) {
    match signals.next().await {
        Signal::Terminate => _ = shared.drain(),
        Signal::Interrupt => {
            shared.drain();
            shared.drain.skip_delay();
        }
    }
    loop {
        signals.next().await;
        shared.drain.cut_short();
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
