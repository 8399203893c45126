//! The files of the repository, or nothing at all where only this crate was unpacked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::source::{Finding, SourceFile};

/// Directories that are never ours to check, for where git cannot be asked.
const UNTRACKED: &[&str] = &[".git", "target", "slo-state"];

/// The checked-out workspace.
pub(crate) struct Repository {
    root: PathBuf,
    /// Paths from the root, with `/` between their parts, sorted.
    pub(crate) files: Vec<String>,
}

impl Repository {
    /// Finds the workspace this crate lies in; says so and returns nothing if it was packaged alone.
    pub(crate) fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.to_path_buf();
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
        if !manifest.contains("[workspace]") {
            eprintln!("tidy: skipped: there is no workspace around this package");
            return None;
        }
        let mut files = listed(&root);
        if files.is_empty() {
            walk(&root, "", &mut files);
        }
        files.retain(|file| root.join(file).is_file());
        files.sort();
        Some(Self { root, files })
    }

    /// Returns the text of a file; empty if there is no such file, so that rules can say what is missing.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    /// Returns every Rust file whose path starts with `prefix`.
    pub(crate) fn rust_files(&self, prefix: &str) -> Vec<SourceFile> {
        let wanted = self.files.iter().filter(|path| path.starts_with(prefix) && path.ends_with(".rs"));
        wanted.map(|path| SourceFile::parse(path, &self.read(path))).collect()
    }

    pub(crate) fn markdown_files(&self) -> impl Iterator<Item = (&str, String)> {
        self.files.iter().filter(|path| path.ends_with(".md")).map(|path| (path.as_str(), self.read(path)))
    }
}

/// Fails with every finding, one a line.
pub(crate) fn report(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "\n{}\n({} to put right)\n", lines.join("\n"), findings.len());
}

/// Asks git for tracked files and for new ones that are not ignored; empty if git cannot tell.
fn listed(root: &Path) -> Vec<String> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let Ok(output) = Command::new("git").args(arguments).current_dir(root).output() else {
        return Vec::new();
    };
    let names = String::from_utf8_lossy(&output.stdout);
    names.split('\0').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

fn walk(directory: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if UNTRACKED.contains(&name.as_str()) {
            continue;
        }
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{prefix}{name}/"), files);
        } else {
            files.push(format!("{prefix}{name}"));
        }
    }
}

mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_what_git_lists() {
        let Some(repository) = Repository::find() else { return };
        let mut walked = Vec::new();
        walk(&repository.root, "", &mut walked);
        let missing: Vec<&String> = repository.files.iter().filter(|file| !walked.contains(file)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    #[cfg(unix)]
    fn no_repository_lists_nothing() {
        assert_eq!(listed(Path::new("/proc")), Vec::<String>::new());
    }
}
