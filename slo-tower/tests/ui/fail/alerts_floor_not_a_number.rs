use slo_tower::slo;

#[slo(availability = 99.9%, alerts(bad_events_min = few))]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
