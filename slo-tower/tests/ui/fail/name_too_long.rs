use slo_tower::slo;

#[slo(availability = 99.9%, name = "a-name-that-is-ninety-five-bytes-long-and-leaves-no-room-for-the-kind-of-the-promise-in-the-end")]
async fn checkout() -> &'static str {
    "ok"
}

fn main() {
    // The function is there all the same: no mistake leads to another.
    drop(checkout());
}
