//! A real Prometheus that scrapes one shop every second.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use slo_examples::client::Connection;

use crate::programs::{Program, eventually};

/// The labels of a series and its value.
pub(crate) type Series = BTreeMap<BTreeMap<String, String>, f64>;

/// A running Prometheus; its data go with it.
#[derive(Debug)]
pub(crate) struct Prometheus {
    address: SocketAddr,
    // Before the directory, so that it is dead when that is removed.
    _program: Program,
    _directory: Directory,
}

impl Prometheus {
    /// Starts Prometheus and waits until it is ready.
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let directory = Directory::new("prometheus");
        let configuration = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n\
             scrape_configs: [{{ job_name: shop, static_configs: [{{ targets: ['{target}'] }}] }}]\n"
        );
        let file = directory.0.join("prometheus.yml");
        fs::write(&file, configuration).expect("the configuration can be written");
        let log = fs::File::create(directory.0.join("log")).expect("the log can be written");
        // It cannot choose a port itself and tell us: whoever takes this one in between makes the test fail.
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", directory.0.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus starts");
        let mut prometheus = Self { address, _program: Program(child), _directory: directory };
        eventually("Prometheus is ready", async || prometheus.ready().await).await;
        prometheus
    }

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

    /// Evaluates an expression that has one value or none.
    pub(crate) async fn value(&self, expression: &str) -> Option<f64> {
        let series = self.query(expression).await;
        assert!(series.len() < 2, "{expression} has several values: {series:?}");
        series.into_values().next()
    }

    async fn ready(&mut self) -> Option<()> {
        let ended = self._program.0.try_wait().expect("it is our child");
        assert!(ended.is_none(), "Prometheus ended: {}", self._directory.read("log"));
        self.get("/-/ready").await.filter(|(status, _)| *status == 200).map(|_| ())
    }

    async fn get(&self, target: &str) -> Option<(u16, Bytes)> {
        let request = Request::get(target).body(Full::default()).expect("a valid request");
        let answer = Connection::new(self.address).send(request).await.ok()?;
        Some((answer.status().as_u16(), answer.into_body()))
    }
}

/// A directory of this test process, removed with its handle.
#[derive(Debug)]
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the target directory can be written");
        Self(path)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed goes with `cargo clean`.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
