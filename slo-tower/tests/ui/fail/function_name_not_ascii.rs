use slo_tower::slo;

#[slo(availability = 99.9%)]
async fn überweisung() {}

fn main() {}
