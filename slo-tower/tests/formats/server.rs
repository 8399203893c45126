//! A server in each state that probes tell of, with one listener for users and one for operators.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use slo_tower::{Allow, Check, Clock, Finding, ProbeFormat, ProbeSettings, Report, SloRegistry, Timestamp};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Everything is well.
    Pass,
    /// Every check warns.
    Warn,
    /// What gates liveness and readiness fails, and so does what gates nothing.
    Fail,
    /// Only that fails that gates nothing.
    Degraded,
    /// What gates the start fails.
    Starting,
    /// No check has run yet.
    Unknown,
    /// The process is going.
    Draining,
    /// As for [`State::Degraded`], with everything set that can be.
    Settings,
}

impl State {
    pub(crate) const ALL: [Self; 8] = [
        Self::Pass,
        Self::Warn,
        Self::Fail,
        Self::Degraded,
        Self::Starting,
        Self::Unknown,
        Self::Draining,
        Self::Settings,
    ];

    /// What the checks report that gate liveness, readiness, the start and nothing.
    fn reports(self) -> [Report; 4] {
        let (pass, warn) = (|| Report::Pass, || Report::Warn("took 9 s".into()));
        let fail = || Report::Fail("refused by\n10.0.0.7: \"no\" ü".into());
        match self {
            Self::Pass | Self::Unknown | Self::Draining => [pass(), pass(), pass(), pass()],
            Self::Warn => [warn(), warn(), warn(), warn()],
            Self::Fail => [fail(), fail(), pass(), fail()],
            Self::Degraded | Self::Settings => [pass(), pass(), pass(), fail()],
            Self::Starting => [pass(), pass(), fail(), pass()],
        }
    }
}

/// Serves until it is dropped.
pub(crate) struct Server {
    pub(crate) users: SocketAddr,
    pub(crate) operators: SocketAddr,
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn start(state: State) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("the system has a thread");
        let (users, operators) = runtime.block_on(serve(state));
        Self { users, operators, _runtime: runtime }
    }
}

async fn serve(state: State) -> (SocketAddr, SocketAddr) {
    let slos = registry(state).await;
    let shop =
        Router::new().route("/orders", get(async || "orders")).layer(slos.layer()).merge(slos.probe_routes());
    (listen(shop).await, listen(slos.admin_routes()).await)
}

async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

/// A registry whose clock stands still, so that what it tells of times is known.
async fn registry(state: State) -> SloRegistry {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let [worker, disk, cache, database] = state.reports().map(|report| move || report.clone());
    let database = move || {
        let finding = Finding::from(database()).with("seconds_left", 86_400.5).with("waiting_jobs", 12.0);
        // Names that mean something else in one format or the other.
        finding
            .with("level", 1.0)
            .with("responseTime", 2.0)
            .with("a:b", 3.0)
            .with("", 4.0)
            .with("nothing", f64::NAN)
    };
    let slos = SloRegistry::builder("formats")
        .without_declared()
        .clock(clock.clone())
        .probes(settings(state))
        .check(Check::in_process("worker-loop", worker).gates_liveness().jitter(0.0))
        .check(Check::in_process("own-disk", disk).gates_readiness().jitter(0.0))
        .check(Check::in_process("cache-warm", cache).gates_startup().jitter(0.0))
        .check(Check::blocking("database", database).jitter(0.0))
        .build()
        .expect("it is valid");
    if state != State::Unknown {
        slos.health().run_due().await;
    }
    clock.advance(Duration::from_secs(1));
    if state == State::Draining {
        slos.health().drain();
    }
    slos
}

fn settings(state: State) -> ProbeSettings {
    let has = |header: &'static str| Allow::when(move |request| request.headers.contains_key(header));
    let settings = ProbeSettings::new().names(has("x-reader")).details(has("x-operator"));
    match state {
        State::Settings => settings
            .failure_status(StatusCode::INTERNAL_SERVER_ERROR)
            .envoy_degraded()
            .format(ProbeFormat::HealthJson),
        _ => settings,
    }
}
