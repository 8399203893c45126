//! A text to be kept in a repository, and the test that it is not forgotten there.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fmt, fs};

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

/// The variable of the environment that has stale files written anew.
const UPDATE: &str = "SLO_UPDATE";

/// A generated file of YAML or JSON, the same to the last byte as long as the declarations are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct GeneratedFile {
    name: String,
    text: String,
}

impl GeneratedFile {
    /// Writes YAML: a comment, and below it what it is about.
    pub(super) fn new(name: &str, comment: &str, content: &impl Serialize) -> Self {
        let mut text = String::new();
        for line in comment.lines() {
            text.push_str(format!("# {line}").trim_end());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&serde_saphyr::to_string(content).expect("texts, and lists and maps of them"));
        Self { name: name.to_owned(), text }
    }

    /// Writes JSON, which has no comments.
    pub(super) fn json(name: &str, content: Value) -> Self {
        let mut text = serde_json::to_string_pretty(&sorted(content)).expect("names are strings");
        text.push('\n');
        Self { name: name.to_owned(), text }
    }

    /// Returns what to call the file, such as `slo-rules.yaml`.
    ///
    /// ```
    /// use slo_core::Registry;
    ///
    /// let generator = Registry::builder("shop").build()?.generate();
    /// let names = generator.dashboards().iter().map(|board| board.name().to_owned()).collect::<Vec<_>>();
    /// assert_eq!(names, ["slo-overview-shop.json", "slo-slo-shop.json", "slo-service-shop.json"]);
    /// assert_eq!(generator.rules().name(), "slo-rules.yaml");
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the whole text, which is YAML also where it is JSON.
    #[must_use]
    pub fn to_yaml(&self) -> &str {
        &self.text
    }

    /// Fails a test if the file at this path is not this text any more, and shows what has changed. Cargo runs tests in the
    /// directory of their package.
    ///
    /// With `SLO_UPDATE=1` in the environment it writes the file instead, and the directory it lies in.
    ///
    /// ```
    /// use slo_core::{Objective, Registry, Sli, Slo};
    ///
    /// # let directory = std::env::temp_dir().join(format!("slo-rules-{}", std::process::id()));
    /// # std::fs::create_dir_all(&directory)?;
    /// # let path = directory.join("slo-rules.yaml");
    /// let slo = Slo::new("checkout", Sli::Availability, Objective::parse("99.9%")?)?.with_operation("checkout")?;
    /// let rules = Registry::builder("shop").slo(slo).build()?.generate().rules();
    /// # std::fs::write(&path, rules.to_yaml())?;
    /// rules.assert_current(path); // in a test: "ops/slo-rules.yaml"
    /// # std::fs::remove_dir_all(directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the file is not there, is stale, or cannot be written.
    #[track_caller]
    pub fn assert_current(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if std::env::var_os(UPDATE).is_some_and(|update| !update.is_empty() && update != "0") {
            if let Err(error) = self.write(path) {
                panic!("{} cannot be written: {error}", path.display());
            }
            return;
        }
        if let Err(complaint) = self.compare(path) {
            panic!("{complaint}");
        }
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, &self.text)
    }

    /// Says what is wrong with the file, and what to do about it.
    fn compare(&self, path: &Path) -> Result<(), String> {
        let (shown, advice) = (path.display(), format!("run this test once with {UPDATE}=1 and commit it"));
        let kept = fs::read_to_string(path)
            .map_err(|error| format!("{shown} cannot be read ({error}): {advice}"))?;
        // Git may have its own opinion on how lines end.
        let kept = kept.replace("\r\n", "\n");
        if kept == self.text {
            return Ok(());
        }
        let difference = TextDiff::from_lines(&kept, &self.text);
        let difference =
            difference.unified_diff().context_radius(2).header("committed", "declared").to_string();
        Err(format!("{shown} is not what is declared any more: {advice}\n{difference}"))
    }
}

impl fmt::Display for GeneratedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Puts all names in order, whatever order `serde_json` is told to keep by somebody else in the build.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let entries: BTreeMap<_, _> =
                entries.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_shown_with_what_has_changed() {
        let directory = std::env::temp_dir().join(format!("slo-generated-{}", std::process::id()));
        let path = directory.join("ops").join("rules.yaml");
        let file = |value: &str| {
            GeneratedFile::new("a.yaml", "Made by a test.\n\nTwice.", &[("a", "1"), ("b", value)])
        };
        let complaint = file("2").compare(&path).unwrap_err();
        assert!(complaint.contains("cannot be read") && complaint.contains("SLO_UPDATE=1"), "{complaint}");
        file("2").write(&path).unwrap();
        assert_eq!(file("2").compare(&path), Ok(()));
        fs::write(&path, file("2").to_yaml().replace('\n', "\r\n")).unwrap();
        assert_eq!(file("2").compare(&path), Ok(()));
        let complaint = file("3").compare(&path).unwrap_err();
        assert!(
            complaint.contains("\n-") && complaint.contains("\n+") && complaint.contains("SLO_UPDATE=1"),
            "{complaint}"
        );
        assert!(file("2").to_yaml().starts_with("# Made by a test.\n#\n# Twice.\n\n"));
        fs::remove_dir_all(directory).unwrap();
    }
}
