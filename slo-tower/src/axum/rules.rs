//! The routes of the rules of Prometheus and the dashboards of Grafana.

use axum::Router;
use axum::routing::any_service;

use crate::registry::SloRegistry;

pub(super) fn with_rules<S>(router: Router<S>, slos: &SloRegistry) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    router
        .route("/slo/rules.yaml", any_service(slos.rules_service(slos.generate())))
        .route("/slo/dashboard.json", any_service(slos.dashboards_service(slos.generate())))
}
