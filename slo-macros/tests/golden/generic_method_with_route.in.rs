#[slo(
    name = "orders",
    route = "GET /orders/{id}",
    latency = "99% < 0.25s",
    latency = 99.9% < 1s,
    combined = 95% < 100ms,
    alerts = "ticket",
    crate = promises
)]
fn find<'a, S: Store + ?Sized>(&'a self, store: &'a S) -> impl Future<Output = Response> + use<'a, S, Self>
where
    Self: Sync,
{
    store.find()
}
