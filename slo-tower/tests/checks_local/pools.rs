//! A pool of connections to a real server, Redis: up, exhausted, slow, stopped, killed and back again.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Pool, RecycleError, RecycleResult, Timeouts};
use slo_tower::{Check, CheckStatus, Fault, Level, Report, SloRegistry, checks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::support::{Directory, level, reading, reason, run, skipped};

const PATIENCE: Duration = Duration::from_secs(30);

/// A server of our own, which ends with it.
struct Redis {
    child: Child,
    socket: PathBuf,
}

impl Redis {
    /// Listens on a socket in the directory, which nobody else can take; `None` where there is no server to start.
    async fn start(directory: &Directory) -> Option<Self> {
        let socket = directory.0.join("socket");
        let mut server = Command::new("redis-server");
        server.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
        server.current_dir(&directory.0).stdout(Stdio::null()).stderr(Stdio::null());
        let child = server.spawn().ok()?;
        let server = Self { child, socket };
        let answers = async {
            while ping(&mut connect(&server.socket).await).await.is_err() {
                // tidy: real time because the server is real; what it answers decides, not the delay.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answers).await.expect("the server does not start");
        Some(server)
    }

    /// Sends a signal to this very process.
    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success(), "{name}");
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn connect(socket: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(socket).await
}

async fn ping(connection: &mut io::Result<UnixStream>) -> io::Result<()> {
    let connection = connection.as_mut().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
    connection.write_all(b"PING\r\n").await?;
    let mut answer = [0; 7];
    connection.read_exact(&mut answer).await?;
    if &answer == b"+PONG\r\n" { Ok(()) } else { Err(io::Error::other("no pong")) }
}

/// Makes connections for the pool.
struct Connections(PathBuf);

impl Manager for Connections {
    type Type = io::Result<UnixStream>;
    type Error = io::Error;

    async fn create(&self) -> io::Result<Self::Type> {
        Ok(Ok(connect(&self.0).await?))
    }

    async fn recycle(&self, connection: &mut Self::Type, _: &Metrics) -> RecycleResult<io::Error> {
        ping(connection).await.map_err(RecycleError::Backend)
    }
}

type Connected = Pool<Connections>;

/// A pool of two connections that is waited for as long as the check lets it.
fn pool(server: &Redis) -> Connected {
    Pool::builder(Connections(server.socket.clone()))
        .max_size(2)
        .timeouts(Timeouts::default())
        .build()
        .unwrap()
}

/// The check as a user writes it.
fn check(pool: &Connected) -> Check {
    let pool = pool.clone();
    checks::pool("redis", move || {
        let pool = pool.clone();
        async move {
            let mut connection = pool.get().await.map_err(|error| error.to_string())?;
            ping(&mut connection).await.map_err(|error| error.to_string())
        }
    })
}

/// Waits until the check is as wanted.
async fn until(slos: &SloRegistry, wanted: impl Fn(&CheckStatus) -> bool) -> CheckStatus {
    let mut changes = slos.health().changes();
    let change = changes.wait_for(|status| status.check("redis").is_some_and(&wanted));
    let status = tokio::time::timeout(PATIENCE, change).await.expect("it takes too long").unwrap();
    status.check("redis").unwrap().clone()
}

#[tokio::test]
async fn a_server_that_stops_hangs_dies_and_returns_is_seen_through_the_pool() {
    const NAME: &str = "a_server_that_stops_hangs_dies_and_returns_is_seen_through_the_pool";
    let directory = Directory::new();
    let Some(mut server) = Redis::start(&directory).await else {
        return skipped(NAME, "there is no redis-server");
    };
    let connections = pool(&server);
    let (often, timeout) = (Duration::from_millis(20), Duration::from_millis(300));
    let check = check(&connections).interval(often).failing_interval(often).timeout(timeout).fail_after(1);
    let slos = SloRegistry::builder("shop").without_declared().check(check).start().unwrap();
    let passes = |status: &CheckStatus| status.level == Level::Pass;
    let timed_out = |status: &CheckStatus| status.fault == Some(Fault::TimedOut(timeout));
    let status = until(&slos, passes).await;
    assert!(
        status.readings.iter().any(|reading| reading.name == "acquire_seconds" && reading.value < 0.3),
        "{status:?}"
    );

    // It hangs: connections are there, and nobody answers.
    server.signal("-STOP");
    until(&slos, timed_out).await;
    server.signal("-CONT");
    until(&slos, passes).await;

    // All connections are out, and come back.
    let held = [connections.get().await.unwrap(), connections.get().await.unwrap()];
    until(&slos, timed_out).await;
    drop(held);
    until(&slos, passes).await;

    // It dies.
    server.kill();
    let refused = |status: &CheckStatus| matches!(&status.fault, Some(Fault::Reported(reason)) if reason.contains("refused"));
    let status = until(&slos, refused).await;
    assert_eq!(status.level, Level::Fail);
    // It gates nothing: the service is as ready as ever.
    assert!(slos.health().status().readiness(&[]).is_success);
    let server = Redis::start(&directory).await.expect("it was there before");
    until(&slos, passes).await;
    drop((slos, server));
}

/// The only connection comes back after a while that is long, but not too long.
#[tokio::test]
async fn a_pool_that_makes_one_wait_is_worth_a_look() {
    let directory = Directory::new();
    let Some(server) = Redis::start(&directory).await else {
        return skipped("a_pool_that_makes_one_wait_is_worth_a_look", "there is no redis-server");
    };
    let connections = pool(&server);
    let slow = Duration::from_millis(100);
    let acquire = connections.clone();
    let check = checks::pool_within("redis", slow, move || {
        let acquire = acquire.clone();
        async move { acquire.get().await.map(drop).map_err(|error| error.to_string()) }
    });
    assert_eq!(level(&run(&check).await), Level::Pass);
    let held = [connections.get().await.unwrap(), connections.get().await.unwrap()];
    let release = async {
        // tidy: real time because the pool and its server are real; at least so long is waited for.
        tokio::time::sleep(slow + slow / 10).await;
        drop(held);
    };
    let (finding, ()) = tokio::join!(run(&check), release);
    assert_eq!(level(&finding), Level::Warn, "{finding:?}");
    let took = reading(&finding, "acquire_seconds");
    assert!(took >= slow.as_secs_f64(), "{took}");
    assert_eq!(reason(&finding), format!("took {took:.3} s, which is 0.100 s or more"));
}

/// Returns the name of the thread that it runs on.
fn thread_name() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

/// Made within a runtime it runs there, and ends there when it is given up; made outside it runs beside the checks.
#[test]
fn it_runs_where_the_connections_belong() {
    let (tell, told) = std::sync::mpsc::channel::<(&str, String)>();
    let make = |name: &'static str| {
        let tell = tell.clone();
        checks::pool(name, move || {
            let tell = tell.clone();
            async move {
                tell.send((name, thread_name())).map_err(|_| "nobody listens")?;
                // Until it is given up: this ends with the check's timeout, and says so.
                let ends = Ends(tell, name);
                std::future::pending::<()>().await;
                drop(ends);
                Ok::<(), &str>(())
            }
        })
        .timeout(Duration::from_millis(50))
    };
    let outside = make("outside");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("ours").build().unwrap();
    let inside = runtime.block_on(async { make("inside") });
    let slos = SloRegistry::builder("shop").without_declared().check(outside).check(inside).start().unwrap();
    let mut heard = [(); 4].map(|()| told.recv_timeout(PATIENCE).unwrap());
    heard.sort();
    let expected = [("inside", "ended"), ("inside", "ours"), ("outside", "ended"), ("outside", "slo-health")];
    assert_eq!(heard, expected.map(|(name, text)| (name, text.to_owned())));
    drop(slos);
}

struct Ends(std::sync::mpsc::Sender<(&'static str, String)>, &'static str);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.send((self.1, "ended".to_owned()));
    }
}

#[test]
fn a_panic_is_a_panic_and_a_runtime_that_has_ended_says_so() {
    let runtime = Arc::new(
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap(),
    );
    let _entered = runtime.enter();
    let panics = checks::pool("panics", || async {
        assert!(std::hint::black_box(false), "a panic of ours");
        Report::Pass
    });
    let slos = SloRegistry::builder("shop").without_declared().check(panics).start().unwrap();
    let seen = runtime.block_on(async {
        let mut changes = slos.health().changes();
        let known = changes.wait_for(|status| status.checks.iter().all(|check| check.is_known));
        tokio::time::timeout(PATIENCE, known).await.unwrap().unwrap().check("panics").unwrap().fault.clone()
    });
    assert_eq!(seen, Some(Fault::Panicked));
    let gone = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let orphan = gone.block_on(async { checks::pool("orphan", || async { Report::Pass }) });
    drop(gone);
    let finding = runtime.block_on(run(&orphan));
    assert_eq!(
        (level(&finding), reason(&finding)),
        (Level::Fail, "the runtime on which it was made has ended")
    );
}
