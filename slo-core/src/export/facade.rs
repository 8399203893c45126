//! Our counters and gauges, published through the `metrics` facade.
//!
//! For applications whose metrics already go somewhere through that facade. Histograms stay ours: the facade
//! takes single observations, and the counters that matter are exact without them.

use std::collections::HashSet;
use std::sync::PoisonError;

use metrics::{Key, Label, Level, Metadata};

use super::samples::{Part, Value};
use crate::naming::{FAMILIES, Family};
use crate::registry::Registry;
use crate::sync::Mutex;

/// Publishes a registry's counters and gauges to whatever [`metrics`] recorder is installed.
///
/// What `/metrics` leaves out because there is no answer, the ratio of a window that has emptied or the seconds until a
/// budget is gone that no longer goes, the facade cannot take back: it is told once that the value is no number (NaN).
///
/// ```
/// use slo_core::{FacadePublisher, Registry};
/// let registry = Registry::builder("shop").build()?;
/// let publisher = FacadePublisher::new(registry);
/// // Now and then, for example every ten seconds:
/// publisher.publish();
/// # Ok::<(), slo_core::BuildError>(())
/// ```
#[derive(Debug)]
pub struct FacadePublisher {
    registry: Registry,
    /// The gauges that had a value when they were last published.
    present: Mutex<HashSet<Key>>,
}

impl FacadePublisher {
    /// Describes our families to the installed recorder.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        for family in FAMILIES {
            match family.kind {
                crate::naming::FamilyKind::Counter => metrics::describe_counter!(family.name, family.help),
                crate::naming::FamilyKind::Gauge => metrics::describe_gauge!(family.name, family.help),
                crate::naming::FamilyKind::Histogram => {}
            }
        }
        Self { registry, present: Mutex::default() }
    }

    /// Sets every counter and gauge to its present value.
    pub fn publish(&self) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, mut gone) = (self.registry.counted(), std::mem::take(&mut *present));
        let metadata = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
        metrics::with_recorder(|recorder| {
            let mut publish = |family: &'static Family, labels: &[(&str, &str)], value| {
                let labels: Vec<Label> = labels
                    .iter()
                    .map(|(name, value)| Label::new((*name).to_owned(), (*value).to_owned()))
                    .collect();
                let key = Key::from_parts(family.name, labels);
                match value {
                    Value::Counter(count) => recorder.register_counter(&key, &metadata).absolute(count),
                    Value::Gauge(value) => {
                        recorder.register_gauge(&key, &metadata).set(value);
                        gone.remove(&key);
                        present.insert(key);
                    }
                }
            };
            for part in Part::ALL {
                let mut step = 0;
                while part.step(step, self.registry.shared(), &status, &mut publish) {
                    step += 1;
                }
            }
            gone.iter().for_each(|key| recorder.register_gauge(key, &metadata).set(f64::NAN));
        });
    }
}
