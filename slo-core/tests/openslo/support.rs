//! Registries that read documents.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use slo_core::{
    AlertPolicy, AlertRow, Clock, Objective, Registry, RegistryBuilder, Severity, Sli, Slo, Threshold,
    Timestamp,
};

pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

/// So many random documents; `PROPTEST_CASES` asks for more.
pub(crate) fn cases(few: u32) -> u32 {
    std::env::var("PROPTEST_CASES").map_or(few, |cases| cases.parse().expect("PROPTEST_CASES is a number"))
}

/// A file that is gone with its owner.
pub(crate) struct File {
    directory: PathBuf,
}

impl File {
    pub(crate) fn of(text: &str) -> Self {
        static FILES: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only the number itself matters.
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("slo-openslo-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).expect("there is room");
        let file = Self { directory };
        file.write(text);
        file
    }

    pub(crate) fn write(&self, text: &str) {
        fs::write(self.path(), text).expect("there is room");
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join("slos.yaml")
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

pub(crate) fn builder(slos: impl IntoIterator<Item = Slo>) -> RegistryBuilder {
    let builder = Registry::builder("shop").without_declared().clock(Clock::manual(START));
    slos.into_iter().fold(builder, RegistryBuilder::slo)
}

/// The promises that the documents of these tests are about.
pub(crate) fn declared() -> [Slo; 4] {
    let availability = Slo::literal("checkout-availability", Sli::Availability, Objective::literal("99.9%"));
    let fast = Sli::Latency { threshold: Threshold::literal("250ms") };
    let latency = Slo::literal("checkout-latency", fast, Objective::literal("99%"));
    // Fires in the first half of a budget of thirty days, and would fire after the end of one of an hour.
    let own =
        AlertPolicy::literal(&[AlertRow::literal(Severity::Page, Duration::from_secs(12 * 3_600), 50.0)]);
    let reports = Slo::literal("reports", Sli::Availability, Objective::literal("99.9%"));
    let job = Slo::literal("nightly_job", Sli::Availability, Objective::literal("95%"));
    [
        availability.with_route("POST /checkout").expect("it is one"),
        latency.with_route("POST /checkout").expect("it is one").with_alerts(AlertPolicy::PAGE),
        job.with_operation("nightly_job").expect("it is one").with_label("team", "ops").expect("it is one"),
        reports.with_operation("reports").expect("it is one").with_alerts(own),
    ]
}
