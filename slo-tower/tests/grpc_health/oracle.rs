//! The reference implementation in Python, as a client and as a server: its client sees of our server what it sees of its
//! own, step by step.
//!
//! The script asks for each change of the state on its standard output, and goes on when it is answered.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use slo_tower::{GrpcHealth, SloRegistry};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use crate::{set, toggled};

/// Killed with its handle, also when the test panics.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the script may change.
struct Subject {
    slos: SloRegistry,
    health: GrpcHealth,
    server: Arc<AtomicBool>,
    shop: Arc<AtomicBool>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_client_sees_of_us_what_it_sees_of_the_reference_server() {
    const NAME: &str = "the_reference_client_sees_of_us_what_it_sees_of_the_reference_server";
    let Ok(python) = std::env::var("SLO_PYTHON") else {
        return skip(NAME, "SLO_PYTHON names no interpreter with grpcio-health-checking");
    };
    let (address, mut subject) = serve().await;
    let work = move || {
        let ours = converse(&python, &address.to_string(), |step| subject.step(step));
        let theirs =
            converse(&python, "oracle", |step| panic!("it asks for {step:?} although it has its own server"));
        (ours, theirs)
    };
    let (ours, theirs) = tokio::task::spawn_blocking(work).await.unwrap();

    // What only ours can do is marked by the script, and checked by itself.
    let (own, ours): (Vec<_>, Vec<_>) = ours.into_iter().partition(|line| line.starts_with("own "));
    let (their_own, theirs): (Vec<_>, Vec<_>) = theirs.into_iter().partition(|line| line.starts_with("own "));
    assert!(theirs.len() >= 20, "a script of {} lines proves little", theirs.len());
    assert_eq!(ours, theirs);
    assert_eq!(their_own, ["own list UNIMPLEMENTED", "own end of watch none"]);
    let listed = "own list ''=SERVING liveness=SERVING readiness=SERVING shop.Shop=SERVING startup=SERVING";
    assert_eq!(own, [listed, "own end of watch OK"]);
}

async fn serve() -> (SocketAddr, Subject) {
    let [server, shop] = [(); 2].map(|()| Arc::new(AtomicBool::new(true)));
    let slos = SloRegistry::builder("test")
        .without_declared()
        .check(toggled("server", &server).gates_readiness())
        .check(toggled("shop", &shop))
        .drain_delay(std::time::Duration::from_millis(500))
        .start()
        .unwrap();
    let health = slos.grpc_health();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving =
        Server::builder().add_service(health.clone()).serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    (address, Subject { slos, health, server, shop })
}

impl Subject {
    fn step(&mut self, step: &str) {
        match step {
            "know shop.Shop" => drop(self.health.clone().service("shop.Shop", ["shop"]).unwrap()),
            "drain" => assert!(self.slos.health().drain()),
            _ => {
                let (flag, is_well) = match step {
                    "set '' SERVING" => (&self.server, true),
                    "set '' NOT_SERVING" => (&self.server, false),
                    "set shop.Shop SERVING" => (&self.shop, true),
                    "set shop.Shop NOT_SERVING" => (&self.shop, false),
                    _ => panic!("no such step: {step:?}"),
                };
                set(flag, is_well);
            }
        }
    }
}

/// Runs the script to its end and returns what it saw, a line each.
fn converse(python: &str, server: &str, mut step: impl FnMut(&str)) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpc_health/client.py");
    let mut command = Command::new(python);
    command.args([script, server]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut script = Script(command.spawn().expect("the interpreter named by SLO_PYTHON starts"));
    let mut answers = script.0.stdin.take().expect("it is piped");
    let mut seen = Vec::new();
    for line in BufReader::new(script.0.stdout.take().expect("it is piped")).lines() {
        let line = line.expect("it prints text");
        match line.strip_prefix("do ") {
            Some(asked) => {
                step(asked);
                answers.write_all(b"done\n").expect("it listens");
            }
            None => seen.push(line),
        }
    }
    assert!(script.0.wait().expect("it is our child").success(), "the script fails after {seen:#?}");
    seen
}

/// Says that a test cannot run here. In CI that is a failure.
fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line} (CI=true: nothing may be skipped)");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("SLO_SKIP_LOG") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        file.and_then(|mut file| writeln!(file, "{line}")).expect("the skip log can be written");
    }
}
