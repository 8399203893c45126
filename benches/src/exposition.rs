//! What every metrics library does: it takes observations and prints them for Prometheus.

/// A metrics library.
#[derive(Debug)]
pub struct Exposition {
    /// Its name.
    pub name: &'static str,
    /// Makes one latency histogram family with the bounds given, in seconds.
    pub build: fn(&'static [f64]) -> Box<dyn Metrics>,
}

/// One family of latency histograms by method, route and status.
pub trait Metrics: Send + Sync {
    /// Adds one latency.
    fn observe(&self, labels: &Labels, nanos: u64);

    /// Appends the family in the Prometheus text format.
    fn render(&self, out: &mut String);
}

/// Which series an observation belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Labels {
    /// `GET`.
    pub method: &'static str,
    /// The template of the route.
    pub route: String,
    /// The status of the answer.
    pub status: u16,
    /// The same as text, for those that want it so.
    pub code: String,
}

impl Labels {
    const STATUSES: [u16; 10] = [200, 201, 204, 301, 304, 400, 404, 409, 500, 503];

    /// Returns the labels of `routes` routes with the first `statuses` statuses each.
    ///
    /// # Panics
    ///
    /// If there are not that many statuses.
    #[must_use]
    pub fn of(routes: usize, statuses: usize) -> Vec<Self> {
        let all = (0..routes)
            .flat_map(|route| Self::STATUSES[..statuses].iter().map(move |status| (route, *status)));
        let make = |(route, status): (usize, u16)| Self {
            method: "GET",
            route: format!("/shop/resource-{route}"),
            status,
            code: status.to_string(),
        };
        all.map(make).collect()
    }
}

/// The bounds that the OpenTelemetry semantic conventions advise, in seconds; ours by default.
pub const BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Counts the samples in a rendered text.
#[must_use]
pub fn samples(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count()
}
