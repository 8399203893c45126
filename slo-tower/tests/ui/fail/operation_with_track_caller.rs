use slo_tower::slo;

#[slo(operation = "billing", availability = 99.9%)]
#[track_caller]
fn bill() {}

fn main() {}
