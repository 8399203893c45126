//! Promises that operators change in a file, without a build.
//!
//! Files are read once, when the registry is built, and in the order in which they were given: each is about what those before
//! have made of the SLOs. One with a mistake in it changes nothing, and everybody who looks is told: in the log, in the status, by a
//! metric. Whoever would rather not start at all with such a file says so.

use std::collections::HashMap;
use std::panic::Location;
use std::path::PathBuf;

use super::build_error::BuildError;
use super::overrides_status::OverridesStatus;
use super::{Registry, RegistryBuilder};
use crate::objective::Slo;
use crate::openslo::{Changes, OpenSloError, read_file, write};

/// The files.
#[derive(Debug, Default)]
pub(super) struct Overrides(Vec<File>);

#[derive(Debug)]
struct File {
    path: PathBuf,
    is_required: bool,
    location: &'static Location<'static>,
}

/// What became of the files.
#[derive(Debug, Default)]
pub(super) struct Overridden {
    status: Option<OverridesStatus>,
    errors: Vec<OpenSloError>,
}

/// What the files make of the promises.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// By name.
    pub(super) changed: HashMap<String, Slo>,
    pub(super) added: Vec<(Slo, &'static Location<'static>)>,
    pub(super) overridden: Overridden,
}

impl RegistryBuilder {
    /// Lets a file of OpenSLO v1 documents change the promises, so that an operator needs no build for another target: the file
    /// goes before what is compiled. It is read once, when the registry is built.
    ///
    /// A document of the kind `SLO` changes the SLO of its `metadata.name`: target, window, slices of time, alert rows, labels, and by
    /// the annotations of what [`Registry::openslo`] exports also threshold and floor. What it does not mention stays. Whose
    /// events count, and what makes one good, is for the code to say; a document that has the annotations for both, `slo/sli` and
    /// `slo/route` or `slo/operation`, declares an SLO that is not compiled.
    ///
    /// A file in which anything is wrong is left out as a whole, and the compiled promises stay in force: the log says why, and so do
    /// [`Registry::openslo_errors`], [`Status::overrides`](crate::Status::overrides) and `slo_overrides_failing`. See
    /// [`RegistryBuilder::require_openslo_file`] for the other way.
    ///
    /// ```
    /// use slo_core::{Objective, Registry, Sli, Slo};
    ///
    /// # let path = std::env::temp_dir().join(format!("slo-openslo-example-{}.yaml", std::process::id()));
    /// std::fs::write(&path, "
    /// apiVersion: openslo/v1
    /// kind: SLO
    /// metadata:
    ///   name: billing
    /// spec:
    ///   objectives:
    ///     - target: 0.995
    /// ")?;
    /// let slo = Slo::new("billing", Sli::Availability, Objective::parse("99.9%")?)?.with_operation("billing")?;
    /// let registry = Registry::builder("shop").slo(slo.clone()).openslo_file(&path).build()?;
    /// assert_eq!(registry.status().slos[0].objective, Objective::parse("99.5%")?);
    ///
    /// std::fs::write(&path, "apiVersion: openslo/v2")?;
    /// let registry = Registry::builder("shop").slo(slo).openslo_file(&path).build()?;
    /// assert_eq!(registry.status().slos[0].objective, Objective::parse("99.9%")?);
    /// assert!(registry.openslo_errors()[0].to_string().ends_with(r#":1:13: apiVersion "openslo/v2" is not read: write openslo/v1"#));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn openslo_file(mut self, path: impl Into<PathBuf>) -> Self {
        let location = Location::caller();
        self.overrides.0.push(File { path: path.into(), is_required: false, location });
        self
    }

    /// The same, but a file in which anything is wrong fails the build with [`BuildError::OpenSlo`]: for services that must not run
    /// with other promises than those of the file.
    #[track_caller]
    pub fn require_openslo_file(mut self, path: impl Into<PathBuf>) -> Self {
        let location = Location::caller();
        self.overrides.0.push(File { path: path.into(), is_required: true, location });
        self
    }

    /// Returns what the files make of these promises.
    pub(super) fn overridden(&mut self) -> Result<Promises, BuildError> {
        let Overrides(files) = std::mem::take(&mut self.overrides);
        if files.is_empty() {
            return Ok(Promises::default());
        }
        let own = self.slos.iter().map(|(slo, _)| slo.clone());
        // Those that are not valid are refused with their place when they are added.
        let declared = self.declarations.iter().filter_map(|declaration| declaration.slos().ok());
        let mut slos: Vec<Slo> = own.chain(declared.flatten()).collect();
        let mut promises = Promises::default();
        let mut status = OverridesStatus::default();
        for File { path, is_required, location } in files {
            match read_file(&path, &self.service, &slos) {
                Ok(changes) => promises.take(changes, &mut slos, &mut status, location),
                Err(error) if is_required => return Err(BuildError::OpenSlo(error)),
                Err(error) => {
                    say(&self.service, &error);
                    status.failing = true;
                    promises.overridden.errors.push(error);
                }
            }
        }
        promises.overridden.status = Some(status);
        Ok(promises)
    }
}

impl Promises {
    fn take(
        &mut self,
        changes: Changes,
        slos: &mut Vec<Slo>,
        status: &mut OverridesStatus,
        location: &'static Location<'static>,
    ) {
        for slo in changes.changed {
            let Some(before) = slos.iter_mut().find(|before| before.name() == slo.name()) else { continue };
            if *before == slo {
                continue;
            }
            if let Some((added, _)) = self.added.iter_mut().find(|(added, _)| added.name() == slo.name()) {
                added.clone_from(&slo);
            } else {
                if !status.changed.iter().any(|name| name == slo.name()) {
                    status.changed.push(slo.name().to_owned());
                }
                self.changed.insert(slo.name().to_owned(), slo.clone());
            }
            *before = slo;
        }
        for slo in changes.added {
            status.added.push(slo.name().to_owned());
            slos.push(slo.clone());
            self.added.push((slo, location));
        }
    }
}

impl Overridden {
    pub(super) fn status(&self) -> Option<OverridesStatus> {
        self.status.clone()
    }
}

impl Registry {
    /// Writes all SLOs, as they are in force, as OpenSLO v1 documents: for other tools, and to be changed and read by
    /// [`RegistryBuilder::openslo_file`].
    ///
    /// ```
    /// use slo_core::{Objective, Registry, Sli, Slo};
    ///
    /// let slo = Slo::new("billing", Sli::Availability, Objective::parse("99.999%")?)?.with_operation("billing")?;
    /// let documents = Registry::builder("shop").slo(slo).build()?.openslo();
    /// assert!(documents.contains("target: 0.99999\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn openslo(&self) -> String {
        let shared = self.shared();
        write(&shared.service, &shared.slos)
    }

    /// Returns why files that [`RegistryBuilder::openslo_file`] was given are not obeyed; empty if they are.
    #[must_use]
    pub fn openslo_errors(&self) -> &[OpenSloError] {
        &self.shared().overridden.errors
    }
}

#[cfg(feature = "tracing")]
fn say(service: &str, error: &OpenSloError) {
    tracing::event!(
        target: "slo::openslo",
        tracing::Level::ERROR,
        service,
        path = %error.path().display(),
        "the compiled promises stay in force: {error}"
    );
}

#[cfg(not(feature = "tracing"))]
const fn say(_: &str, _: &OpenSloError) {}
