#[slo(availability = 99.9%, window = "month Europe/Berlin", slices = 95% per 1m, alerts(rows = page, bad_events_min = 5, form = count))]
async fn report() -> Pages {
    pages().await
}
