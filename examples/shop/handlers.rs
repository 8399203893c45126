//! The shop's handlers, each with its promise written above it.
//!
//! This is all a service has to say: the registry finds the promises by itself, and the layer learns from the
//! running handler which of them a request is about.

use axum::extract::{Path, Query};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use slo_tower::slo;

/// Orders 1 to this one exist.
const ORDERS: u32 = 1_000;
/// Article 1 is the first.
const ARTICLES: [&str; 4] = ["kettle", "teapot", "tea strainer", "tea"];

/// Returns the shop's routes.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/checkout", post(checkout))
        .route("/search", get(search))
        .route("/orders/{id}", get(order))
        .route("/recommendations", get(recommendations))
}

#[derive(Debug, Deserialize)]
struct Cart {
    items: Vec<usize>,
}

#[derive(Debug, Serialize)]
struct Receipt {
    articles: Vec<&'static str>,
    price_cents: usize,
}

#[slo(availability = 99.9%, combined = 99% < 250ms, labels(team = "payments"))]
async fn checkout(Json(cart): Json<Cart>) -> Result<Json<Receipt>, (StatusCode, &'static str)> {
    let article = |item: &usize| ARTICLES.get(item.checked_sub(1)?).copied();
    let articles: Option<Vec<_>> = cart.items.iter().map(article).collect();
    // The customer's mistake: it spends no budget.
    let articles = articles.ok_or((StatusCode::UNPROCESSABLE_ENTITY, "we sell articles 1 to 4\n"))?;
    Ok(Json(Receipt { price_cents: articles.len() * 995, articles }))
}

#[derive(Debug, Deserialize)]
struct Search {
    q: String,
}

#[slo(availability = 99.5%, latency = 95% < 200ms)]
async fn search(Query(search): Query<Search>) -> Json<Vec<&'static str>> {
    Json(ARTICLES.into_iter().filter(|article| article.contains(&search.q)).collect())
}

#[derive(Debug, Serialize)]
struct Order {
    id: u32,
    state: &'static str,
}

#[slo(name = "orders", availability = 99.9%, latency = 99% < 100ms)]
async fn order(Path(id): Path<u32>) -> Result<Json<Order>, (StatusCode, &'static str)> {
    if !(1..=ORDERS).contains(&id) {
        return Err((StatusCode::NOT_FOUND, "no such order: there are 1 to 1000\n"));
    }
    Ok(Json(Order { id, state: if id.is_multiple_of(2) { "shipped" } else { "packed" } }))
}

#[slo(availability = 99%)]
async fn recommendations() -> Json<[&'static str; 2]> {
    Json([ARTICLES[1], ARTICLES[3]])
}
