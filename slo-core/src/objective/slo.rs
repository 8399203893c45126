//! One promise.

use std::borrow::Cow;

use super::error::{ObjectiveError, Reason};
use super::{AlertPolicy, AlertRow, LatencyEnd, Objective, Sli, TimeSlices, Window};
use crate::naming::METHODS;

const NAME_BYTES_MAX: usize = 100;
const ROUTE_BYTES_MAX: usize = 200;

/// One promise: this share of these events is good, over this window.
///
/// ```
/// use slo_core::{Objective, Sli, Slo, Threshold, Window};
/// const FAST: Slo = Slo::literal(
///     "checkout-latency",
///     Sli::Latency { threshold: Threshold::literal("250ms") },
///     Objective::literal("99%"),
/// );
/// let slo = FAST.clone().with_window(Window::parse("7d")?).with_route("POST /checkout")?.with_label("team", "payments")?;
/// assert_eq!(slo.name(), "checkout-latency");
/// assert_eq!(slo.route(), Some("POST /checkout"));
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    name: Cow<'static, str>,
    pub(super) sli: Sli,
    end: LatencyEnd,
    pub(super) objective: Objective,
    window: Window,
    pub(super) slices: Option<TimeSlices>,
    alerts: AlertPolicy,
    source: Source,
    pub(super) labels: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

/// Whose events count.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// Whatever is annotated with the SLO.
    None,
    Route(Cow<'static, str>),
    Operation(Cow<'static, str>),
}

impl Slo {
    /// Promises `objective` of `sli` over thirty days, under a name that is unique in the registry.
    ///
    /// # Errors
    ///
    /// If the name is empty, longer than 100 bytes, or holds anything but letters, digits, `-`, `_` and `.`.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        sli: Sli,
        objective: Objective,
    ) -> Result<Self, ObjectiveError> {
        let name = name.into();
        match name_fault(&name) {
            Some(reason) => Err(ObjectiveError::new(&name, reason)),
            None => Ok(Self::over_a_month(name, sli, objective)),
        }
    }

    /// The same for literals; in a `const` a wrong name fails the build.
    ///
    /// # Panics
    ///
    /// If [`Slo::new`] refuses the name.
    #[must_use]
    pub const fn literal(name: &'static str, sli: Sli, objective: Objective) -> Self {
        if let Some(reason) = name_fault(name) {
            panic!("{}", ObjectiveError::new(name, reason).reason());
        }
        Self::over_a_month(Cow::Borrowed(name), sli, objective)
    }

    const fn over_a_month(name: Cow<'static, str>, sli: Sli, objective: Objective) -> Self {
        Self {
            name,
            sli,
            end: LatencyEnd::Usual,
            objective,
            window: Window::DAYS_30,
            slices: None,
            alerts: AlertPolicy::DEFAULT,
            source: Source::None,
            labels: Vec::new(),
        }
    }

    /// Promises over another window.
    #[must_use]
    pub const fn with_window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Promises a share of the time instead of the events: budget, burn rates, alerts and forecast count slices of time,
    /// each good if enough of its events are.
    ///
    /// ```
    /// use slo_core::{Objective, Sli, Slo, TimeSlices};
    /// // Works in 99.9 % of all minutes, which is to answer 95 % of their requests.
    /// const UP: Slo = Slo::literal("up", Sli::Availability, Objective::literal("99.9%"))
    ///     .with_time_slices(TimeSlices::literal("95% per 1m"));
    /// assert!(UP.time_slices().is_some());
    /// ```
    #[must_use]
    pub const fn with_time_slices(mut self, slices: TimeSlices) -> Self {
        self.slices = Some(slices);
        self
    }

    /// Measures the latency to another end. An SLO that looks at no time, or at operations, is indifferent to it.
    #[must_use]
    pub const fn with_latency_end(mut self, end: LatencyEnd) -> Self {
        self.end = end;
        self
    }

    /// Alerts by another policy.
    #[must_use]
    pub const fn with_alerts(mut self, alerts: AlertPolicy) -> Self {
        self.alerts = alerts;
        self
    }

    /// Counts the requests of one route, written as method and template, `POST /orders/{id}`, or the calls of one gRPC
    /// method, written as `package.Service/Method`.
    ///
    /// # Errors
    ///
    /// If the text is neither a method, one space and a template starting with `/`, nor the full name of a gRPC method.
    pub fn with_route(mut self, route: impl Into<Cow<'static, str>>) -> Result<Self, ObjectiveError> {
        let route = route.into();
        if let Some(reason) = route_fault(&route) {
            return Err(ObjectiveError::new(&route, reason));
        }
        self.source = Source::Route(route);
        Ok(self)
    }

    /// Counts the runs of one operation that is no request, such as a nightly job.
    ///
    /// # Errors
    ///
    /// If the name is not one an SLO could have.
    pub fn with_operation(mut self, name: impl Into<Cow<'static, str>>) -> Result<Self, ObjectiveError> {
        let name = name.into();
        if let Some(reason) = name_fault(&name) {
            return Err(ObjectiveError::new(&name, reason));
        }
        self.source = Source::Operation(name);
        Ok(self)
    }

    /// Adds a label to `slo_info`, such as the owning team.
    ///
    /// # Errors
    ///
    /// If the name is no Prometheus label name, is one we write ourselves, or is given twice.
    pub fn with_label(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Result<Self, ObjectiveError> {
        let name = name.into();
        if let Some(reason) = label_fault(&name) {
            return Err(ObjectiveError::new(&name, reason));
        }
        if self.labels.iter().any(|(other, _)| *other == name) {
            return Err(ObjectiveError::new(&name, Reason::LabelTwice));
        }
        self.labels.push((name, value.into()));
        Ok(self)
    }

    /// Returns the name, the value of the `slo` label.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what makes an event good.
    #[must_use]
    pub const fn sli(&self) -> Sli {
        self.sli
    }

    /// Returns where the latency ends that the SLO looks at.
    #[must_use]
    pub const fn latency_end(&self) -> LatencyEnd {
        self.end
    }

    /// Returns the promised share of good events.
    #[must_use]
    pub const fn objective(&self) -> Objective {
        self.objective
    }

    /// Returns the period the promise is about.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// Returns the slices of time that count, unless events do.
    #[must_use]
    pub const fn time_slices(&self) -> Option<TimeSlices> {
        self.slices
    }

    /// Returns when the SLO alerts.
    #[must_use]
    pub const fn alerts(&self) -> &AlertPolicy {
        &self.alerts
    }

    /// Returns the rows of the policy that can fire for this SLO, by their index in it.
    pub(crate) fn alert_rows(&self) -> impl Iterator<Item = (usize, &AlertRow)> {
        let is_long = |row: &AlertRow| self.slices.is_none_or(|slices| row.holds(self.window, slices));
        let can_fire = move |row: &AlertRow| row.can_fire(self.objective) && is_long(row);
        self.alerts.rows().iter().enumerate().filter(move |(_, row)| can_fire(row))
    }

    /// Returns the route whose requests count, if one was named.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        match &self.source {
            Source::Route(route) => Some(route),
            Source::Operation(_) | Source::None => None,
        }
    }

    /// Returns the operation whose runs count, if one was named.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        match &self.source {
            Source::Operation(name) => Some(name),
            Source::Route(_) | Source::None => None,
        }
    }

    /// Returns the labels of `slo_info`, in the order given.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(name, value)| (&**name, &**value))
    }
}

