//! The ways a call can end, and what each must leave behind.

use std::time::Duration;

use tonic::Code;

use super::client::Client;
use super::conduct::{
    DEADLINE, asks, chats, fails, fills, leaves, leaves_chat, leaves_stream, lists, reads_all, reads_slowly,
    runs_out_of_time, stream_panics, three,
};
use crate::conduct::{PATIENT, Run, TOO_LONG};
use crate::service::WORK;

/// One way to end. However the layer is mounted, it leaves the same.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What is called, and promised.
    pub(crate) method: &'static str,
    /// The labels of the one series that counts it.
    pub(crate) ends: String,
    pub(crate) calls: u64,
    /// Good, bad and excluded for availability, and for the latency of 100 ms.
    pub(crate) events: [[u64; 3]; 2],
    /// Of all its calls together.
    pub(crate) latency: Duration,
    pub(crate) run: fn(Client) -> Run,
}

const BUY: &str = "shop.Shop/Buy";
const LIST: &str = "shop.Shop/List";

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];
const EXCLUDED: [u64; 3] = [0, 0, 1];

impl Case {
    /// One call that works, in good time.
    fn new(name: &'static str, method: &'static str, run: fn(Client) -> Run) -> Self {
        let ends = format!("{method} OK");
        Self { name, method, ends, calls: 1, events: [GOOD; 2], latency: WORK, run }
    }

    fn ends(self, ends: &str) -> Self {
        Self { ends: format!("{} {ends}", self.method), ..self }
    }

    /// A failure, which says nothing about latency unless it is slow.
    fn fails(self, ends: &str) -> Self {
        Self { events: [BAD, EXCLUDED], ..self.ends(ends) }
    }

    fn excluded(self, ends: &str) -> Self {
        Self { events: [EXCLUDED; 2], ..self.ends(ends) }
    }

    fn latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = answered();
    cases.extend(failed());
    cases.extend(without_status());
    cases.extend(left());
    cases.extend(streamed());
    cases
}

fn answered() -> Vec<Case> {
    let tripled = Case::new("three on one connection", BUY, |client| Box::pin(three(client)));
    vec![
        Case::new("unary", BUY, |client| asks(client, BUY, "tea", Code::Ok)),
        Case::new("client streaming", "shop.Shop/Fill", |client| Box::pin(fills(client))),
        Case::new("server streaming", LIST, |client| lists(client, "tea milk sugar", 3, Code::Ok)),
        Case::new("stream of nothing", LIST, |client| lists(client, "", 0, Code::Ok)),
        Case::new("bidirectional streaming", "shop.Shop/Chat", |client| Box::pin(chats(client))),
        Case { calls: 3, events: [[3, 0, 0]; 2], latency: WORK * 3, ..tripled },
        Case::new("fault of the client", BUY, |client| asks(client, BUY, "code 5", Code::NotFound))
            .ends("NOT_FOUND"),
    ]
}

fn failed() -> Vec<Case> {
    let unknown = Case::new("method that is not there", BUY, |client| {
        asks(client, "shop.Shop/Sell", "tea", Code::Unimplemented)
    });
    vec![
        Case::new("fault of the server", BUY, |client| asks(client, BUY, "code 14", Code::Unavailable))
            .fails("UNAVAILABLE UNAVAILABLE"),
        Case::new("fault of the server within a stream", LIST, |client| {
            lists(client, "tea milk fail=13", 2, Code::Internal)
        })
        .fails("INTERNAL INTERNAL"),
        Case::new("message that cannot be read", BUY, |client| asks(client, BUY, "\0", Code::Internal))
            .fails("INTERNAL INTERNAL")
            .latency(Duration::ZERO),
        Case {
            ends: "_OTHER UNIMPLEMENTED UNIMPLEMENTED".to_owned(),
            events: [[0; 3]; 2],
            latency: Duration::ZERO,
            ..unknown
        },
        Case::new("handler panics", BUY, |client| fails(client, BUY, "panic")).fails("panic"),
        Case::new("stream panics", LIST, |client| Box::pin(stream_panics(client))).fails("panic"),
        Case {
            events: [BAD; 2],
            ..Case::new("deadline of the client", BUY, |client| Box::pin(runs_out_of_time(client)))
                .ends("timeout")
                .latency(WORK + DEADLINE)
        },
    ]
}

fn without_status() -> Vec<Case> {
    let none = |case: Case, ends| case.fails(ends).latency(Duration::ZERO);
    vec![
        none(
            Case::new("no status in the end", "shop.Shop/Mute", |client| fails(client, "shop.Shop/Mute", "")),
            "body_error",
        ),
        none(
            Case::new("no status at all", "shop.Shop/MuteAtOnce", |client| {
                fails(client, "shop.Shop/MuteAtOnce", "")
            }),
            "body_error",
        ),
        none(
            Case::new("body fails", "shop.Shop/Broken", |client| fails(client, "shop.Shop/Broken", "")),
            "body_error",
        ),
        none(
            Case::new("502 of something between", "shop.Shop/BadGateway", |client| {
                asks(client, "shop.Shop/BadGateway", "", Code::Unavailable)
            }),
            "UNAVAILABLE UNAVAILABLE",
        ),
    ]
}

fn left() -> Vec<Case> {
    vec![
        Case::new("client cancels (RST_STREAM)", BUY, |client| leaves(client, PATIENT, false))
            .excluded("cancelled")
            .latency(WORK + PATIENT),
        Case {
            events: [EXCLUDED, BAD],
            ..Case::new("… after waiting too long", BUY, |client| leaves(client, TOO_LONG, false))
                .ends("cancelled")
                .latency(WORK + TOO_LONG)
        },
        Case::new("client vanishes", BUY, |client| leaves(client, PATIENT, true))
            .excluded("cancelled")
            .latency(WORK + PATIENT),
        Case::new("client cancels within a stream", LIST, |client| leaves_stream(client, false))
            .excluded("body_aborted"),
        Case::new("client vanishes within a stream", LIST, |client| leaves_stream(client, true))
            .excluded("body_aborted"),
        Case::new("client vanishes in a conversation", "shop.Shop/Chat", |client| {
            Box::pin(leaves_chat(client))
        })
        .excluded("body_aborted"),
    ]
}

fn streamed() -> Vec<Case> {
    vec![
        Case::new("slow reader", LIST, |client| Box::pin(reads_slowly(client))),
        Case::new("stream of 1 GiB", LIST, |client| Box::pin(reads_all(client))),
    ]
}
