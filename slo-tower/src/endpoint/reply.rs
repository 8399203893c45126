//! What all endpoints answer alike: reading is allowed, storing the answer is not.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

use super::body::EndpointBody;

/// Refuses a request that does not only read.
pub(super) fn refused<B>(request: &Request<B>) -> Option<Response<EndpointBody>> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let mut refusal = without_body(StatusCode::METHOD_NOT_ALLOWED);
    refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    Some(refusal)
}

/// Says no more than a status.
pub(super) fn without_body(status: StatusCode) -> Response<EndpointBody> {
    let mut response = Response::new(EndpointBody::NOTHING);
    *response.status_mut() = status;
    response
}

/// Answers a reading request; to `HEAD` with what `GET` would be told.
pub(super) fn answer<B>(
    request: &Request<B>,
    content_type: &'static str,
    body: impl FnOnce() -> EndpointBody,
) -> Response<EndpointBody> {
    let body = if *request.method() == Method::HEAD { EndpointBody::UNTOLD } else { body() };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    protect(headers);
    response
}

/// Has nobody keep an answer, or take it for something else.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
