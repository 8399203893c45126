//! The desk: whom Alertmanager notifies, and where a bank is broken.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::customers::Weather;

/// How many notifications are kept.
const KEPT_MAX: usize = 1_000;

/// What was told, and what the customers are in for.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    told: Arc<Mutex<VecDeque<Value>>>,
    weather: watch::Sender<Weather>,
    opened: Instant,
}

#[derive(Debug, Deserialize)]
struct Broken {
    shop: usize,
}

impl Desk {
    pub(crate) fn new(weather: watch::Sender<Weather>, opened: Instant) -> Self {
        Self { told: Arc::default(), weather, opened }
    }

    pub(crate) fn routes(&self) -> Router {
        Router::new()
            .route("/told/{receiver}", post(told))
            .route("/notifications", get(notifications))
            .route("/break", post(broken))
            .route("/heal", post(healed))
            .route("/pause", post(paused))
            .route("/resume", post(resumed))
            .with_state(self.clone())
    }

    /// Says what happens, and when.
    fn say(&self, what: &str) -> String {
        let line = format!("[{:5.1} s] {what}\n", self.opened.elapsed().as_secs_f64());
        print!("{line}");
        line
    }

    fn change(&self, what: &str, change: impl FnOnce(&mut Weather)) -> String {
        self.weather.send_modify(change);
        self.say(what)
    }
}

/// Takes a notification, which says for whom it was meant.
async fn told(State(desk): State<Desk>, Path(receiver): Path<String>, Json(mut notification): Json<Value>) {
    desk.say(&read(&receiver, &notification));
    notification["receiver"] = receiver.into();
    let mut told = desk.told.lock().unwrap_or_else(PoisonError::into_inner);
    if told.len() == KEPT_MAX {
        told.pop_front();
    }
    told.push_back(notification);
}

/// Writes a notification as somebody reads it.
fn read(receiver: &str, notification: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut read = format!("{receiver} is told:");
    for alert in notification["alerts"].as_array().into_iter().flatten() {
        let (status, severity) = (text(&alert["status"]), text(&alert["labels"]["severity"]));
        let annotations = &alert["annotations"];
        let (summary, description) = (text(&annotations["summary"]), text(&annotations["description"]));
        write!(read, "\n  {severity} {status}: {summary}\n    {description}").unwrap_or_default();
    }
    read
}

async fn notifications(State(desk): State<Desk>) -> Json<Vec<Value>> {
    let told = desk.told.lock().unwrap_or_else(PoisonError::into_inner);
    Json(told.iter().cloned().collect())
}

async fn broken(State(desk): State<Desk>, Query(broken): Query<Broken>) -> (StatusCode, String) {
    let shops = desk.weather.borrow().shops;
    if !(1..=shops).contains(&broken.shop) {
        return (StatusCode::NOT_FOUND, format!("there are shops 1 to {shops}\n"));
    }
    let what = format!("the bank of shop {} fails", broken.shop);
    (StatusCode::OK, desk.change(&what, |weather| weather.broken = Some(broken.shop)))
}

async fn healed(State(desk): State<Desk>) -> String {
    desk.change("all banks work", |weather| weather.broken = None)
}

async fn paused(State(desk): State<Desk>) -> String {
    desk.change("the customers pause", |weather| weather.paused = true)
}

async fn resumed(State(desk): State<Desk>) -> String {
    desk.change("the customers go on", |weather| weather.paused = false)
}
