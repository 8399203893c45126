async fn report() -> Pages {
    ::slo_tower::__private::mark(
        ::slo_tower::__declare!(
            handler "report", window : "30d", alerts : DEFAULT, labels : [], slos :
            ["report-latency-250ms-head" : latency "99%" < "250ms" to Head,
            "report-latency-250ms" : latency "90%" < "250ms", "report-combined" :
            combined "99%" < "30s" to Body],
        ),
    );
    pages().await
}
