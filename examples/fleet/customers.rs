//! Customers of all shops, who come evenly and whom nothing goes wrong for until a bank is broken.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use slo_examples::client::Connection;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Between two requests to one shop.
const PACE: Duration = Duration::from_millis(25);

/// What the customers are in for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) shops: usize,
    /// Which shop's bank fails, counted from 1.
    pub(crate) broken: Option<usize>,
    pub(crate) paused: bool,
}

impl Default for Weather {
    fn default() -> Self {
        Self { shops: crate::places::SHOPS.into(), broken: None, paused: false }
    }
}

/// Sends requests to all shops, for ever.
pub(crate) async fn drive(shops: &[SocketAddr], weather: &watch::Receiver<Weather>) {
    let mut all = JoinSet::new();
    for (number, shop) in (1..).zip(shops) {
        all.spawn(visit(*shop, number, weather.clone()));
    }
    all.join_all().await;
}

async fn visit(shop: SocketAddr, number: usize, weather: watch::Receiver<Weather>) {
    let mut connection = Connection::new(shop);
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for visit in 0_u64.. {
        pace.tick().await;
        let weather = *weather.borrow();
        if !weather.paused {
            // A shop that is gone has no customers, and may be back.
            let _ = connection.send(request(visit, weather.broken == Some(number))).await;
        }
    }
}

/// One of four requests is a checkout, which alone needs the bank.
fn request(visit: u64, is_broken: bool) -> Request<Full<Bytes>> {
    let request = match visit % 4 {
        0 => {
            let mut checkout = Request::post("/checkout").header("content-type", "application/json");
            if is_broken {
                checkout = checkout.header("x-shop-fault", "status=503");
            }
            checkout.body(Full::from("{\"items\":[1,4]}"))
        }
        1 => Request::get("/search?q=tea").body(Full::default()),
        2 => Request::get("/orders/7").body(Full::default()),
        _ => Request::get("/recommendations").body(Full::default()),
    };
    request.expect("it is made of valid parts")
}
