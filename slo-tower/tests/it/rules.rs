//! `/slo/rules.yaml`: the rules that the registry generates, to whoever asks for them.

use http::{Method, Request, StatusCode, header};

use crate::support::{call, read, registry};

#[test]
fn the_rules_are_those_that_are_generated() {
    let (slos, _) = registry();
    let generator = slos.generate().matching(r#"job="shop""#).unwrap();
    let expected = generator.rules();
    for (method, status, body) in
        [(Method::GET, StatusCode::OK, expected.to_yaml()), (Method::HEAD, StatusCode::OK, "")]
    {
        let request = Request::builder().method(method).uri("/slo/rules.yaml").body(()).unwrap();
        let (parts, mut answered) = call(slos.rules_service(generator.clone()), request).into_parts();
        assert_eq!(parts.status, status);
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/yaml");
        assert_eq!(String::from_utf8(read(&mut answered).unwrap()).unwrap(), body);
    }
    let request = Request::builder().method(Method::POST).uri("/slo/rules.yaml").body(()).unwrap();
    assert_eq!(call(slos.rules_service(generator), request).status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn routes_have_them_beside_the_status() {
    use tower::ServiceExt as _;

    let (slos, _) = registry();
    for routes in [slos.routes::<()>(), slos.admin_routes()] {
        let request = Request::get("/slo/rules.yaml").body(axum::body::Body::empty()).unwrap();
        let answer = routes.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, slos.generate().rules().to_yaml());
    }
}
