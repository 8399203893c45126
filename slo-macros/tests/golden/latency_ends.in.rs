#[slo(latency = 99% < 250ms to head, latency = 90% < 250ms, combined = "99% < 30s to body")]
async fn report() -> Pages {
    pages().await
}
