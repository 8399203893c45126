//! What the shop says and how it misbehaves on demand, seen from outside the process.

#[path = "support/programs.rs"]
mod programs;

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use slo_examples::client::{ClientError, Connection};

use self::programs::{Shop, StateDirectory, eventually, run_shop};

fn faulty(path: &str, fault: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("x-shop-fault", fault).body(Full::default()).expect("a valid request")
}

#[test]
fn help_is_the_golden_file() {
    let (code, out, error) = run_shop(&["--help"], &[]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert_eq!(out, include_str!("golden/help.txt"));
}

#[test]
fn mistakes_end_the_shop_with_what_to_do() {
    let (code, out, error) = run_shop(&["--trafic"], &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_eq!(error, "shop: invalid option '--trafic'; --help says what can be given\n");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let (code, out, error) = run_shop(&[], &[("PORT", &port)]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(error.starts_with(&format!("shop: cannot listen on 127.0.0.1 port {port} (")), "{error}");
    assert!(
        error.ends_with("stop the program that uses it, or choose another one with PORT=3001\n"),
        "{error}"
    );

    let (code, _, error) = run_shop(&[], &[("HOST", "192.0.2.1"), ("PORT", "0")]);
    assert_eq!(code, Some(1));
    assert!(error.ends_with("HOST must be an address of this machine, such as 127.0.0.1\n"), "{error}");
}

#[tokio::test]
async fn the_start_message_is_the_golden_file_and_every_line_of_it_works() {
    let shop = Shop::open(&[]);
    let address = shop.address.to_string();
    assert_eq!(shop.welcome.replace(&address, "ADDRESS"), include_str!("golden/welcome.txt"));
    for path in ["/slo", "/metrics", "/livez", "/search?q=tea", "/orders/7", "/recommendations"] {
        assert_eq!(shop.get(path, &[]).await.status(), 200, "{path}");
    }
    assert_eq!(shop.get("/livez", &[]).await.body(), "ok");
    let order = Request::post("/checkout").header("content-type", "application/json");
    let order = order.body(Full::from(r#"{"items":[1,2]}"#)).expect("a valid request");
    let answer = Connection::new(shop.address).send(order).await.expect("an answer");
    assert_eq!(answer.body(), r#"{"articles":["kettle","teapot"],"price_cents":1990}"#);
}

#[tokio::test]
async fn budgets_survive_a_restart_and_a_second_shop_needs_a_directory_of_its_own() {
    let state = StateDirectory::new();
    let shop = Shop::open_with(&[], &state);
    for _ in 0..3 {
        assert_eq!(shop.get("/orders/7", &[("x-shop-fault", "status=503")]).await.status(), 503);
    }
    let (code, _, error) = run_shop(&[], &[("PORT", "0"), ("SLO_STATE_DIR", &state.0.to_string_lossy())]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("in use by another process") && error.contains("a directory of its own"),
        "{error}"
    );
    assert_eq!(shop.terminate(), Some(0));

    let shop = Shop::open_with(&[], &state);
    let orders = shop.slo("orders-availability").await;
    assert_eq!((&orders["events"]["bad"], &orders["total"]["bad"]), (&3.into(), &0.into()));
}

#[tokio::test]
async fn a_fault_that_means_nothing_is_refused_with_what_to_write() {
    let shop = Shop::open(&[]);
    let answer = shop.get("/orders/7", &[("x-shop-fault", "oops")]).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.body().ends_with(b"status=503 (200 to 599), panic, slow=300ms (at most 30s) or stall\n"));
}

#[tokio::test]
async fn each_fault_is_counted_for_what_it_is() {
    let shop = Shop::open(&[]);
    let mut connection = Connection::new(shop.address);
    // Good or bad, and never both: each row is the number of good, bad and excluded events after it.
    for (fault, availability, latency) in [
        ("status=200", [1, 0, 0], [1, 0, 0]),
        ("status=503", [1, 1, 0], [1, 0, 1]),
        ("slow=250ms", [2, 1, 0], [1, 1, 1]),
        ("status=404", [3, 1, 0], [2, 1, 1]),
        ("panic", [3, 2, 0], [2, 1, 2]),
    ] {
        let answer = connection.send(faulty("/search?q=tea", fault)).await;
        assert_eq!(matches!(answer, Err(ClientError::Broken(_))), fault == "panic", "{fault}: {answer:?}");
        assert_eq!(totals(&shop, "search-availability").await, availability, "{fault}");
        assert_eq!(totals(&shop, "search-latency").await, latency, "{fault}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_spends_no_budget_of_availability() {
    let shop = Shop::open(&[]);
    let active = r#"http_server_active_requests{http_request_method="GET",http_route="/recommendations"} "#;
    let mut connection = Connection::new(shop.address);
    {
        let stalled = connection.send(faulty("/recommendations", "stall"));
        tokio::select! {
            answer = stalled => panic!("a stalled request was answered: {answer:?}"),
            () = eventually("the request is under way", async || metric(&shop, active, "1").await) => {}
        }
    }
    eventually("the request is over", async || metric(&shop, active, "0").await).await;
    assert_eq!(totals(&shop, "recommendations-availability").await, [0, 0, 1]);
}

#[tokio::test]
async fn traffic_of_one_seed_is_the_same_every_time() {
    let mut seen = Vec::new();
    for seed in ["7", "7", "8"] {
        let mut shop = Shop::open(&["--traffic=60", "--requests=402", "--seed", seed]);
        let summary = shop.line();
        let (what, ends) = summary.split_once(" s; ").expect("a summary");
        assert!(what.starts_with("traffic: 402 requests in "), "{summary}");
        let mut counted = vec![ends.to_owned()];
        for slo in ["checkout-availability", "search-availability", "orders-availability"] {
            counted.push(format!("{:?}", totals(&shop, slo).await));
        }
        seen.push(counted);
        assert_eq!(shop.get("/livez", &[]).await.status(), 200, "the shop goes on");
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}

#[tokio::test]
async fn traffic_ends_in_time() {
    let mut shop = Shop::open(&["--traffic=1"]);
    let waited =
        tokio::time::timeout(Duration::from_secs(60), tokio::task::spawn_blocking(move || shop.line()));
    let summary = waited.await.expect("the traffic ends").expect("the shop prints it");
    assert!(summary.starts_with("traffic: "), "{summary}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_the_shop_without_an_error() {
    let shop = Shop::open(&["--traffic=60"]);
    let mut idle = Connection::new(shop.address);
    assert_eq!(idle.send(faulty("/orders/7", "status=200")).await.expect("an answer").status(), 200);
    assert_eq!(shop.terminate(), Some(0));
}

async fn totals(shop: &Shop, slo: &str) -> [u64; 3] {
    let status = shop.slo(slo).await;
    ["good", "bad", "excluded"].map(|kind| status["total"][kind].as_u64().expect("a count"))
}

async fn metric(shop: &Shop, sample: &str, value: &str) -> Option<()> {
    let metrics = shop.get("/metrics", &[]).await;
    let line = format!("{sample}{value}");
    std::str::from_utf8(metrics.body())
        .expect("text")
        .lines()
        .any(|candidate| candidate == line)
        .then_some(())
}
