use slo_tower::slo;

#[slo(operation = "nightly", latency = 99% < 1m to body)]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
