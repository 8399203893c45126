/// Takes an order.
#[slo(availability = 99.9%, latency = 99% < 250ms, window = 30d, labels(team = "payments"))]
#[axum::debug_handler]
pub(crate) async fn checkout(State(db): State<Db>, Json(cart): Json<Cart>) -> Result<Json<Receipt>, AppError> {
    let total = cart.total()?;
    db.charge(total).await.map(Json)
}
