//! What was counted, held against what the witnesses saw and what the clients know.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::clients::{Known, Tally, read};
use crate::server::{Kind, ROUTES, promise, templates};
use crate::witness::{STATUSES, Seen};

/// How often an unfinished request is looked for before it counts as lost, twenty milliseconds apart.
const LOOKS: usize = 1500;
/// What share of the requests has to be killed at least, in percent.
const KILLED: f64 = 25.0;

/// Asks the server for a document.
fn get(server: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(server).expect("the server listens");
    stream.write_all(format!("GET {path} HTTP/1.0\r\naccept: application/json\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
}

type Witnessed = (Vec<Seen>, Vec<Seen>, u64);

fn witnessed(server: SocketAddr) -> Witnessed {
    serde_json::from_str(&get(server, "/counts")).expect("as the server writes it")
}

/// The places of a kind's routes in what a witness says.
fn places(kind: Kind) -> std::ops::Range<usize> {
    let first = kind as usize * ROUTES.len();
    first..first + ROUTES.len()
}

/// How many requests of a kind the server has received so far.
pub(crate) fn entered(server: SocketAddr, kind: Kind) -> u64 {
    witnessed(server).0[places(kind)].iter().map(|seen| seen.entered).sum()
}

/// What we counted of one route, in the shape of what a witness counts.
#[derive(Clone, Debug, Default)]
struct Ours {
    seen: Seen,
    cancelled: u64,
    panicked: u64,
    others: Vec<String>,
}

/// All counts, after the last request has ended.
#[derive(Debug)]
pub(crate) struct Counts {
    outer: Vec<Seen>,
    inner: Vec<Seen>,
    panics: u64,
    metrics: String,
    slos: Value,
}

impl Counts {
    /// Waits until what entered has ended.
    pub(crate) fn settled(server: SocketAddr) -> Self {
        for _ in 0..LOOKS {
            let (outer, inner, _) = witnessed(server);
            let open = |seen: &Vec<Seen>| seen.iter().any(|seen| seen.entered != seen.ended);
            if !open(&outer) && !open(&inner) && active(&get(server, "/metrics")).1 == 0 {
                break;
            }
            // tidy: real time because the server has to notice that clients are gone.
            sleep(Duration::from_millis(20));
        }
        let (outer, inner, panics) = witnessed(server);
        let slos = serde_json::from_str(&get(server, "/slo")).expect("/slo is JSON");
        Self { outer, inner, panics, metrics: get(server, "/metrics"), slos }
    }

    /// Reads from `/metrics` what we counted, route by route and last what matches none.
    fn ours(&self) -> Vec<Ours> {
        let templates = templates();
        let mut ours = vec![Ours::default(); templates.len() + 1];
        for (labels, count) in samples(&self.metrics, "http_server_request_duration_seconds_count") {
            let place = templates.iter().position(|template| *template == labels["http_route"]);
            let ours = &mut ours[place.unwrap_or(templates.len())];
            ours.seen.entered += count;
            let status =
                labels.get("http_response_status_code").and_then(|status| status.parse::<u16>().ok());
            let status = status.and_then(|status| STATUSES.iter().position(|known| *known == status));
            match (status, labels.get("error_type").copied()) {
                (Some(status), None | Some("503")) => ours.seen.completed[status] += count,
                (Some(0), Some("body_error")) => ours.seen.failed += count,
                (Some(status), Some("body_aborted")) => ours.seen.aborted[status] += count,
                (None, Some("cancelled")) => ours.cancelled += count,
                (None, Some("panic")) => ours.panicked += count,
                _ if count == 0 => {}
                _ => ours.others.push(format!("{labels:?} {count}")),
            }
        }
        ours
    }

    /// Events of an SLO: good, bad, excluded.
    fn events(&self, name: &str) -> [u64; 3] {
        let slos = self.slos["slos"].as_array().expect("a list");
        let slo = slos.iter().find(|slo| slo["name"] == name).unwrap_or_else(|| panic!("no SLO {name}"));
        ["good", "bad", "excluded"].map(|verdict| slo["total"][verdict].as_u64().expect("a count"))
    }
}

/// Returns the samples of a family: their labels and value.
fn samples<'a>(metrics: &'a str, name: &str) -> Vec<(BTreeMap<&'a str, &'a str>, u64)> {
    let of_name =
        metrics.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{')?.split_once("} "));
    let sample = |(labels, value): (&'a str, &'a str)| {
        let labels = labels.split(',').map(|label| {
            let (name, value) = label.split_once('=').expect("a label");
            (name, value.trim_matches('"'))
        });
        (labels.collect(), value.parse().unwrap_or_else(|_| panic!("{value} is no count")))
    };
    of_name.map(sample).collect()
}

/// How many gauges of requests in flight there are, and how many of these are not zero.
fn active(metrics: &str) -> (usize, usize) {
    let gauges: Vec<&str> =
        metrics.lines().filter(|line| line.starts_with("http_server_active_requests{")).collect();
    (gauges.len(), gauges.iter().filter(|line| !line.ends_with(" 0")).count())
}

/// Prints the table and fails with everything that does not agree.
pub(crate) fn judge(counts: &Counts, tally: &Tally, requests: u64) {
    let ours = counts.ours();
    let mut wrong = Vec::new();
    let mut equal = |what: String, is: u64, should: u64| {
        if is != should {
            wrong.push(format!("{what}: {is}, not {should}"));
        }
    };
    for (place, ours) in ours.iter().enumerate() {
        let name = templates().get(place).cloned().unwrap_or_else(|| "unmatched".to_owned());
        for (who, seen) in [("outside", &counts.outer[place]), ("inside", &counts.inner[place])] {
            let mut equal = |what: &str, is, should| equal(format!("{name}, {what}, {who}"), is, should);
            equal("ended", seen.ended, seen.entered);
            equal("requests", ours.seen.entered, seen.entered);
            for (status, code) in STATUSES.into_iter().enumerate() {
                equal(&format!("completed with {code}"), ours.seen.completed[status], seen.completed[status]);
                equal(&format!("{code} aborted"), ours.seen.aborted[status], seen.aborted[status]);
            }
            equal("body errors", ours.seen.failed, seen.failed);
            equal("without an answer", ours.cancelled + ours.panicked, seen.headless + seen.panicked);
        }
        equal(format!("{name}, strange series {:?}", ours.others), ours.others.len() as u64, 0);
    }
    equal("panics".to_owned(), ours.iter().map(|ours| ours.panicked).sum(), counts.panics);
    let (gauges, leaking) = active(&counts.metrics);
    equal("gauges that are not zero".to_owned(), leaking as u64, 0);
    equal("routes with a gauge".to_owned(), u64::from(gauges >= templates().len()), 1);
    promises(counts, &ours, &mut equal);
    let killed = table(&ours, tally);
    wrong.extend(unlike_what_clients_know(&ours, tally));
    let total: u64 = ours.iter().map(|ours| ours.seen.entered).sum();
    if total < requests {
        wrong.push(format!("only {total} requests of {requests}"));
    }
    if killed < KILLED {
        wrong.push(format!("{killed:.1} % of the requests were killed"));
    }
    assert!(wrong.is_empty(), "{}\n({} disagree)", wrong.join("\n"), wrong.len());
    let slos = counts.slos["slos"].as_array().map_or(0, Vec::len);
    println!(
        "{total} requests entered, {total} ended, {killed:.1} % killed; {gauges} gauges at zero, {slos} SLOs agree, nothing lost"
    );
}

/// The events of each promise are the requests of its route, in `/slo` and in `/metrics`.
fn promises(counts: &Counts, ours: &[Ours], equal: &mut impl FnMut(String, u64, u64)) {
    let printed = |family: &str| -> BTreeMap<String, u64> {
        samples(&counts.metrics, family)
            .into_iter()
            .map(|(labels, count)| (labels["slo"].to_owned(), count))
            .collect()
    };
    let (events, bad_events) = (printed("slo_events_total"), printed("slo_bad_events_total"));
    for kind in Kind::ALL {
        for (route, place) in places(kind).enumerate() {
            let ours = &ours[place];
            for sli in ["availability", "latency", "combined"] {
                let name = promise(kind, route, sli);
                let [good, bad, excluded] = counts.events(&name);
                equal(format!("{name}, events and excluded"), good + bad + excluded, ours.seen.entered);
                equal(format!("{name}, events in /metrics"), events[&name], good + bad);
                equal(format!("{name}, bad events in /metrics"), bad_events[&name], bad);
            }
            // Who leaves a 503 takes nothing back of it.
            let failed = ours.seen.completed[3] + ours.seen.aborted[3] + ours.seen.failed + ours.panicked;
            let left: u64 = ours.seen.aborted[..3].iter().sum();
            let [good, bad, excluded] = counts.events(&promise(kind, route, "availability"));
            let name = promise(kind, route, "availability");
            equal(format!("{name}, good"), good, ours.seen.completed[..3].iter().sum());
            equal(format!("{name}, bad"), bad, failed);
            equal(format!("{name}, excluded"), excluded, left + ours.cancelled);
        }
    }
}

/// What every client read or sent bounds what may have been counted.
fn unlike_what_clients_know(ours: &[Ours], tally: &Tally) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut bounded = |what: String, least: u64, is: u64, most: u64| {
        if !(least..=most).contains(&is) {
            wrong.push(format!("{what}: {is}, not from {least} to {most}"));
        }
    };
    for (kind, known) in [(Kind::Own, &tally.own), (Kind::Child, &tally.child)] {
        for (route, known) in known.iter().enumerate() {
            let ours = &ours[places(kind)][route];
            let name = format!("{} {}", kind.name(), ROUTES[route].1);
            let (sent, answered) = (read(&known.sent), read(&known.answered));
            bounded(format!("{name}, entered"), answered, ours.seen.entered, sent);
            for (status, code) in STATUSES.into_iter().enumerate() {
                let completed = ours.seen.completed[status];
                bounded(format!("{name}, completed with {code}"), read(&known.read[status]), completed, sent);
            }
        }
    }
    for kind in [Kind::Wrk, Kind::H2load] {
        let entered: u64 = ours[places(kind)].iter().map(|ours| ours.seen.entered).sum();
        let reported = read(&tally.reported[kind as usize]);
        let most = reported + read(&tally.unreported[kind as usize]);
        bounded(format!("{} entered", kind.name()), reported, entered, most);
    }
    wrong
}

/// Prints how the requests of each kind of client ended; returns what share of those of our own clients was killed.
fn table(ours: &[Ours], tally: &Tally) -> f64 {
    println!(
        "| client | sent | entered | completed | 5xx | body error | panic | aborted | cancelled | requests killed | processes killed |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let row = |kind: Kind| {
        let ours = &ours[places(kind)];
        let all = |count: fn(&Ours) -> u64| ours.iter().map(count).sum::<u64>();
        let total = |known: &[Known], count: fn(&Known) -> u64| known.iter().map(count).sum::<u64>();
        let known = match kind {
            Kind::Own => Some(&tally.own),
            Kind::Child => Some(&tally.child),
            Kind::Wrk | Kind::WrkKilled | Kind::H2load | Kind::H2loadKilled => None,
        };
        let reported = read(&tally.reported[kind as usize]);
        let sent = match known {
            Some(known) => total(known, |known| read(&known.sent)).to_string(),
            None if reported > 0 => format!("{reported} done"),
            None => "unknown".to_owned(),
        };
        let killed =
            known.map_or("unknown".to_owned(), |known| total(known, |known| read(&known.killed)).to_string());
        println!(
            "| {} | {sent} | {} | {} | {} | {} | {} | {} | {} | {killed} | {} |",
            kind.name(),
            all(|ours| ours.seen.entered),
            all(|ours| ours.seen.completed[..3].iter().sum()),
            all(|ours| ours.seen.completed[3]),
            all(|ours| ours.seen.failed),
            all(|ours| ours.panicked),
            all(|ours| ours.seen.aborted.iter().sum()),
            all(|ours| ours.cancelled),
            read(&tally.processes_killed[kind as usize]),
        );
    };
    Kind::ALL.into_iter().for_each(row);
    println!("heads cut off, which never became requests: {}", read(&tally.half_heads));
    share(ours, tally)
}

/// The share of all requests, in percent, that was left by their clients for certain.
fn share(ours: &[Ours], tally: &Tally) -> f64 {
    let known = tally.own.iter().chain(&tally.child);
    let ours_killed: u64 = known.map(|known| read(&known.killed)).sum();
    // Of programs only the server can say what they left.
    let theirs = [Kind::Wrk, Kind::WrkKilled, Kind::H2load, Kind::H2loadKilled];
    let left = |ours: &Ours| ours.seen.aborted.iter().sum::<u64>() + ours.cancelled;
    let theirs_killed: u64 = theirs.into_iter().flat_map(places).map(|place| left(&ours[place])).sum();
    let entered: u64 = ours.iter().map(|ours| ours.seen.entered).sum();
    percent(ours_killed + theirs_killed, entered)
}

fn percent(part: u64, whole: u64) -> f64 {
    let float = |count: u64| u32::try_from(count).map_or(f64::INFINITY, f64::from);
    100.0 * float(part) / float(whole)
}
