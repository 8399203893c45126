use slo_tower::slo;

#[slo(availability = 99.9%, alerts(floor = 5, row = page))]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
