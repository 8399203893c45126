use slo_tower::slo;

struct Shop;

impl Shop {
    #[slo(availability = 100%)]
    async fn checkout(&self) {}
}

fn main() {}
