//! What the probes answer over the wire, as `curl` writes it down: every format, in every state, to everybody who may ask.
//!
//! What is written is held against the transcripts beside this file, byte for byte; `UPDATE_GOLDEN=1` writes them anew.
//! Every document of JSON among it is judged by `judge.py` with the schemas beside it, which are written after
//! draft-inadarei-api-health-check-06 and the specification of `MicroProfile` Health 4.0, and which must refuse everything in
//! `broken.json`. That needs the interpreter that `SLO_PYTHON` names, with `jsonschema`; `scripts/test.sh` provides it.
//!
//! ```text
//! SLO_PYTHON=target/tools/venv/bin/python cargo test -p slo-tower --all-features --test formats
//! ```

mod curl;
mod server;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::curl::{Answer, Curl};
use crate::server::{Server, State};

const TEXT: &str = "*/*";
const HEALTH: &str = "application/health+json";
const PROFILE: &str = "application/json";

/// Who asks, and what gives them leave.
const ASKING: [(&str, Option<&str>); 3] =
    [("anybody", None), ("reader", Some("x-reader: 1")), ("operator", Some("x-operator: 1"))];

const TEXTS: [&str; 13] = [
    "/livez",
    "/readyz",
    "/startupz",
    "/livez?verbose",
    "/readyz?verbose",
    "/startupz?verbose",
    "/readyz?exclude=own-disk",
    "/readyz?verbose&exclude=own-disk&exclude=nothing",
    "/livez/worker-loop",
    "/readyz/own-disk?verbose",
    "/readyz/database",
    "/startupz/cache-warm",
    "/readyz/nothing",
];
const DOCUMENTS: [&str; 6] = [
    "/livez",
    "/readyz",
    "/startupz",
    "/readyz?exclude=own-disk&exclude=nothing",
    "/readyz/own-disk",
    "/readyz/database",
];

#[test]
fn every_format_is_what_the_transcripts_say() {
    let Some(curl) = Curl::find("every_format_is_what_the_transcripts_say") else { return };
    let mut differ = Vec::new();
    for state in State::ALL {
        let server = Server::start(state);
        for (who, leave) in ASKING {
            let mut transcript = String::new();
            for answer in all_formats(&curl, server.users, leave) {
                answer.write(&mut transcript);
            }
            differ.extend(difference(&format!("{state:?}-{who}").to_lowercase(), &transcript));
        }
        let shown = |address, leave| -> Vec<_> {
            all_formats(&curl, address, leave)
                .into_iter()
                .map(|answer| (answer.path, answer.status, answer.body))
                .collect()
        };
        let to_operators = shown(server.users, Some("x-operator: 1"));
        assert_eq!(
            shown(server.operators, None),
            to_operators,
            "the admin listener shows everybody everything"
        );
    }
    assert!(
        differ.is_empty(),
        "not what is written in {differ:?}: look, and write them anew by UPDATE_GOLDEN=1"
    );
}

#[test]
fn heads_are_what_the_transcripts_say() {
    let Some(curl) = Curl::find("heads_are_what_the_transcripts_say") else { return };
    let mut transcript = String::new();
    for state in [State::Pass, State::Warn, State::Fail, State::Settings] {
        let server = Server::start(state);
        for accept in [TEXT, HEALTH, PROFILE] {
            for method in ["GET", "HEAD", "POST", "OPTIONS"] {
                let head = curl.head(server.users, method, accept, "/readyz");
                transcript.push_str(&format!("$ {state:?} {method} /readyz ({accept})\n{head}\n"));
            }
        }
        let head = curl.head(server.users, "GET", TEXT, "/readyz/nothing");
        transcript.push_str(&format!("$ {state:?} GET /readyz/nothing ({TEXT})\n{head}\n"));
    }
    assert_eq!(difference("heads", &transcript), None, "look, and write it anew by UPDATE_GOLDEN=1");
}

#[test]
fn reports_are_for_the_listener_of_operators() {
    let Some(curl) = Curl::find("reports_are_for_the_listener_of_operators") else { return };
    let server = Server::start(State::Warn);
    let statuses = |address| {
        let paths = ["/metrics", "/slo", "/slo/incidents", "/livez", "/readyz/database"];
        let answers = curl.get(address, TEXT, Some("x-reader: 1"), &paths);
        answers.into_iter().map(|answer| answer.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(server.operators), [200; 5]);
    assert_eq!(statuses(server.users), [404, 404, 404, 200, 200]);
}

#[test]
fn every_document_is_valid_by_its_schema() {
    const NAME: &str = "every_document_is_valid_by_its_schema";
    let Some(curl) = Curl::find(NAME) else { return };
    let Some(python) = std::env::var_os("SLO_PYTHON") else {
        return curl::skip(NAME, "SLO_PYTHON names no interpreter with jsonschema");
    };
    let mut answers = Vec::new();
    for state in State::ALL {
        let server = Server::start(state);
        for (who, leave) in ASKING {
            for accept in [HEALTH, PROFILE] {
                let asked = curl.get(server.users, accept, leave, &DOCUMENTS).into_iter();
                answers.extend(asked.filter(|answer| answer.status != 404).map(|answer| {
                    // Not what was asked for: one of the servers gives everybody the same.
                    let format = if answer.content_type == HEALTH { "health" } else { "microprofile" };
                    let of = format!("{} in {state:?} for {who}", answer.path);
                    json!({ "of": of, "format": format, "http": answer.status, "body": answer.body })
                }));
            }
        }
    }
    assert!(answers.len() > 150, "only {} documents", answers.len());
    let mut command = Command::new(python);
    command.arg(beside("judge.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut judge = command.spawn().expect("the interpreter named by SLO_PYTHON starts");
    let all = serde_json::to_vec(&answers).expect("strings and numbers");
    judge.stdin.take().expect("it is piped").write_all(&all).expect("it reads");
    let verdict = judge.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&verdict.stdout);
    println!("{said}");
    assert!(verdict.status.success(), "{said}");
    assert!(said.contains(&format!("{} documents are valid", answers.len())), "{said}");
}

fn all_formats(curl: &Curl, address: std::net::SocketAddr, leave: Option<&str>) -> Vec<Answer> {
    let asked = [(TEXT, &TEXTS[..]), (HEALTH, &DOCUMENTS), (PROFILE, &DOCUMENTS)];
    asked.into_iter().flat_map(|(accept, paths)| curl.get(address, accept, leave, paths)).collect()
}

/// Returns the name of a transcript that is not what was seen, or writes it anew if that is wanted.
fn difference(name: &str, seen: &str) -> Option<String> {
    let path = beside("transcripts").join(name).with_extension("txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, seen).expect("the folder is there");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let line = written.lines().zip(seen.lines()).find(|(written, seen)| written != seen);
    (written != seen).then(|| format!("{name}.txt: {line:?}"))
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(name)
}