const fn name_fault(name: &str) -> Option<Reason> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Some(Reason::NameEmpty);
    }
    if bytes.len() > NAME_BYTES_MAX {
        return Some(Reason::NameTooLong);
    }
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'-' | b'_' | b'.')) {
            return Some(Reason::NameCharacter);
        }
        at += 1;
    }
    None
}

/// Says what is wrong with a route, if anything.
pub(crate) fn route_fault(route: &str) -> Option<Reason> {
    let is_right = match route.split_once(' ') {
        Some((method, template)) => {
            let is_odd = |c: char| c.is_whitespace() || c.is_control();
            METHODS.contains(&method) && template.starts_with('/') && !template.contains(is_odd)
        }
        None => is_call(route),
    };
    if !is_right {
        return Some(Reason::RouteMalformed);
    }
    (route.len() > ROUTE_BYTES_MAX).then_some(Reason::RouteTooLong)
}

/// Returns whether this is the full name of a gRPC method.
fn is_call(route: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    route.split_once('/').is_some_and(|(service, method)| service.split('.').all(is_name) && is_name(method))
}

/// Splits a route into its method and its template; a gRPC call has no method but `POST`, and here none.
pub(crate) fn split_route(route: &str) -> Result<(&str, &str), ObjectiveError> {
    match route_fault(route) {
        None => Ok(route.split_once(' ').unwrap_or(("", route))),
        Some(fault) => Err(ObjectiveError::new(route, fault)),
    }
}

/// Refuses what is no name for a label of a user, where these are ours as well.
///
/// # Errors
///
/// If the name is no Prometheus label name, or is one we write ourselves.
#[cfg(feature = "generate")]
pub(crate) fn check_label(name: &str, ours: &[&str]) -> Result<(), ObjectiveError> {
    let reserved = ours.contains(&name).then_some(Reason::LabelReserved);
    label_fault(name).or(reserved).map_or(Ok(()), |reason| Err(ObjectiveError::new(name, reason)))
}

/// Says what is wrong with a label name, if anything.
pub(crate) fn label_fault(name: &str) -> Option<Reason> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty()
        || name.as_bytes()[0].is_ascii_digit()
        || !name.bytes().all(plain)
        || name.starts_with("__")
    {
        return Some(Reason::LabelName);
    }
    crate::naming::INFO_LABELS.contains(&name).then_some(Reason::LabelReserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slo() -> Slo {
        Slo::literal("x", Sli::Availability, Objective::literal("99%"))
    }

    #[test]
    fn wrong_parts_are_refused() {
        let objective = Objective::literal("99%");
        for (name, expected) in [
            (String::new(), Reason::NameEmpty),
            ("a b".into(), Reason::NameCharacter),
            ("a\"b".into(), Reason::NameCharacter),
            ("a".repeat(101), Reason::NameTooLong),
        ] {
            let error = ObjectiveError::new(&name, expected);
            assert_eq!(Slo::new(name, Sli::Availability, objective), Err(error));
        }
        for route in [
            "GETT /orders",
            "/orders",
            "POST",
            "POST orders",
            "post /orders",
            "POST  /orders",
            "POST /a b",
            "",
            "shop.Shop/",
            "/shop.Shop/Buy",
            "shop..Shop/Buy",
            "shop.Shop/*",
            "shop.Shop/Buy/Now",
        ] {
            assert_eq!(
                slo().with_route(route),
                Err(ObjectiveError::new(route, Reason::RouteMalformed)),
                "{route}"
            );
        }
        for (label, expected) in [
            ("", Reason::LabelName),
            ("9lives", Reason::LabelName),
            ("a-b", Reason::LabelName),
            ("__name__", Reason::LabelName),
            ("slo", Reason::LabelReserved),
        ] {
            assert_eq!(slo().with_label(label, "v"), Err(ObjectiveError::new(label, expected)), "{label}");
        }
        let twice = slo().with_label("team", "a").and_then(|slo| slo.with_label("team", "b"));
        assert_eq!(twice, Err(ObjectiveError::new("team", Reason::LabelTwice)));
    }
}
