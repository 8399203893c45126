use slo_tower::slo;

#[slo(latency = 99% < 250ms to, combined = "99% < 30s to")]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
