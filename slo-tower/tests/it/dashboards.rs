//! `/slo/dashboard.json`: the boards that the registry generates, to whoever asks for them.

use http::{Method, Request, StatusCode, header};
use slo_tower::Dashboard;

use crate::support::{call, read, registry};

#[test]
fn the_board_is_the_one_that_is_asked_for() {
    let (slos, _) = registry();
    let generator = slos.generate().matching(r#"job="shop""#).unwrap();
    let service = slos.dashboards_service(generator.clone());
    for (query, board) in [
        ("", Dashboard::Overview),
        ("?", Dashboard::Overview),
        ("?x=y", Dashboard::Overview),
        ("?board=overview", Dashboard::Overview),
        ("?board=slo", Dashboard::Slo),
        ("?x=y&board=service", Dashboard::Service),
    ] {
        let expected = generator.dashboard(board);
        for (method, body) in [(Method::GET, expected.as_str()), (Method::HEAD, "")] {
            let request = Request::builder()
                .method(method)
                .uri(format!("/slo/dashboard.json{query}"))
                .body(())
                .unwrap();
            let (parts, mut answered) = call(service.clone(), request).into_parts();
            assert_eq!(parts.status, StatusCode::OK, "{query}");
            assert_eq!(parts.headers[header::CONTENT_TYPE], "application/json");
            assert_eq!(String::from_utf8(read(&mut answered).unwrap()).unwrap(), body, "{query}");
        }
    }
}

#[test]
fn another_board_is_not_found_and_nothing_is_stored() {
    let (slos, _) = registry();
    let service = slos.dashboards_service(slos.generate());
    let request = Request::get("/slo/dashboard.json?board=Overview").body(()).unwrap();
    let (parts, mut answered) = call(service.clone(), request).into_parts();
    assert_eq!(parts.status, StatusCode::NOT_FOUND);
    let said = String::from_utf8(read(&mut answered).unwrap()).unwrap();
    assert_eq!(said, "there is no such board: ask for one of overview, slo, service\n");
    let request = Request::builder().method(Method::POST).uri("/slo/dashboard.json").body(()).unwrap();
    assert_eq!(call(service, request).status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn routes_have_them_beside_the_rules() {
    use tower::ServiceExt as _;

    let (slos, _) = registry();
    for routes in [slos.routes::<()>(), slos.admin_routes()] {
        let request = Request::get("/slo/dashboard.json?board=slo").body(axum::body::Body::empty()).unwrap();
        let answer = routes.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, slos.generate().dashboard(Dashboard::Slo).as_str());
    }
}
