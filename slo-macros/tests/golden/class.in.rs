#[slo(class = HIGH_FAST, availability = 99.5%, combined = 99% < 30s, window = month, alerts = policies::NIGHT)]
async fn report() -> Pages {
    pages().await
}
