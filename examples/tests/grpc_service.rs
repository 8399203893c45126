//! What a client of gRPC that is none of ours saw is what the example `grpc_service` counts, by method and by code.

#[allow(dead_code, reason = "these tests start no shop of HTTP")]
#[path = "support/programs.rs"]
mod programs;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use slo_examples::client::Connection;
use slo_tower::{GrpcCode, Verdict};

use self::programs::{Program, shop, skip};

const SEED: &str = "20260101";
const COUNT: &str = "rpc_server_call_duration_seconds_count";
const BUCKET: &str = "rpc_server_call_duration_seconds_bucket";

/// A running example, on ports of its own.
struct Service {
    calls: SocketAddr,
    admin: SocketAddr,
    program: Program,
}

/// Labels and value of each sample, by its name.
type Samples = Vec<(String, BTreeMap<String, String>, f64)>;
/// What is told apart: method, code and `error_type`.
type Counts = BTreeMap<[String; 3], f64>;

#[tokio::test]
async fn what_a_client_saw_is_what_is_counted() {
    const NAME: &str = "what_a_client_saw_is_what_is_counted";
    let Ok(python) = std::env::var("SLO_PYTHON") else {
        return skip(NAME, "SLO_PYTHON names no interpreter with grpcio");
    };
    let service = Service::start();
    let before = service.samples().await;
    for method in ["shop.Shop/Buy", "shop.Shop/Browse"] {
        let declared = sum(&before, COUNT, |labels| labels["rpc_method"] == method);
        assert_eq!(declared, Some(0.0), "{method} is there before its first call");
    }

    let seen = service.drive(&python);
    let total: u64 = seen.iter().map(|(_, _, count)| count).sum();
    assert!(total > 5_000, "a client that makes {total} calls proves little");
    println!("the client saw {total} calls end, seed {SEED}");

    let samples = service.samples().await;
    assert_eq!(counted(&samples), expected(&seen));
    for (name, labels, value) in &samples {
        assert!(name != "rpc_server_active_calls" || *value == 0.0, "{labels:?}: {value} under way");
        assert!(name != "slo_series_overflow_total" || *value == 0.0, "{labels:?}: {value} too many");
    }

    let status = service.status().await;
    for (slo, method) in [("buy", "Buy"), ("fill", "Fill"), ("browse", "Browse"), ("haggle", "Haggle")] {
        let events = events(&status, &format!("{slo}-availability"));
        assert_eq!(events, available(&seen, method), "{slo}: good, bad and excluded");
    }
    // How fast a call was is up to the machine, so this is read from the histogram, at the bucket of the threshold.
    for (slo, method, threshold) in
        [("buy-combined", "shop.Shop/Buy", "0.25"), ("browse-latency", "shop.Shop/Browse", "0.2")]
    {
        let within = sum(&samples, BUCKET, |labels| {
            labels["rpc_method"] == method && labels["le"] == threshold && !labels.contains_key("error_type")
        });
        assert_eq!(Some(events(&status, slo)[0] as f64), within, "{slo}");
    }
    assert_eq!(service.terminate(), Some(0));
}

#[test]
fn a_port_that_is_none_or_taken_is_refused_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    for (variable, value, said) in
        [("PORT", "many", "PORT is no port"), ("ADMIN_PORT", &port, "choose another ADMIN_PORT")]
    {
        let output = command().env(variable, value).output().expect("it starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(said), "{variable}={value}: {error}");
    }
}

impl Service {
    fn start() -> Self {
        let mut child = command().spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let program = Program(child);
        let mut address = |before: &str, after: &str| {
            let line = lines.next().expect("it says where it is").expect("it prints text");
            let address = line.strip_prefix(before).and_then(|line| line.strip_suffix(after));
            address.expect("the line has the address").parse().expect("an address")
        };
        let calls = address("The shop is open at ", "");
        Self { calls, admin: address("How it is: http://", "/slo"), program }
    }

