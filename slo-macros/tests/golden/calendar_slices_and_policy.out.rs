async fn report() -> Pages {
    ::slo_tower::__private::mark(
        ::slo_tower::__declare!(
            handler "report", window : "month Europe/Berlin", slices : "95% per 1m",
            alerts : PAGE min 5 by Count, labels : [], slos : ["report-availability" :
            availability "99.9%"],
        ),
    );
    pages().await
}
