use slo_tower::slo;

#[slo(availability = 90%, latency = 99% < 1s, combined = 80% < 1s, window = 7d, alerts = workbook)]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
