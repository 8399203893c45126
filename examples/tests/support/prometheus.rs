//! A real Prometheus that scrapes one shop every second.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use slo_examples::client::Connection;
use slo_tower::Clock;

use crate::programs::{Directory, Program, eventually, free_address};

/// The labels of a series and its value.
pub(crate) type Series = BTreeMap<BTreeMap<String, String>, f64>;

/// A running Prometheus; its data go with it.
#[derive(Debug)]
pub(crate) struct Prometheus {
    server: Server,
    // Before the directory, so that it is dead when that is removed.
    _program: Program,
    _directory: Directory,
}

impl Prometheus {
    /// Starts Prometheus and waits until it is ready.
    pub(crate) async fn start(target: SocketAddr) -> Self {
        Self::run(Directory::new("prometheus"), &[target]).await
    }

    /// The same on a directory that may hold data and `rules.yaml`, to scrape all of these.
    pub(crate) async fn run(directory: Directory, targets: &[SocketAddr]) -> Self {
        Self::run_with(directory, targets, &[]).await
    }

    /// The same with more arguments.
    pub(crate) async fn run_with(directory: Directory, targets: &[SocketAddr], arguments: &[&str]) -> Self {
        let targets: Vec<_> = targets.iter().map(|target| format!("'{target}'")).collect();
        let targets = targets.join(", ");
        let configuration = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
             rule_files: [rules.yaml]\n\
             scrape_configs: [{{ job_name: shop, static_configs: [{{ targets: [{targets}] }}] }}]\n"
        );
        let file = directory.0.join("prometheus.yml");
        fs::write(&file, configuration).expect("the configuration can be written");
        let log = fs::File::create(directory.0.join("log")).expect("the log can be written");
        let address = free_address();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", directory.0.join("data").display()))
            .arg("--storage.tsdb.retention.time=400d")
            .arg(format!("--web.listen-address={address}"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus starts");
        let mut prometheus =
            Self { server: Server(address), _program: Program(child), _directory: directory };
        eventually("Prometheus is ready", async || prometheus.ready().await).await;
        prometheus
    }

    /// Returns where it listens.
    #[allow(dead_code, reason = "not every test lets others ask")]
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.0)
    }

    /// Evaluates an expression now.
    pub(crate) async fn query(&self, expression: &str) -> Series {
        self.server.query(expression).await
    }

    /// Evaluates an expression each second of the last while; returns the values of each series.
    #[allow(dead_code, reason = "not every test looks back")]
    pub(crate) async fn query_range(&self, expression: &str, past: Duration) -> Vec<Vec<f64>> {
        self.server.query_range(expression, past).await
    }

    /// Evaluates an expression that has one value or none.
    pub(crate) async fn value(&self, expression: &str) -> Option<f64> {
        self.server.value(expression).await
    }

    async fn ready(&mut self) -> Option<()> {
        let ended = self._program.0.try_wait().expect("it is our child");
        assert!(ended.is_none(), "Prometheus ended: {}", self._directory.read("log"));
        self.server.get("/-/ready").await.filter(|(status, _)| *status == 200).map(|_| ())
    }
}

/// Where a Prometheus is that somebody has started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server(pub(crate) SocketAddr);

impl Server {
    /// Evaluates an expression now.
    pub(crate) async fn query(&self, expression: &str) -> Series {
        let answer = self.get(&format!("/api/v1/query?query={}", encoded(expression))).await;
        let (_, body) = answer.unwrap_or_else(|| panic!("Prometheus does not answer {expression}"));
        let answer: serde_json::Value = serde_json::from_slice(&body).expect("Prometheus answers JSON");
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let series = answer["data"]["result"].as_array().expect("a vector");
        let entry = |series: &serde_json::Value| {
            let labels = serde_json::from_value(series["metric"].clone()).expect("labels");
            let value = series["value"][1].as_str().and_then(|value| value.parse().ok()).expect("a value");
            (labels, value)
        };
        series.iter().map(entry).collect()
    }

    /// Evaluates an expression each second of the last while; returns the values of each series.
    #[allow(dead_code, reason = "not every test looks back")]
    pub(crate) async fn query_range(&self, expression: &str, past: Duration) -> Vec<Vec<f64>> {
        let end = Duration::from_nanos(Clock::system().now().unix_nanos());
        let (start, end) = ((end - past).as_secs_f64(), end.as_secs_f64());
        let target =
            format!("/api/v1/query_range?query={}&start={start:.3}&end={end:.3}&step=1", encoded(expression));
        let (_, body) = self.get(&target).await.unwrap_or_else(|| panic!("no answer to {expression}"));
        let answer: serde_json::Value = serde_json::from_slice(&body).expect("Prometheus answers JSON");
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let value = |sample: &serde_json::Value| sample[1].as_str().and_then(|value| value.parse().ok());
        let values = |series: &serde_json::Value| {
            let samples = series["values"].as_array().expect("a list");
            samples.iter().map(|sample| value(sample).expect("a value")).collect()
        };
        answer["data"]["result"].as_array().expect("a matrix").iter().map(values).collect()
    }

    /// Evaluates an expression that has one value or none.
    pub(crate) async fn value(&self, expression: &str) -> Option<f64> {
        let series = self.query(expression).await;
        assert!(series.len() < 2, "{expression} has several values: {series:?}");
        series.into_values().next()
    }

    /// Asks for a path; nothing if there is no answer.
    pub(crate) async fn get(&self, target: &str) -> Option<(u16, Bytes)> {
        let request = Request::get(target).body(Full::default()).expect("a valid request");
        let answer = Connection::new(self.0).send(request).await.ok()?;
        Some((answer.status().as_u16(), answer.into_body()))
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Writes samples of our two counters as data that a Prometheus starts with; `file` holds them on the way.
#[allow(dead_code, reason = "not every test begins with a history")]
pub(crate) fn write_blocks(data: &Path, file: &Path, events: &str, bad: &str) {
    let text = format!("# TYPE slo_events counter\n{events}# TYPE slo_bad_events counter\n{bad}# EOF\n");
    fs::write(file, text).expect("the history can be written");
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", "-q"])
        .args([file, data])
        .output()
        .expect("promtool starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
