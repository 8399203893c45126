//! Which route a request belongs to: a template from a bounded set, never the request's own text.

mod templates;

use std::any::Any;

use http::{Extensions, HeaderMap, Method, Request, Uri};
use slo_core::naming::METHOD_OTHER;

pub use self::templates::{TemplateError, Templates};

/// What is known of a request before it is answered.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path and query as the client sent them.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// What outer layers and the router left.
    pub extensions: &'a Extensions,
}

impl<'a> RequestHead<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}

/// Finds the route template of a request.
///
/// Implemented by `MatchedRoute` for axum, and by every function from a request's head to a template:
///
/// ```
/// use slo_tower::{RequestHead, RouteTemplate};
///
/// fn route<'a>(request: RequestHead<'a>) -> Option<&'a str> {
///     match request.uri.path() {
///         "/checkout" => Some("/checkout"),
///         path if path.starts_with("/orders/") => Some("/orders/{id}"),
///         _ => None,
///     }
/// }
/// fn takes_a_route(route: impl RouteTemplate) {}
/// takes_a_route(route);
/// ```
pub trait RouteTemplate: Clone {
    /// Returns the template, from a bounded set; `None` if the request matches no route.
    fn template<'a>(&self, request: RequestHead<'a>) -> Option<&'a str>;

    /// Returns what keeps the text that [`RouteTemplate::template`] returned for this request where it is: a clone
    /// of the [`Arc`](std::sync::Arc) that holds it, say. It is asked for once for each text and thread, and kept for
    /// as long as the text is known; from then on the text is known by its address and never read again. Nothing by
    /// default: then texts are compared.
    fn keep(&self, request: RequestHead<'_>) -> Option<Box<dyn Any>> {
        let _ = request;
        None
    }
}

impl<F> RouteTemplate for F
where
    F: for<'a> Fn(RequestHead<'a>) -> Option<&'a str> + Clone,
{
    fn template<'a>(&self, request: RequestHead<'a>) -> Option<&'a str> {
        self(request)
    }
}

/// Returns the method's label: one of a known set, or `_OTHER`, so that no client can invent series.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::PATCH => "PATCH",
        Method::TRACE => "TRACE",
        _ => METHOD_OTHER,
    }
}
