//! Requests that are neither recorded nor counted: probes, scrapes, and what users name.
//!
//! They are told by their route, where a thread meets a text that it does not know. A route that is left out is never
//! remembered, so only its own requests are asked, with every one of them, and all others nothing.
//! What must never happen: a promise that names its route, and whose requests are silently left out. Where an annotated
//! handler is served nobody knows before its first request, so one that names no route is left out like any other.

use crate::objective::{ObjectiveError, Slo, split_route};

/// The routes that a registry leaves out.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    routes: Vec<String>,
    /// What is promised by name counts, whatever pattern it falls under.
    promised: Vec<String>,
}

impl LeftOut {
    pub(super) fn new<'a>(
        routes: Vec<String>,
        slos: impl Iterator<Item = &'a Slo>,
    ) -> Result<Self, (usize, ObjectiveError)> {
        for (index, route) in routes.iter().enumerate() {
            // A star is no name of a method, but stands where one may.
            let route =
                route.strip_suffix("/*").map_or_else(|| route.clone(), |start| format!("{start}/all"));
            split_route(&route).map_err(|error| (index, error))?;
        }
        Ok(Self { routes, promised: slos.filter_map(|slo| slo.route().map(str::to_owned)).collect() })
    }

    /// Returns whether requests of this method and template or path, or calls of this name, are left out.
    pub(super) fn has(&self, method: &str, path: &str) -> bool {
        let is = |route: &String| is_of(route, method, path, false);
        let covers = |route: &String| is_of(route, method, path, true);
        self.routes.iter().any(covers) && !self.promised.iter().any(is)
    }
}

/// A star at the end of a pattern stands for all that may follow.
fn is_of(route: &str, method: &str, path: &str, pattern: bool) -> bool {
    let (own_method, own) = route.split_once(' ').unwrap_or(("", route));
    if own_method != method {
        return false;
    }
    match own.strip_suffix('*') {
        Some(start) if pattern => path.starts_with(start),
        _ => own == path,
    }
}
