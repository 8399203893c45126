use slo_tower::slo;

#[slo(availability = 99.9%, window = "month Berlin City")]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
