//! Files that are not what was written: cut off at any length, changed in any byte, of somebody else.

use std::fs;

use slo_core::{Registry, Slo, Timestamp};

use super::support::{Directory, events, of, open, over, slo, small, state, tick};

/// What can be read of a state: events of both windows, coverage of both, since when alerts fire.
type Read = Vec<((u64, u64), String, Vec<Option<Timestamp>>)>;

fn read(registry: &Registry, slos: &[Slo]) -> Read {
    let one = |slo: &Slo| {
        let status = of(registry, slo.name());
        let alerts = status.alerts.iter().map(|alert| alert.since).collect();
        ((status.events.good, status.events.bad), format!("{:.6}", status.coverage), alerts)
    };
    slos.iter().map(one).collect()
}

/// Every state that this file was in, after each of its frames: what a reader may find who believes only whole frames.
fn states_on_the_way(bytes: &[u8], slos: &[Slo], at: Timestamp) -> Vec<Read> {
    let (mut states, mut end) = (Vec::new(), 16);
    while end < bytes.len() {
        let length = u32::from_le_bytes(bytes[end..end + 4].try_into().expect("four bytes"));
        end += 8 + length as usize;
        let directory = Directory::with(&bytes[..end]);
        let (registry, _) = open(&directory, slos.to_vec(), at);
        states.push(read(&registry, slos));
    }
    assert_eq!(end, bytes.len());
    states
}

/// What a process leaves that is killed: its first state, and ticks behind it.
fn grown() -> (Vec<u8>, Vec<Slo>, Timestamp) {
    let (directory, slos, at) = small();
    let (registry, clock) = open(&directory, slos.clone(), at);
    for _ in 0..2 {
        super::support::count(&registry, 3, 1);
        tick(&registry, &clock);
    }
    let left = directory.as_it_is();
    (fs::read(left.file()).expect("it is there"), slos, clock.now())
}

#[test]
fn a_file_cut_off_anywhere_is_a_state_it_was_in_or_none() {
    let (bytes, slos, at) = grown();
    let states = states_on_the_way(&bytes, &slos, at);
    let (mut found, mut anew) = (0, 0);
    for length in 0..=bytes.len() {
        let directory = Directory::with(&bytes[..length]);
        let (registry, clock) = open(&directory, slos.clone(), at);
        let read = read(&registry, &slos);
        assert!(states.contains(&read), "cut off after {length} bytes: {read:?}");
        assert_eq!(directory.aside(), usize::from(state(&registry).restored_from.is_none()), "{length}");
        if state(&registry).restored_from.is_some() {
            found += 1;
        } else {
            anew += 1;
        }
        // It goes on from there, in a file of its own.
        tick(&registry, &clock);
        assert_eq!(state(&registry).failure, None, "{length}");
    }
    println!("{} bytes: {found} lengths hold a state, with {anew} the history begins anew", bytes.len());
    assert!(found > 2 && anew > 16);
}

#[test]
fn a_file_with_any_byte_changed_is_a_state_it_was_in_or_none() {
    let (bytes, slos, at) = grown();
    let states = states_on_the_way(&bytes, &slos, at);
    let (mut found, mut anew) = (0, 0);
    for place in 0..bytes.len() {
        // All bits, and each byte another single one.
        for change in [0xff, 1 << (place % 8)] {
            let mut damaged = bytes.clone();
            damaged[place] ^= change;
            let directory = Directory::with(&damaged);
            let (registry, clock) = open(&directory, slos.clone(), at);
            let read = read(&registry, &slos);
            assert!(states.contains(&read), "byte {place} changed by {change}: {read:?}");
            let restored = state(&registry).restored_from.is_some();
            assert!(restored || directory.aside() == 1, "byte {place} changed by {change}: nothing is kept");
            if restored {
                found += 1;
            } else {
                anew += 1;
            }
            if place % 16 == 0 {
                tick(&registry, &clock);
                assert_eq!(state(&registry).failure, None, "byte {place} changed by {change}");
            }
        }
    }
    println!(
        "{} bytes, changed twice: {found} hold a state, with {anew} the history begins anew",
        bytes.len()
    );
    assert!(found > 0 && anew > 0);
}

#[test]
fn files_of_others_and_of_newer_versions_are_moved_aside_unchanged() {
    let (bytes, slos, at) = grown();
    let mut newer = bytes;
    newer[8] = 9;
    let check = crc32fast::hash(&newer[..12]);
    newer[12..16].copy_from_slice(&check.to_le_bytes());
    for foreign in [newer, b"{\"json\": true}".to_vec(), Vec::new(), vec![0; 100_000], b"slostate".to_vec()] {
        let directory = Directory::with(&foreign);
        let (registry, clock) = open(&directory, slos.clone(), at);
        assert_eq!((events(&registry, "long"), state(&registry).restored_from), ((0, 0), None));
        tick(&registry, &clock);
        assert_eq!(state(&registry).saved_at, Some(clock.now()));
        let names = directory.names();
        let aside = names.iter().find(|name| name.starts_with("slo-state.corrupt-")).expect("it is kept");
        assert_eq!(fs::read(directory.0.join(aside)).expect("it is there"), foreign);
    }
}

#[test]
fn a_few_files_are_kept_aside_and_none_is_overwritten() {
    let directory = Directory::new();
    fs::create_dir_all(&directory.0).expect("it can be made");
    for round in 0..8_u8 {
        fs::write(directory.file(), [b'x', round]).expect("it can be written");
        // Twice at the same second.
        let at = Timestamp::from_unix_seconds(1_700_000_000 + u64::from(round) / 2);
        let (registry, _) = open(&directory, [slo("a")], at);
        drop(registry);
        assert_eq!(directory.aside(), usize::from(round + 1).min(4));
        let newest = directory.names().into_iter().rfind(|name| name.contains("corrupt")).expect("there are");
        assert_eq!(fs::read(directory.0.join(newest)).expect("it is there"), [b'x', round]);
    }
}

/// Something else under the name of the file, or of the one that is written next.
#[test]
fn directories_in_the_way_are_failures_and_no_more() {
    for name in ["slo-state.bin", "slo-state.next"] {
        let directory = Directory::new();
        let wall = directory.0.join(name);
        fs::create_dir_all(wall.join("full")).expect("it can be made");
        let (registry, clock) =
            open(&directory, [over("a", "1h")], Timestamp::from_unix_seconds(1_700_000_000));
        super::support::count(&registry, 2, 0);
        tick(&registry, &clock);
        assert!(state(&registry).failure.is_some(), "{name}");
        fs::remove_dir_all(&wall).expect("it can be removed");
        (0..6).for_each(|_| tick(&registry, &clock));
        assert_eq!(state(&registry).failure, None, "{name}");
        drop(registry);
        let (registry, _) = open(&directory, [over("a", "1h")], clock.now());
        assert_eq!(events(&registry, "a"), (2, 0), "{name}");
    }
}
