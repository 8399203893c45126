use slo_tower::slo;

struct Shop;

#[slo(availability = 99.9%)]
impl Shop {
    fn checkout(&self) {}
}

fn main() {}
