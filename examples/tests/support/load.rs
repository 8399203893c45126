//! A known mix of requests: how many of each kind, and what each must be counted as.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use slo_examples::client::{ClientError, Connection};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 8;

/// The bucket of requests that were slow on purpose: above and up to these seconds.
pub(crate) const SLOW_BUCKET: [&str; 2] = ["0.25", "0.5"];

/// A kind of request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) count: u64,
    pub(crate) method: &'static str,
    target: &'static str,
    body: &'static str,
    fault: &'static str,
    pub(crate) counted: Counted,
}

/// What the shop must make of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) route: &'static str,
    /// What the client must see; none if the connection breaks.
    pub(crate) status: Option<u16>,
    /// The handler whose promises it counts for.
    pub(crate) handler: Option<&'static str>,
    /// Whether it takes longer than the handler's threshold.
    pub(crate) slow: bool,
}

impl Kind {
    const fn new(
        count: u64,
        method: &'static str,
        target: &'static str,
        status: u16,
        handler: &'static str,
    ) -> Self {
        let route = match handler.as_bytes() {
            b"checkout" => "/checkout",
            b"search" => "/search",
            b"orders" => "/orders/{id}",
            _ => "/recommendations",
        };
        let counted = Counted { route, status: Some(status), handler: Some(handler), slow: false };
        Self { count, method, target, body: "", fault: "", counted }
    }

    /// As JSON; a cart unless it is empty.
    const fn json(self, body: &'static str) -> Self {
        Self { body, ..self }
    }

    const fn fault(self, fault: &'static str) -> Self {
        Self { fault, ..self }
    }

    /// Longer than every threshold, and by as much shorter than the next bucket as a busy machine may need.
    const fn slow(self) -> Self {
        Self { fault: "slow=260ms", counted: Counted { slow: true, ..self.counted }, ..self }
    }

    const fn panics(self) -> Self {
        Self { fault: "panic", counted: Counted { status: None, ..self.counted }, ..self }
    }

    /// The router answers; no handler is involved.
    const fn unhandled(self, route: &'static str) -> Self {
        Self { counted: Counted { route, handler: None, ..self.counted }, ..self }
    }

    /// Tells whether it spends budget of availability.
    pub(crate) fn failed(&self) -> bool {
        self.counted.status.is_none_or(|status| status >= 500)
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(self.method).uri(self.target);
        if !self.body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        if !self.fault.is_empty() {
            request = request.header("x-shop-fault", self.fault);
        }
        request.body(Full::from(self.body)).expect("the mix is made of valid parts")
    }
}

const CART: &str = r#"{"items":[1,2]}"#;

/// 100 000 requests.
pub(crate) const MIX: &[Kind] = &[
    Kind::new(24_000, "POST", "/checkout", 200, "checkout").json(CART),
    Kind::new(1_000, "POST", "/checkout", 400, "checkout").json("{\"items\":"),
    Kind::new(500, "POST", "/checkout", 422, "checkout").json("{\"items\":\"all\"}"),
    Kind::new(500, "POST", "/checkout", 422, "checkout").json("{\"items\":[0]}"),
    Kind::new(250, "POST", "/checkout", 415, "checkout"),
    Kind::new(300, "POST", "/checkout", 503, "checkout").json(CART).fault("status=503"),
    Kind::new(60, "POST", "/checkout", 200, "checkout").json(CART).slow(),
    Kind::new(60, "POST", "/checkout", 0, "checkout").json(CART).panics(),
    Kind::new(100, "PUT", "/checkout", 405, "checkout").unhandled("/checkout"),
    Kind::new(25_000, "GET", "/search?q=tea", 200, "search"),
    Kind::new(2_000, "HEAD", "/search?q=tea", 200, "search"),
    Kind::new(500, "GET", "/search", 400, "search"),
    Kind::new(200, "GET", "/search?q=tea", 500, "search").fault("status=500"),
    Kind::new(60, "GET", "/search?q=tea", 200, "search").slow(),
    Kind::new(40, "GET", "/search?q=tea", 0, "search").panics(),
    Kind::new(22_000, "GET", "/orders/7", 200, "orders"),
    Kind::new(1_500, "GET", "/orders/1001", 404, "orders"),
    Kind::new(300, "GET", "/orders/seven", 400, "orders"),
    Kind::new(150, "GET", "/orders/7", 400, "orders").fault("oops"),
    Kind::new(100, "GET", "/orders/7", 502, "orders").fault("status=502"),
    Kind::new(60, "GET", "/orders/7", 200, "orders").slow(),
    Kind::new(50, "BREW", "/orders/7", 405, "orders").unhandled("/orders/{id}"),
    Kind::new(19_000, "GET", "/recommendations", 200, "recommendations"),
    Kind::new(270, "GET", "/recommendations", 204, "recommendations").fault("status=204"),
    Kind::new(900, "GET", "/recommendations", 503, "recommendations").fault("status=503"),
    Kind::new(100, "GET", "/recommendations", 0, "recommendations").panics(),
    Kind::new(1_000, "GET", "/nowhere/42", 404, "").unhandled("_UNMATCHED"),
];

/// Sends the whole mix over several connections, in an order chosen by `seed`; fails where the client does not see
/// what it must. Returns how many requests were sent.
pub(crate) async fn drive(shop: SocketAddr, seed: u64) -> usize {
    let each = |kind: &'static Kind| (0..kind.count).map(move |_| kind);
    let mut kinds: Vec<&Kind> = MIX.iter().flat_map(each).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut kinds);
    let mut connections = JoinSet::new();
    for index in 0..CONNECTIONS {
        let kinds: Vec<&'static Kind> = kinds.iter().skip(index).step_by(CONNECTIONS).copied().collect();
        connections.spawn(send_all(shop, kinds));
    }
    connections.join_all().await;
    kinds.len()
}

async fn send_all(shop: SocketAddr, kinds: Vec<&'static Kind>) {
    let mut connection = Connection::new(shop);
    for kind in kinds {
        let status = match connection.send(kind.request()).await {
            Ok(answer) => Some(answer.status().as_u16()),
            Err(ClientError::Broken(_)) => None,
            Err(error) => panic!("{kind:?}: {error}"),
        };
        assert_eq!(status, kind.counted.status, "{kind:?}");
    }
}

/// Sums the mix by labels.
pub(crate) fn expected<const N: usize>(
    kinds: impl Iterator<Item = &'static Kind>,
    labels: impl Fn(&Kind) -> [(&'static str, String); N],
) -> BTreeMap<BTreeMap<String, String>, u64> {
    let mut sums = BTreeMap::new();
    for kind in kinds {
        let present = labels(kind).into_iter().filter(|(_, value)| !value.is_empty());
        let labels = present.map(|(name, value)| (name.to_owned(), value)).collect();
        *sums.entry(labels).or_default() += kind.count;
    }
    sums
}
