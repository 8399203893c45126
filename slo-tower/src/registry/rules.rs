//! The rules of Prometheus and the dashboards of Grafana, asked for over HTTP.

use slo_core::Generator;

use super::SloRegistry;
use crate::endpoint::{DashboardsService, RulesService};

impl SloRegistry {
    /// Returns the service that answers `GET /slo/rules.yaml`, with what
    /// [`Registry::generate`](crate::Registry::generate) was told besides: `SloRegistry::routes` mounts one that was told
    /// nothing.
    ///
    /// ```
    /// use http::Request;
    /// use slo_tower::SloRegistry;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let rules = slos.rules_service(slos.generate().matching(r#"job="shop""#)?);
    /// let answer = rules.oneshot(Request::get("/ops/rules.yaml").body(())?).await?;
    /// assert_eq!(answer.headers()["content-type"], "application/yaml");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rules_service(&self, generator: Generator) -> RulesService {
        RulesService::new(generator)
    }

    /// Returns the service that answers `GET /slo/dashboard.json`: the overview, or with `?board=slo` and `?board=service` another
    /// [`Dashboard`](crate::Dashboard). Like `/slo/rules.yaml`, that of `SloRegistry::routes` is made by a generator that was told
    /// nothing.
    ///
    /// ```
    /// use http::Request;
    /// use slo_tower::SloRegistry;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let boards = slos.dashboards_service(slos.generate().matching(r#"job="shop""#)?);
    /// let answer = boards.oneshot(Request::get("/slo/dashboard.json?board=service").body(())?).await?;
    /// assert_eq!(answer.headers()["content-type"], "application/json");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn dashboards_service(&self, generator: Generator) -> DashboardsService {
        DashboardsService::new(generator)
    }
}
