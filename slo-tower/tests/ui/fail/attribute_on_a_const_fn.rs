use slo_tower::slo;

#[slo(availability = 99.9%)]
const fn checkout() -> u8 {
    7
}

const SEVEN: u8 = checkout();

fn main() {}
