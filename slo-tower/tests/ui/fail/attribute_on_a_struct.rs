use slo_tower::slo;

#[slo(availability = 99.9%)]
/// Not a function.
#[derive(Clone)]
pub struct Checkout {
    pub name: String,
}

fn main() {}
