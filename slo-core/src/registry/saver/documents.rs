//! Small documents that are saved beside the counts, for parts that remember more than numbers.
//!
//! They are kept in memory, and whoever puts one there waits for no disk. How many there are is for whoever puts them
//! there to limit; how long each may be is limited here.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::Record;

/// Documents by their key, and which of them are not saved yet.
#[derive(Debug, Default)]
pub(super) struct Documents {
    all: BTreeMap<String, Vec<u8>>,
    changed: BTreeSet<String>,
}

impl Documents {
    /// No document is longer.
    pub(super) const BYTES_MAX: usize = 1024 * 1024;

    /// Keeps a document under a key, in place of any other; `false` if it is too long.
    pub(super) fn put(&mut self, key: &str, document: Vec<u8>) -> bool {
        if document.len() > Self::BYTES_MAX {
            return false;
        }
        if self.all.get(key) != Some(&document) {
            self.all.insert(key.to_owned(), document);
            self.changed.insert(key.to_owned());
        }
        true
    }

    pub(super) fn remove(&mut self, key: &str) {
        if self.all.remove(key).is_some() {
            self.changed.insert(key.to_owned());
        }
    }

    /// Returns the documents whose keys begin like this.
    pub(super) fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let from = self.all.range(prefix.to_owned()..);
        from.take_while(move |(key, _)| key.starts_with(prefix)).map(|(key, bytes)| (&**key, &**bytes))
    }
}

impl Documents {
    pub(super) const fn new(all: BTreeMap<String, Vec<u8>>) -> Self {
        Self { all, changed: BTreeSet::new() }
    }

    /// Takes the frames of what has changed; whoever fails to save them gives the keys back.
    pub(super) fn take_changed(&mut self) -> (BTreeSet<String>, Vec<Record>) {
        let changed = std::mem::take(&mut self.changed);
        let record = |key: &String| Record::Document(key.clone(), self.all.get(key).cloned());
        let records = changed.iter().map(record).collect();
        (changed, records)
    }

    /// Takes the frames of all.
    pub(super) fn take_all(&mut self) -> (BTreeSet<String>, Vec<Record>) {
        let record = |(key, bytes): (&String, &Vec<u8>)| Record::Document(key.clone(), Some(bytes.clone()));
        (std::mem::take(&mut self.changed), self.all.iter().map(record).collect())
    }

    pub(super) fn give_back(&mut self, changed: BTreeSet<String>) {
        self.changed.extend(changed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::lock;
    use crate::{Clock, Registry, Timestamp};

    #[test]
    fn documents_come_back_until_they_are_removed() {
        let directory = std::env::temp_dir().join(format!("slo-documents-{}", std::process::id()));
        let open = || {
            let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
            Registry::builder("shop").clock(clock).state_dir(&directory).build().expect("it is free")
        };
        let with = |registry: &Registry, work: &dyn Fn(&mut Documents)| {
            work(&mut lock(&registry.shared().saver.as_ref().expect("there is one").documents));
        };
        let found = |registry: &Registry, prefix: &str| -> Vec<(String, Vec<u8>)> {
            let documents = lock(&registry.shared().saver.as_ref().expect("there is one").documents);
            documents.starting_with(prefix).map(|(key, bytes)| (key.to_owned(), bytes.to_owned())).collect()
        };
        let registry = open();
        with(&registry, &|documents| {
            assert!(documents.put("note/1", b"one".to_vec()) && documents.put("note/2", b"two".to_vec()));
            assert!(documents.put("period/a", b"a".to_vec()));
            assert!(!documents.put("note/3", vec![0; Documents::BYTES_MAX + 1]));
        });
        registry.tick(registry.clock().now());
        // Appended to the first file: one is replaced, one is removed.
        with(&registry, &|documents| {
            assert!(documents.put("note/2", b"TWO".to_vec()));
            documents.remove("note/1");
        });
        registry.tick(registry.clock().now());
        drop(registry);
        let registry = open();
        assert_eq!(found(&registry, "note/"), [("note/2".to_owned(), b"TWO".to_vec())]);
        assert_eq!(found(&registry, "").len(), 2);
        drop(registry);
        std::fs::remove_dir_all(&directory).expect("it is ours");
    }
}
