//! Which routes count for which SLO, and which series belong to a route.
//!
//! Both are worked out once for all SLOs: asked for each SLO alone, a status would look at every series as often as
//! there are SLOs.

use super::shared::Shared;
use super::status::{LatencyStatus, SloStatus};
use crate::histogram::Histogram;

/// Routes by SLO and series by route, as far as they are known.
#[derive(Debug)]
pub(super) struct Feeds {
    routes: Vec<Vec<usize>>,
    series: Grouped,
}

impl Feeds {
    /// Looks at every route and every series once.
    pub(super) fn of(shared: &Shared) -> Self {
        let mut routes = vec![Vec::new(); shared.slos.len()];
        let mut known = 0;
        for (index, route) in shared.routes.iter() {
            known = index + 1;
            for slo in [route.own(), route.bound()].into_iter().flat_map(|goals| shared.slos_of(goals)) {
                // A route may be named by an SLO and bound to it as well.
                if routes[slo].last() != Some(&index) {
                    routes[slo].push(index);
                }
            }
        }
        let series = Grouped::new(known, || shared.routes.series().map(|(_, series)| series.route));
        Self { routes, series }
    }

    /// Adds which routes feed an SLO, and how fast they are.
    pub(super) fn add_to(&self, slo: &mut SloStatus, index: usize, shared: &Shared) {
        let routes = &self.routes[index];
        slo.routes = routes.iter().filter_map(|route| Some(shared.routes.get(*route)?.name())).collect();
        let mut histogram = Histogram::new(&shared.layout);
        for series in self.series_of(index) {
            shared.add_latencies(series, &mut histogram);
        }
        slo.latency = LatencyStatus::of(&histogram);
    }

    /// Returns the series whose events count for an SLO.
    pub(super) fn series_of(&self, slo: usize) -> impl Iterator<Item = usize> {
        self.routes[slo].iter().flat_map(|route| self.series.of(*route)).copied()
    }
}

/// Indices of things by the group they are in, in one allocation for all groups.
#[derive(Debug)]
struct Grouped {
    /// Where each group starts, and where the last one ends.
    starts: Vec<usize>,
    things: Vec<usize>,
}

impl Grouped {
    /// `group_of` gives the group of each thing, in the order of their indices; things of groups beyond the known
    /// ones are left out.
    fn new<I: Iterator<Item = usize>>(groups: usize, group_of: impl Fn() -> I) -> Self {
        let mut starts = vec![0; groups + 1];
        let mut seen = 0;
        for group in group_of() {
            seen += 1;
            if group < groups {
                starts[group + 1] += 1;
            }
        }
        for group in 0..groups {
            starts[group + 1] += starts[group];
        }
        let (mut next, mut things) = (starts.clone(), vec![0; starts[groups]]);
        // No more than were counted: there may be new ones by now.
        for (thing, group) in group_of().take(seen).enumerate().filter(|(_, group)| *group < groups) {
            things[next[group]] = thing;
            next[group] += 1;
        }
        Self { starts, things }
    }

    fn of(&self, group: usize) -> &[usize] {
        &self.things[self.starts[group]..self.starts[group + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_found_by_their_group() {
        let grouped = Grouped::new(3, || [2, 0, 2, 7, 0].into_iter());
        assert_eq!([0, 1, 2].map(|group| grouped.of(group)), [&[1, 4][..], &[], &[0, 2]]);
        assert!(Grouped::new(0, std::iter::empty).things.is_empty());
    }
}
