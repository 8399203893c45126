//! A real Alertmanager, and the receiver that it notifies.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::{Json, Router, routing::post};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;
use slo_examples::client::Connection;

use crate::programs::{Directory, Program, eventually, free_address};

/// An Alertmanager that groups alerts by their SLO and notifies at once; what it remembers goes with it.
#[derive(Debug)]
pub(crate) struct Alertmanager {
    pub(crate) address: SocketAddr,
    program: Option<Program>,
    directory: Directory,
}

impl Alertmanager {
    /// Starts it and waits until it is ready.
    pub(crate) async fn start(name: &str, receiver: SocketAddr) -> Self {
        let directory = Directory::new(name);
        let configuration = format!(
            "global: {{ resolve_timeout: 5s }}\n\
             route: {{ receiver: test, group_by: [slo], group_wait: 1s, group_interval: 1s, repeat_interval: 1h }}\n\
             receivers: [{{ name: test, webhook_configs: [{{ url: 'http://{receiver}/', send_resolved: true }}] }}]\n"
        );
        fs::write(directory.0.join("am.yml"), configuration).expect("the configuration can be written");
        let mut alertmanager = Self { address: free_address(), program: None, directory };
        alertmanager.run().await;
        alertmanager
    }

    /// Starts it again, where it was and with what it remembers.
    pub(crate) async fn run(&mut self) {
        let path = |name| self.directory.0.join(name);
        let log = fs::File::create(path("log")).expect("the log can be written");
        let child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", path("am.yml").display()))
            .arg(format!("--storage.path={}", path("data").display()))
            .arg(format!("--web.listen-address={}", self.address))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus-alertmanager starts");
        self.program = Some(Program(child));
        eventually("Alertmanager is ready", async || self.ready().await).await;
    }

    /// Asks it to stop, which it does once it has written what it remembers.
    pub(crate) fn stop(&mut self) {
        let mut program = self.program.take().expect("it runs");
        let asked = Command::new("kill").args(["-TERM", &program.0.id().to_string()]).status();
        assert!(asked.expect("kill starts").success());
        program.0.wait().expect("it is our child");
    }

    /// Lets it begin anew when it is started again.
    pub(crate) fn forget(&self) {
        fs::remove_dir_all(self.directory.0.join("data")).expect("it has written something");
    }

    /// Returns the alerts that are active, as SLO and severity.
    pub(crate) async fn active(&self) -> Vec<(String, String)> {
        let (_, body) = self.get("/api/v2/alerts").await.expect("Alertmanager answers");
        let alerts: Vec<Value> = serde_json::from_slice(&body).expect("Alertmanager answers JSON");
        let mut active: Vec<_> = alerts.iter().map(slo_and_severity).collect();
        active.sort_unstable();
        active
    }

    async fn ready(&mut self) -> Option<()> {
        let ended = self.program.as_mut().expect("it runs").0.try_wait().expect("it is our child");
        assert!(ended.is_none(), "Alertmanager ended: {}", self.directory.read("log"));
        self.get("/-/ready").await.filter(|(status, _)| *status == 200).map(|_| ())
    }

    async fn get(&self, target: &str) -> Option<(u16, Bytes)> {
        let request = Request::get(target).body(Full::default()).expect("a valid request");
        let answer = Connection::new(self.address).send(request).await.ok()?;
        Some((answer.status().as_u16(), answer.into_body()))
    }
}

/// Returns the labels by which the tests tell alerts apart.
pub(crate) fn slo_and_severity(alert: &Value) -> (String, String) {
    let label = |name: &str| alert["labels"][name].as_str().expect("a label").to_owned();
    (label("slo"), label("severity"))
}

/// Whom an Alertmanager notifies: keeps every notification.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receiver(Arc<Mutex<Vec<Value>>>);

impl Receiver {
    pub(crate) async fn open() -> (Self, SocketAddr) {
        let receiver = Self::default();
        let own = receiver.clone();
        let take = async move |Json(notification): Json<Value>| {
            own.0.lock().expect("nobody panics with it").push(notification);
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(take))).await });
        (receiver, address)
    }

    /// Returns all notifications so far about an SLO, each as the status of the group and of each alert in it.
    pub(crate) fn about(&self, slo: &str) -> Vec<(String, Vec<(String, String)>)> {
        let notifications = self.0.lock().expect("nobody panics with it");
        let about = |notification: &&Value| notification["groupLabels"]["slo"] == slo;
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let told = |notification: &Value| {
            let alerts = notification["alerts"].as_array().expect("a list");
            let mut alerts: Vec<_> =
                alerts.iter().map(|alert| (slo_and_severity(alert).1, text(&alert["status"]))).collect();
            alerts.sort_unstable();
            (text(&notification["status"]), alerts)
        };
        notifications.iter().filter(about).map(told).collect()
    }

    /// Returns the first alert of the first notification.
    pub(crate) fn first(&self) -> Value {
        self.0.lock().expect("nobody panics with it")[0]["alerts"][0].clone()
    }
}
