use slo_tower::slo;

#[slo(latency = 99% < 250ms to lunch)]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
