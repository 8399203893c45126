//! What the example `outbound_client` counts of itself and of its bank, seen from outside the process.

#[path = "support/example.rs"]
mod example;

use http::{Method, Request};
use http_body_util::Full;
use slo_examples::client::Connection;

use self::example::Example;

/// One more than may pay at a time.
const CROWD: u64 = 9;
/// How often a crowd that is too slow to be one may try again.
const CROWDS_MAX: u64 = 50;

/// Returns how many calls of the bank ended well, failed, timed out and were shed.
async fn calls(example: &mut Example) -> [u64; 4] {
    let ended = example.samples("slo_operation_duration_seconds_count{operation=\"bank\"").await;
    ["\"bank\"}", "\"error\"}", "\"timeout\"}", "\"shed\"}"].map(|label| {
        let sample = ended.iter().find_map(|line| line.split_once(label));
        sample.map_or(0, |(_, count)| count.trim().parse().expect("a number"))
    })
}

#[tokio::test]
async fn the_bank_spends_a_budget_of_its_own() {
    let mut example = Example::open("outbound_client", "The shop is open at");
    for (wish, status, bank, sales) in [
        ("", 200, [1, 0, 0, 0], 1),
        ("?bank=closed", 202, [1, 1, 0, 0], 2),
        ("?bank=slow", 202, [1, 1, 1, 0], 3),
        ("?bank=crash", 202, [1, 2, 1, 0], 4),
        ("", 200, [2, 2, 1, 0], 5),
    ] {
        let (answered, _) = example.send(Method::POST, &format!("/checkout{wish}"), "x-nothing").await;
        assert_eq!(answered, status, "{wish}");
        assert_eq!(calls(&mut example).await, bank, "{wish}");
        assert_eq!(example.events("bank-availability").await, [bank[0], bank[1] + bank[2], 0], "{wish}");
        assert_eq!(example.events("checkout-availability").await, [sales, 0, 0], "{wish}");
    }
    assert!(example.samples("slo_operation_active").await.is_empty());
    assert_eq!(example.terminate().0, Some(0));
}

#[tokio::test]
async fn a_crowd_at_a_slow_bank_is_shed() {
    let mut example = Example::open("outbound_client", "The shop is open at");
    let address = example.address();
    for crowds in 1..=CROWDS_MAX {
        let customers = (0..CROWD).map(|_| {
            tokio::spawn(async move {
                let request = Request::post("/checkout?bank=slow").body(Full::default());
                let answer = Connection::new(address).send(request.expect("a valid request")).await;
                answer.expect("it answers").status().as_u16()
            })
        });
        for customer in customers.collect::<Vec<_>>() {
            assert_eq!(customer.await.expect("nobody panics"), 202);
        }
        let [good, failed, timed_out, shed] = calls(&mut example).await;
        assert_eq!((good, failed, timed_out + shed), (0, 0, crowds * CROWD));
        assert_eq!(example.events("bank-availability").await, [0, timed_out + shed, 0]);
        if shed > 0 {
            return;
        }
    }
    panic!("of {CROWDS_MAX} crowds none was shed");
}
