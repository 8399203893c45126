//! The shapes that axum's routers take: each counts the requests of its routes once, and for the right promises.

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts, Path, Request, State};
use axum::handler::Handler;
use axum::routing::{any, get, post};
use http::StatusCode;
use http::request::Parts;
use http_body_util::BodyExt;
use slo_tower::{SloRegistry, slo};
use tower::Service;

use crate::support::{counted, events, samples};

#[slo(availability = 99%)]
async fn shape_show(Path(id): Path<u64>) -> StatusCode {
    if id == 13 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
}

#[slo(availability = 99%)]
async fn shape_other() {}

#[slo(availability = 99%)]
async fn shape_fallback() -> StatusCode {
    StatusCode::IM_A_TEAPOT
}

/// What a client has to bring; a user's own extractor, which fails in the client's ways and in the server's.
struct Token;

impl<S: Send + Sync> FromRequestParts<S> for Token
where
    Realm: FromRef<S>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let Realm(realm) = Realm::from_ref(state);
        match parts.headers.get("authorization") {
            Some(token) if token == realm => Ok(Self),
            Some(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
            None => Err(StatusCode::UNAUTHORIZED),
        }
    }
}

#[derive(Clone, FromRef)]
struct App {
    realm: Realm,
}

#[derive(Clone)]
struct Realm(&'static str);

#[slo(availability = 99%)]
async fn shape_private(_: Token, State(Realm(realm)): State<Realm>) -> &'static str {
    realm
}

fn build() -> SloRegistry {
    SloRegistry::builder("test").build().unwrap()
}

/// Sends requests, `METHOD path authorization`, reads the answers and returns their status codes.
async fn send<S>(mut app: S, requests: &[&str]) -> Vec<u16>
where
    S: Service<Request, Response = axum::response::Response, Error = std::convert::Infallible>,
{
    let mut statuses = Vec::new();
    for request in requests {
        let mut words = request.split(' ');
        let mut builder = Request::builder().method(words.next().unwrap()).uri(words.next().unwrap());
        if let Some(token) = words.next() {
            builder = builder.header("authorization", token);
        }
        let response = app.call(builder.body(Body::empty()).unwrap()).await.unwrap();
        statuses.push(response.status().as_u16());
        response.into_body().collect().await.unwrap();
    }
    statuses
}

