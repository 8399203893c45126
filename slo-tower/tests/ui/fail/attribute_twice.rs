use slo_tower::slo;

#[slo(availability = 99.9%)]
#[slo(latency = 99% < 250ms)]
async fn checkout() {}

fn main() {}
