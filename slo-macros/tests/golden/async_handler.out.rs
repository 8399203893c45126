/// Takes an order.
#[axum::debug_handler]
pub(crate) async fn checkout(
    State(db): State<Db>,
    Json(cart): Json<Cart>,
) -> Result<Json<Receipt>, AppError> {
    ::slo_tower::__private::mark(
        ::slo_tower::__declare!(
            handler "checkout", window : "30d", alerts : DEFAULT, labels : [("team",
            "payments")], slos : ["checkout-availability" : availability "99.9%",
            "checkout-latency" : latency "99%" < "250ms"],
        ),
    );
    let total = cart.total()?;
    db.charge(total).await.map(Json)
}
