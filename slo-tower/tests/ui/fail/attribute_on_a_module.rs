use slo_tower::slo;

#[slo(availability = 99.9%)]
mod checkout {}

fn main() {}
