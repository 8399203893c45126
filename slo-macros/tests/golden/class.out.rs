async fn report() -> Pages {
    ::slo_tower::__private::mark(
        ::slo_tower::__declare!(
            handler "report", window : "month", alerts : (policies::NIGHT), labels : [],
            slos : ["report-latency-100ms" : latency "90%" < "100ms",
            "report-latency-200ms" : latency "99%" < "200ms", "report-availability" :
            availability "99.5%", "report-combined" : combined "99%" < "30s"],
        ),
    );
    pages().await
}
