//! Each way to end, however the layer is mounted: counted once, as what it was, and nothing else.

use tokio::time::timeout;

use super::cases::{Case, cases};
use super::client::{Client, LIMIT, Mount, Served};
use super::conduct::{fails, is_given_up};
use crate::client::{PATIENCE, samples, until};
use crate::matrix::{short, verdict};
use crate::service::WORK;

const COUNT: &str = "rpc_server_call_duration_seconds_count";
const SUM: &str = "rpc_server_call_duration_seconds_sum";

async fn check(case: &Case, mount: Mount) {
    let served = Served::start(mount, case.method).await;
    let client = Client::connect(&served).await;
    timeout(PATIENCE, (case.run)(client)).await.expect("the client gets what it waits for");
    until(|| !samples(&served.slos, COUNT).is_empty()).await;
    until(|| samples(&served.slos, "rpc_server_active_calls").is_empty()).await;
    // Whatever might be counted a second time has its chance now.
    let slos = served.stop().await;
    let (name, counted) =
        (case.name, samples(&slos, COUNT).iter().map(|sample| short(sample)).collect::<Vec<_>>());
    assert_eq!(counted, [format!("{} ×{}", case.ends, case.calls)], "{name}, {mount:?}");
    let seconds: Vec<f64> =
        samples(&slos, SUM).iter().map(|sum| sum.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(seconds.iter().sum::<f64>(), case.latency.as_secs_f64(), "{name}, {mount:?}");
    let events = ["case-availability", "case-latency"].map(|slo| {
        let total = slos.status().slo(slo).unwrap().total;
        [total.good, total.bad, total.excluded]
    });
    assert_eq!(events, case.events, "{name}, {mount:?}");
}

#[tokio::test]
async fn every_ending_of_a_call_is_counted_once() {
    println!("| how it ends | gRPC | availability | latency | seconds |");
    println!("|---|---|---|---|---|");
    for case in cases() {
        for mount in [Mount::Server, Mount::Service] {
            check(&case, mount).await;
        }
        let Case { name, ends, calls, latency, .. } = &case;
        let [availability, within] = case.events.map(verdict);
        println!("| {name} | {ends} ×{calls} | {availability} | {within} | {} |", latency.as_secs_f64());
    }
}

#[tokio::test]
async fn a_time_out_within_the_server_is_told_from_failures() {
    let case = Case {
        name: "time-out layer of the server",
        events: [[0, 1, 0], [0, 0, 1]],
        ends: "shop.Shop/Buy timeout".to_owned(),
        run: |client| fails(client, "shop.Shop/Buy", "wait"),
        ..cases().swap_remove(0)
    };
    check(&case, Mount::Limited).await;
}

#[tokio::test]
async fn a_time_out_around_the_layers_is_no_cancel_of_the_client() {
    let case = Case {
        name: "time-out of the server itself",
        events: [[0, 1, 0]; 2],
        ends: "shop.Shop/Buy timeout".to_owned(),
        latency: WORK + LIMIT,
        run: |client| Box::pin(is_given_up(client)),
        ..cases().swap_remove(0)
    };
    check(&case, Mount::Patient).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_ending_of_a_call_is_counted_once_whatever_thread_it_ends_on() {
    for case in cases() {
        check(&case, Mount::Server).await;
    }
}
