use slo_tower::slo;

#[slo]
async fn checkout() {}

fn main() {}
