use slo_tower::slo;

#[slo(availability = 100%, latency = 0% < 0ms, window = 91d, alrts = off, route = "/", labels(slo = "x"))]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