/// A router of one route, to which the layer is added somewhere.
type Shape = (&'static str, fn(&SloRegistry) -> Router, &'static [&'static str]);

const SHOWN: &str = "GET /orders/{id} 200 ×1";
const REFUSED: &str = "DELETE /orders/{id} 405 ×1";
const UNMATCHED: &str = "GET _UNMATCHED 404 ×1";

const SHAPES: &[Shape] = &[
    (
        "Router::layer",
        |slos| Router::new().route("/orders/{id}", get(shape_show)).layer(slos.layer()),
        &[REFUSED, SHOWN, UNMATCHED],
    ),
    (
        "Router::route_layer",
        |slos| Router::new().route("/orders/{id}", get(shape_show)).route_layer(slos.layer()),
        &[REFUSED, SHOWN],
    ),
    (
        "MethodRouter::layer",
        |slos| Router::new().route("/orders/{id}", get(shape_show).layer(slos.layer())),
        &[REFUSED, SHOWN],
    ),
    (
        "MethodRouter::route_layer",
        |slos| Router::new().route("/orders/{id}", get(shape_show).route_layer(slos.layer())),
        &[SHOWN],
    ),
    (
        "Handler::layer",
        |slos| Router::new().route("/orders/{id}", get(shape_show.layer(slos.layer()))),
        &[SHOWN],
    ),
    (
        "nested, layer outside",
        |slos| {
            Router::new().nest("/orders", Router::new().route("/{id}", get(shape_show))).layer(slos.layer())
        },
        &[REFUSED, SHOWN, UNMATCHED],
    ),
    (
        "nested, layer inside",
        |slos| {
            Router::new().nest("/orders", Router::new().route("/{id}", get(shape_show)).layer(slos.layer()))
        },
        &[REFUSED, SHOWN],
    ),
    (
        "nested, layer outside and inside",
        |slos| {
            let inner = Router::new().route("/{id}", get(shape_show)).layer(slos.layer());
            Router::new().nest("/orders", inner).layer(slos.layer())
        },
        &[REFUSED, SHOWN, UNMATCHED],
    ),
    (
        "nested as a service, layer inside",
        |slos| {
            let inner = Router::new().route("/{id}", get(shape_show)).layer(slos.layer());
            Router::new().nest_service("/orders", inner)
        },
        &[REFUSED, SHOWN],
    ),
    (
        "merged, layer before",
        |slos| {
            let layered = Router::new().route("/orders/{id}", get(shape_show)).layer(slos.layer());
            Router::new().route("/free", get(shape_other)).merge(layered)
        },
        &[REFUSED, SHOWN, UNMATCHED],
    ),
    (
        "merged, layer after",
        |slos| {
            let routes = Router::new().route("/orders/{id}", get(shape_show));
            Router::new().route("/free", get(shape_other)).merge(routes).layer(slos.layer())
        },
        &[REFUSED, SHOWN, UNMATCHED],
    ),
    (
        "everywhere at once",
        |slos| {
            let handler = shape_show.layer(slos.layer());
            let routes = get(handler).layer(slos.layer());
            let router = Router::new().route("/orders/{id}", routes).route_layer(slos.layer());
            router.layer(slos.layer()).layer(slos.layer())
        },
        &[REFUSED, SHOWN, UNMATCHED],
    ),
];

#[tokio::test]
async fn a_layer_counts_what_passes_it_wherever_axum_takes_it() {
    for (name, shape, expected) in SHAPES {
        let slos = build();
        let statuses = send(shape(&slos), &["GET /orders/7", "DELETE /orders/7", "GET /nowhere"]).await;
        assert_eq!(statuses, [200, 405, 404], "{name}");
        assert_eq!(counted(&slos), *expected, "{name}");
        assert_eq!(events(&slos, "shape_show-availability"), [1, 0, 0], "{name}");
        assert_eq!(samples(&slos, "http_server_active_requests"), Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn a_service_around_any_of_these_counts_what_its_templates_name() {
    for (name, shape, _) in SHAPES {
        let slos = build();
        // Layers within count nothing more, be they of the same registry or of another.
        for within in [&slos, &build()] {
            let around = slos.around(shape(within), ["/orders/{id}"]).unwrap();
            let statuses = send(around, &["GET /orders/7", "DELETE /orders/7", "GET /nowhere"]).await;
            assert_eq!(statuses, [200, 405, 404], "{name}");
        }
        let twice = [REFUSED, SHOWN, UNMATCHED].map(|once| once.replace("×1", "×2"));
        assert_eq!(counted(&slos), twice, "{name}");
        assert_eq!(samples(&slos, "http_server_active_requests"), Vec::<String>::new(), "{name}");
    }
}

/// All of a router's other ways to answer.
fn ways() -> Router {
    Router::new()
        .route("/", get(shape_other))
        .route("/orders/{id}", get(shape_show).post(shape_other))
        .route("/files/{*rest}", any(shape_other))
        .nest("/v1", Router::new().nest("/deep", Router::new().route("/{id}", get(shape_show))))
        .fallback(shape_fallback)
        .method_not_allowed_fallback(shape_fallback)
}

const WAYS: [&str; 8] = [
    "GET /",
    "HEAD /orders/7",
    "HEAD /orders/13",
    "POST /orders/7",
    "DELETE /orders/7",
    "PUT /files/a/b",
    "GET /v1/deep/7",
    "GET /v1/deep",
];

#[tokio::test]
async fn every_way_to_answer_has_its_route() {
    let expected = [
        "DELETE /orders/{id} 418 ×1",
        "GET / 200 ×1",
        "GET /v1/deep/{id} 200 ×1",
        "GET _UNMATCHED 418 ×1",
        "HEAD /orders/{id} 200 ×1",
        "HEAD /orders/{id} 502 502 ×1",
        "POST /orders/{id} 200 ×1",
        "PUT /files/{*rest} 200 ×1",
    ];
    let check = |slos: &SloRegistry| {
        assert_eq!(counted(slos), expected);
        // Three of them by HEAD, which GET's handler answers.
        assert_eq!(events(slos, "shape_show-availability"), [2, 1, 0]);
        assert_eq!(events(slos, "shape_other-availability"), [3, 0, 0]);
    };
    let slos = build();
    send(ways().layer(slos.layer()), &WAYS).await;
    check(&slos);
    let slos = build();
    let templates = ["/", "/orders/{id}", "/files/{*rest}", "/v1/deep/{id}"];
    send(slos.around(ways(), templates).unwrap(), &WAYS).await;
    check(&slos);
}

#[tokio::test]
async fn a_rejection_counts_for_the_handler_that_would_have_run() {
    let router = || {
        Router::new()
            .route("/private", get(shape_private).put(shape_other))
            .route("/shared", post(shape_other))
            .with_state(App { realm: Realm("home") })
    };
    let requests = [
        "GET /private",
        "GET /private elsewhere",
        "GET /private home",
        "GET /private elsewhere",
        "PUT /private",
    ];
    let check = |slos: &SloRegistry| {
        assert_eq!(
            counted(slos),
            ["GET /private 200 ×1", "GET /private 401 ×1", "GET /private 503 503 ×2", "PUT /private 200 ×1"]
        );
        // One was rejected for its client's sake, two for ours, one of them before the handler ever ran.
        assert_eq!(events(slos, "shape_private-availability"), [2, 2, 0]);
        assert_eq!(events(slos, "shape_other-availability"), [1, 0, 0]);
    };
    let slos = build();
    assert_eq!(send(router().layer(slos.layer()), &requests).await, [401, 503, 200, 503, 200]);
    check(&slos);
    let slos = build();
    send(slos.around(router(), ["/private", "/shared"]).unwrap(), &requests).await;
    check(&slos);
}

#[tokio::test]
async fn routes_added_after_the_layer_are_not_counted() {
    let slos = build();
    let app = Router::new().route("/orders/{id}", get(shape_show)).layer(slos.layer());
    let app = app.route("/free", get(shape_other));
    send(app, &["GET /free", "GET /orders/7"]).await;
    assert_eq!(counted(&slos), [SHOWN]);
    assert_eq!(events(&slos, "shape_other-availability"), [0; 3]);
}
