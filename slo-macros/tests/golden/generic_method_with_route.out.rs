fn find<'a, S: Store + ?Sized>(
    &'a self,
    store: &'a S,
) -> impl Future<Output = Response> + use<'a, S, Self>
where
    Self: Sync,
{
    promises::__private::mark(
        promises::__declare!(
            handler "orders" at "GET /orders/{id}", window : "30d", alerts : TICKET,
            labels : [], slos : ["orders-latency-250ms" : latency "99%" < "250ms",
            "orders-latency-1s" : latency "99.9%" < "1s", "orders-combined" : combined
            "95%" < "100ms"],
        ),
    );
    store.find()
}
