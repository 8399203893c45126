//! A service of routers in routers, in the shape of axum's example `key-value-store`: load is shed, calls are limited in
//! number and time, their errors are handled by one function, admin routes want a token; beside it an API nested
//! twice, and files served by a service that is no router.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{BoxError, Router};
use bytes::Bytes;
use http_body_util::Full;
use tokio::sync::Semaphore;
use tower::ServiceBuilder;

use crate::bed::{self, Bed};

const VALUE_MAX: usize = 64;
/// How long the impatient part waits: real time, as tower's time-out knows no other.
const IMPATIENCE: Duration = Duration::from_millis(5);
/// Never reached.
const AGES: Duration = Duration::from_secs(600);

#[derive(Clone)]
struct Store {
    values: Arc<RwLock<BTreeMap<String, Bytes>>>,
    /// Has a permit for each handler that waits for `released`.
    waiting: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

impl Store {
    fn new() -> Self {
        let semaphore = || Arc::new(Semaphore::new(0));
        Self { values: Arc::default(), waiting: semaphore(), released: semaphore() }
    }
}

async fn value(State(store): State<Store>, Path(key): Path<String>) -> Result<Bytes, StatusCode> {
    store.values.read().unwrap().get(&key).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn set(State(store): State<Store>, Path(key): Path<String>, value: Bytes) {
    store.values.write().unwrap().insert(key, value);
}

async fn keys(State(store): State<Store>) -> String {
    store.values.read().unwrap().keys().cloned().collect::<Vec<_>>().join("\n")
}

async fn remove(State(store): State<Store>, Path(key): Path<String>) {
    store.values.write().unwrap().remove(&key);
}

async fn clear(State(store): State<Store>) {
    store.values.write().unwrap().clear();
}

async fn held(State(store): State<Store>) -> &'static str {
    store.waiting.add_permits(1);
    store.released.acquire().await.unwrap().forget();
    "released"
}

async fn with_token(request: Request, next: Next) -> Response {
    match request.headers().get(header::AUTHORIZATION) {
        Some(token) if token == "Bearer key" => next.run(request).await,
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn failed(error: BoxError) -> Response {
    if error.is::<tower::timeout::error::Elapsed>() {
        (StatusCode::REQUEST_TIMEOUT, "took too long").into_response()
    } else if error.is::<tower::load_shed::error::Overloaded>() {
        (StatusCode::SERVICE_UNAVAILABLE, "too much to do").into_response()
    } else {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// One call at a time, for no longer than this.
fn limited(router: Router<Store>, patience: Duration) -> Router<Store> {
    router.layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(failed))
            .load_shed()
            .concurrency_limit(1)
            .timeout(patience),
    )
}

fn router(store: Store) -> Router {
    let kv = Router::new()
        .route("/{key}", get(value).post(set))
        .route("/keys", get(keys))
        .route("/held", get(held))
        .layer(DefaultBodyLimit::max(VALUE_MAX));
    let admin = Router::new()
        .route("/keys", delete(clear))
        .route("/key/{key}", delete(remove))
        .route_layer(from_fn(with_token));
    let impatient = Router::new().route("/never", get(pending::<()>));
    let users = Router::new()
        .route("/users", get(|| async { "all" }))
        .route("/users/{id}", get(|Path(id): Path<u32>| async move { id.to_string() }));
    let in_teams = Router::new().route(
        "/users/{id}",
        get(|Path((team, id)): Path<(String, u32)>| async move { format!("{id} of {team}") }),
    );
    let files = tower::service_fn(|request: Request| {
        let known = request.uri().path() == "/style.css";
        let answer = if known { "body {}".into_response() } else { StatusCode::NOT_FOUND.into_response() };
        ready(Ok::<_, Infallible>(answer))
    });
    Router::new()
        .nest("/kv", limited(kv, AGES).nest("/admin", admin))
        .nest("/impatient", limited(impatient, IMPATIENCE))
        .nest("/api", users.nest("/teams/{team}", in_teams))
        .nest_service("/files", files)
        .with_state(store)
}

fn with_body(method: &str, path: &str, body: &'static [u8]) -> http::Request<Full<Bytes>> {
    bed::request(method, path).body(Full::from(body)).unwrap()
}

fn with_key(path: &str) -> http::Request<Full<Bytes>> {
    bed::request("DELETE", path).header("authorization", "Bearer key").body(Full::default()).unwrap()
}

#[tokio::test]
async fn nested_routes_are_counted_by_their_whole_template_and_middleware_by_what_it_answers() {
    let store = Store::new();
    let promised =
        ["GET /kv/{key}", "GET /kv/held", "GET /impatient/never", "GET /api/teams/{team}/users/{id}"];
    let bed = Bed::serve(&promised, |_, slos| router(store.clone()).layer(slos.layer())).await;
    for (request, status, body) in [
        (with_body("POST", "/kv/tea", b"green"), 200, ""),
        (with_body("POST", "/kv/salt", b"sea"), 200, ""),
        (
            with_body("POST", "/kv/tea", &[b'x'; VALUE_MAX + 1]),
            413,
            "Failed to buffer the request body: length limit exceeded",
        ),
        (bed::get("/kv/tea"), 200, "green"),
        (bed::get("/kv/coffee"), 404, ""),
        (bed::get("/kv/keys"), 200, "salt\ntea"),
        (with_body("DELETE", "/kv/admin/keys", b""), 401, ""),
        (with_key("/kv/admin/key/tea"), 200, ""),
        (bed::get("/kv/tea"), 404, ""),
        (with_key("/kv/admin/keys"), 200, ""),
        (with_body("DELETE", "/kv/tea", b""), 405, ""),
        (bed::get("/impatient/never"), 408, "took too long"),
        (bed::get("/api/users"), 200, "all"),
        (bed::get("/api/users/7"), 200, "7"),
        (bed::get("/api/teams/red/users/7"), 200, "7 of red"),
        (bed::get("/api/teams/red/nobody"), 404, ""),
        (bed::get("/files/style.css"), 200, "body {}"),
        (bed::get("/files/other.css"), 404, ""),
        (bed::get("/elsewhere"), 404, ""),
    ] {
        let asked = format!("{} {}", request.method(), request.uri());
        assert_eq!(bed.ask(request).await, (status, body.into()), "{asked}");
    }
    shed_while_one_is_held(&bed, &store).await;
    bed.must_count("nests", COUNTED).await;
    assert_eq!(bed.events(0, "availability"), [3, 0, 0]);
    assert_eq!(bed.events(1, "availability"), [1, 1, 0]);
    assert_eq!(bed.events(2, "availability"), [1, 0, 0]);
    assert_eq!(bed.events(3, "availability"), [1, 0, 0]);
}

const COUNTED: &[&str] = &[
    "DELETE /kv/admin/key/{key} 200 ×1",
    "DELETE /kv/admin/keys 200 ×1",
    "DELETE /kv/admin/keys 401 ×1",
    "DELETE /kv/{key} 405 ×1",
    "GET /api/teams/{team}/users/{id} 200 ×1",
    "GET /api/users 200 ×1",
    "GET /api/users/{id} 200 ×1",
    "GET /impatient/never 408 ×1",
    "GET /kv/held 200 ×1",
    "GET /kv/held 503 503 ×1",
    "GET /kv/keys 200 ×1",
    "GET /kv/{key} 200 ×1",
    "GET /kv/{key} 404 ×2",
    // Of a service that is no router, axum tells a layer no template.
    "GET _UNMATCHED 200 ×1",
    "GET _UNMATCHED 404 ×3",
    "POST /kv/{key} 200 ×2",
    "POST /kv/{key} 413 ×1",
];

/// Told the template, a service around the router counts by it what axum tells no layer.
#[tokio::test]
async fn a_nested_service_has_the_template_that_it_is_given_from_around() {
    const FILES: &str = "/files/{*rest}";
    let bed = Bed::serve(&["GET /files/{*rest}"], |_, slos| {
        Router::new().fallback_service(slos.around(router(Store::new()), [FILES, "/api/users/{id}"]).unwrap())
    })
    .await;
    for (path, status) in
        [("/files/style.css", 200), ("/files/other.css", 404), ("/api/users/7", 200), ("/kv/tea", 404)]
    {
        assert_eq!(bed.ask(bed::get(path)).await.0, status, "{path}");
    }
    bed.must_count(
        "nests, around",
        &[
            "GET /api/users/{id} 200 ×1",
            "GET /files/{*rest} 200 ×1",
            "GET /files/{*rest} 404 ×1",
            "GET _UNMATCHED 404 ×1",
        ],
    )
    .await;
    assert_eq!(bed.events(0, "availability"), [2, 0, 0]);
}

/// Of two at a time, one is too many.
async fn shed_while_one_is_held(bed: &Bed, store: &Store) {
    let held = bed.ask(bed::get("/kv/held"));
    let other = async {
        store.waiting.acquire().await.unwrap().forget();
        assert_eq!(bed.ask(bed::get("/kv/held")).await, (503, "too much to do".into()));
        store.released.add_permits(1);
    };
    let (answer, ()) = tokio::join!(held, other);
    assert_eq!(answer, (200, "released".into()));
}
