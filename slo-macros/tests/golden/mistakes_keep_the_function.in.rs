#[slo(availability = 100%, latency = 99% < 0ms, windw = 30d)]
fn checkout() -> u8 {
    7
}
