//! What the shop says when it opens: where to look and what to try.

use std::net::SocketAddr;

/// Returns the start message of a shop at this address.
pub(crate) fn message(shop: SocketAddr) -> String {
    format!(
        "\
The shop is open at http://{shop}

Look
  http://{shop}/slo            every promise and what is left of its budget
  http://{shop}/slo/incidents  what has broken one, as drafts of post-mortems
  http://{shop}/slo/gate       whether to release now
  http://{shop}/metrics        what Prometheus scrapes
  http://{shop}/livez          ok while the process lives
  http://{shop}/readyz         ok while it takes requests

Shop
  curl http://{shop}/checkout -H 'content-type: application/json' -d '{{\"items\":[1,2]}}'
  curl 'http://{shop}/search?q=tea'
  curl http://{shop}/orders/7
  curl http://{shop}/recommendations

Break it (status=503, panic, slow=300ms or stall, on any of them)
  curl http://{shop}/recommendations -H 'x-shop-fault: status=503'

Scrape it (prometheus.yml)
  scrape_configs:
    - job_name: shop
      scrape_interval: 5s
      static_configs:
        - targets: ['{shop}']

Let it drive itself: --traffic. Stop it: Ctrl-C.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_every_route_with_the_address() {
        let message = message("127.0.0.1:4000".parse().expect("an address"));
        for path in [
            "/slo ",
            "/slo/incidents",
            "/slo/gate",
            "/metrics",
            "/livez",
            "/readyz",
            "/checkout",
            "/search?q=tea",
            "/orders/7",
            "/recommendations",
        ] {
            assert!(message.contains(&format!("http://127.0.0.1:4000{path}")), "{path}");
        }
        assert!(
            message.contains("targets: ['127.0.0.1:4000']") && message.contains("x-shop-fault: status=503")
        );
        assert!(message.contains(r#"-d '{"items":[1,2]}'"#), "{message}");
    }
}