    /// Lets the client make all its calls. Returns method, end and number of those that ended alike.
    fn drive(&self, python: &str) -> Vec<(String, String, u64)> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/grpc_client.py");
        let arguments = [script, &self.calls.to_string(), &self.admin.to_string(), SEED];
        let output = Command::new(python).args(arguments).stderr(Stdio::inherit()).output();
        let output = output.expect("the interpreter named by SLO_PYTHON starts");
        assert!(output.status.success(), "the client fails, seed {SEED}");
        serde_json::from_slice(&output.stdout).expect("the client prints JSON")
    }

    async fn get(&self, path: &str) -> Bytes {
        let request = Request::get(path).body(Full::default()).expect("a valid request");
        let answer = Connection::new(self.admin).send(request).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.into_body()
    }

    async fn status(&self) -> serde_json::Value {
        serde_json::from_slice(&self.get("/slo").await).expect("/slo is JSON")
    }

    async fn samples(&self) -> Samples {
        let text = self.get("/metrics").await;
        let text = std::str::from_utf8(&text).expect("text");
        text.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
    }

    /// Asks it to stop, as a service manager does, and returns its exit code.
    fn terminate(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.program.0.id().to_string()]).status();
        assert!(asked.expect("kill starts").success());
        self.program.0.wait().expect("it is our child").code()
    }
}

/// Returns the command of the example on free ports.
fn command() -> Command {
    let path = shop().get_program().to_owned();
    let path =
        std::path::Path::new(&path).with_file_name(format!("grpc_service{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(path);
    command.env("PORT", "0").env("ADMIN_PORT", "0").stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Reads a line; none of the values has a comma or a quotation mark.
fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.trim_end_matches('}').split(',').filter_map(|label| label.split_once('='));
    let labels = labels.map(|(label, value)| (label.to_owned(), value.trim_matches('"').to_owned()));
    (name.to_owned(), labels.collect(), value.parse().expect("a number"))
}

fn sum(samples: &Samples, name: &str, wanted: impl Fn(&BTreeMap<String, String>) -> bool) -> Option<f64> {
    let wanted = samples.iter().filter(|(found, labels, _)| found == name && wanted(labels));
    wanted.map(|(.., value)| *value).reduce(|sum, value| sum + value)
}

fn counted(samples: &Samples) -> Counts {
    let label = |labels: &BTreeMap<String, String>, name: &str| labels.get(name).cloned().unwrap_or_default();
    let counts = samples.iter().filter(|(name, _, value)| name == COUNT && *value > 0.0);
    counts
        .map(|(_, labels, value)| {
            let key = ["rpc_method", "rpc_response_status_code", "error_type"];
            (key.map(|name| label(labels, name)), *value)
        })
        .collect()
}

/// Returns what must be counted if the client saw this.
fn expected(seen: &[(String, String, u64)]) -> Counts {
    let mut counts = Counts::new();
    for (method, end, count) in seen {
        let code = if end == "before" { "INVALID_ARGUMENT" } else { end };
        let (code, error) = match code {
            "panic" => ("", "panic"),
            "no-status" => ("", "body_error"),
            "deadline" => ("", "timeout"),
            "cancelled" => ("", "cancelled"),
            "aborted" => ("", "body_aborted"),
            code => (code, if verdict(code) == Verdict::Bad { code } else { "" }),
        };
        // Nobody is known to have the methods that clients guess, nor the one that had not run yet.
        let method = match method.as_str() {
            guessed if guessed.starts_with('/') => "_OTHER".to_owned(),
            _ if end == "before" => "_OTHER".to_owned(),
            method => format!("shop.Shop/{method}"),
        };
        *counts.entry([method, code.to_owned(), error.to_owned()]).or_default() += *count as f64;
    }
    counts
}

/// Returns good, bad and excluded events of a promise of availability, as the documents say.
fn available(seen: &[(String, String, u64)], method: &str) -> [u64; 3] {
    let mut events = [0; 3];
    for (_, end, count) in seen.iter().filter(|(called, end, _)| called == method && end != "before") {
        let place = match end.as_str() {
            "panic" | "no-status" | "deadline" => 1,
            "cancelled" | "aborted" => 2,
            code => usize::from(verdict(code) == Verdict::Bad),
        };
        events[place] += count;
    }
    events
}

fn verdict(name: &str) -> Verdict {
    let named = (0..17).map(GrpcCode::of).find(|code| code.name() == name);
    named.unwrap_or_else(|| panic!("{name} is no code")).verdict()
}

fn events(status: &serde_json::Value, name: &str) -> [u64; 3] {
    let slos = status["slos"].as_array().expect("a list");
    let slo = slos.iter().find(|slo| slo["name"] == name).unwrap_or_else(|| panic!("no {name} in {status}"));
    ["good", "bad", "excluded"].map(|kind| slo["total"][kind].as_u64().expect("a number"))
}
