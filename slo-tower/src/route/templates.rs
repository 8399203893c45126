//! A route table of one's own, for services that have no router or whose router is inside.

use std::any::Any;
use std::fmt;

use super::{RequestHead, RouteTemplate};

/// Finds the template of a request by its path. Made by [`SloRegistry::layer_for`](crate::SloRegistry::layer_for).
///
/// Parameters are written as axum does: `/orders/{id}`, and `/files/{*rest}` for all that follows.
#[derive(Clone, Copy)]
pub struct Templates {
    /// Never freed: services are cloned for every request, and a shared count would be what their threads fight over.
    table: &'static matchit::Router<&'static str>,
}

impl Templates {
    pub(crate) fn new<T: Into<String>>(
        templates: impl IntoIterator<Item = T>,
    ) -> Result<Self, TemplateError> {
        let mut table = matchit::Router::new();
        for template in templates {
            let template = template.into();
            if !template.starts_with('/') {
                return Err(TemplateError { template, problem: "it does not begin with /".to_owned() });
            }
            // Known for as long as the process lives, so that its address tells it from any other.
            let kept: &'static str = Box::leak(template.into_boxed_str());
            if let Err(error) = table.insert(kept, kept) {
                return Err(TemplateError { template: kept.to_owned(), problem: error.to_string() });
            }
        }
        Ok(Self { table: Box::leak(Box::new(table)) })
    }
}

impl RouteTemplate for Templates {
    #[inline]
    fn template<'a>(&self, request: RequestHead<'a>) -> Option<&'a str> {
        self.table.at(request.uri.path()).ok().map(|found| *found.value)
    }

    fn keep(&self, _: RequestHead<'_>) -> Option<Box<dyn Any>> {
        // The texts are never freed.
        Some(Box::new(()))
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}

/// A template that cannot be told from another, or is none.
#[derive(Debug)]
pub struct TemplateError {
    template: String,
    problem: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { template, problem } = self;
        write!(
            f,
            "route template `{template}`: {problem}: write it like `/orders/{{id}}` or `/files/{{*rest}}`, once"
        )
    }
}

impl std::error::Error for TemplateError {}
