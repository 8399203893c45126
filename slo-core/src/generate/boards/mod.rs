//! Dashboards of Grafana over what the rules record and the processes expose, and nothing else.
//!
//! They come from the same declarations as the rules, and spell no name themselves, so a board cannot ask for what is not
//! there. What depends on an SLO, such as the lines of its policy, is asked of that SLO alone.
//! What must never happen: a zero, or a line through it, where nothing is known.

mod board;
mod overview;
mod panel;
mod provision;
mod question;
mod service;
mod slo;

use std::fmt;

use super::{GeneratedFile, Generator};

/// A dashboard that [`Generator::dashboard`] writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dashboard {
    /// All SLOs: what is left of their budgets, how fast they burn and what fires.
    Overview,
    /// One SLO, chosen on the board: its budget, its burn beside the policy's lines, its events, latency and bad routes.
    Slo,
    /// The service: latency, traffic, errors and saturation.
    Service,
}

impl Dashboard {
    /// All of them, from the whole to the parts.
    pub const ALL: [Self; 3] = [Self::Overview, Self::Slo, Self::Service];

    /// Returns its name: `overview`, `slo` or `service`.
    ///
    /// ```
    /// use slo_core::Dashboard;
    ///
    /// let names = Dashboard::ALL.map(Dashboard::as_str);
    /// assert_eq!(names, ["overview", "slo", "service"]);
    /// assert!(Dashboard::ALL.into_iter().all(|board| Dashboard::named(board.as_str()) == Some(board)));
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Slo => "slo",
            Self::Service => "service",
        }
    }

    /// Returns the one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|board| board.as_str() == name)
    }

    /// Returns by what Grafana knows it: the same for a service as long as its name is. Grafana takes 40 characters.
    fn uid(self, service: &str) -> String {
        const LONGEST: usize = 40 - "slo-overview-".len();
        let plain =
            |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
        let mut name: String = service.chars().map(|each| if plain(each) { each } else { '-' }).collect();
        if name != service || name.len() > LONGEST {
            // Services whose names are alike only when they are shortened have boards of their own.
            name.truncate(LONGEST - 9);
            name = format!("{name}-{:08x}", fingerprint(service));
        }
        format!("slo-{}-{name}", self.as_str())
    }
}

impl fmt::Display for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Dashboards.
impl Generator {
    /// Returns a dashboard of Grafana, to be imported or provisioned. It asks for what [`Generator::rules`] record, so these
    /// must be loaded, and for what the processes expose. The data source is chosen on the board.
    ///
    /// Its file is called after its uid, which is the same for a service as long as its name is.
    ///
    /// ```
    /// use slo_core::{Dashboard, Objective, Registry, Sli, Slo};
    ///
    /// let slo = Slo::new("checkout", Sli::Availability, Objective::parse("99.9%")?)?.with_operation("checkout")?;
    /// let generator = Registry::builder("shop").slo(slo).build()?.generate().matching(r#"job="shop""#)?;
    /// let overview = generator.dashboard(Dashboard::Overview);
    /// assert_eq!(overview.name(), "slo-overview-shop.json");
    /// assert!(overview.as_str().contains("slo:period_error_budget_remaining:ratio"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dashboard(&self, board: Dashboard) -> GeneratedFile {
        let content = match board {
            Dashboard::Overview => overview::board(self),
            Dashboard::Slo => slo::board(self),
            Dashboard::Service => service::board(self),
        };
        GeneratedFile::json(&format!("{}.json", board.uid(&self.service)), content)
    }

    /// Returns all dashboards.
    ///
    /// ```
    /// use slo_core::Registry;
    ///
    /// # let directory = std::env::temp_dir().join(format!("slo-boards-{}", std::process::id()));
    /// # std::fs::create_dir_all(&directory)?;
    /// let generator = Registry::builder("shop").build()?.generate();
    /// for board in generator.dashboards() {
    ///     # std::fs::write(directory.join(board.name()), board.as_str())?;
    ///     board.assert_current(directory.join(board.name())); // in a test: "ops/dashboards"
    /// }
    /// # std::fs::remove_dir_all(directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dashboards(&self) -> Vec<GeneratedFile> {
        Dashboard::ALL.map(|board| self.dashboard(board)).into()
    }

    /// Returns a file for `provisioning/dashboards` of Grafana: it loads all dashboards that lie in `directory`, where Grafana
    /// finds it, into a folder that is called `SLO`.
    ///
    /// ```
    /// let generator = slo_core::Registry::builder("shop").build()?.generate();
    /// let file = generator.grafana_dashboards("/var/lib/grafana/dashboards/slo");
    /// assert!(file.to_yaml().contains("path: /var/lib/grafana/dashboards/slo"));
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    pub fn grafana_dashboards(&self, directory: &str) -> GeneratedFile {
        provision::dashboards(self, directory)
    }

    /// Returns a file for `provisioning/datasources` of Grafana: the Prometheus at `url`, as Grafana reaches it. Set `timeInterval` in
    /// it to the interval between two scrapes, if that is not 15 s: what a board asks of a moment reaches back as far as that tells.
    ///
    /// ```
    /// let generator = slo_core::Registry::builder("shop").build()?.generate();
    /// let file = generator.grafana_datasource("http://prometheus:9090");
    /// assert!(file.to_yaml().contains("timeInterval: 15s"));
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    pub fn grafana_datasource(&self, url: &str) -> GeneratedFile {
        provision::datasource(url)
    }
}

/// FNV-1a: stays the same, whatever the standard library hashes with.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_what_grafana_takes_and_the_service_s_own() {
        assert_eq!(Dashboard::Slo.uid("shop"), "slo-slo-shop");
        let long = "a-service-whose-name-is-rather-long";
        let uids =
            ["a/b", "a b", "Töpfe", long, &format!("{long}er")].map(|name| Dashboard::Overview.uid(name));
        for uid in &uids {
            assert!(uid.len() <= 40 && uid.starts_with("slo-overview-"), "{uid}");
            assert!(uid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{uid}");
            assert_eq!(uids.iter().filter(|other| *other == uid).count(), 1, "{uid}");
        }
        // As published for this hash.
        assert_eq!(fingerprint("foobar"), 0xbf9c_f968);
    }
}
