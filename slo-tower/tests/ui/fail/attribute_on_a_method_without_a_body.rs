use slo_tower::slo;

trait Checkout {
    #[slo(availability = 99.9%)]
    fn checkout(&self);
}

fn main() {}
