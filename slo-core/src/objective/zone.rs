//! The name of a time zone, by value.
//!
//! It is kept in a few bytes of its own rather than borrowed, so that a window read at run time is the same plain value as
//! one in a `const`, and nothing is leaked for it. What such a name means is not known here.

use std::fmt;

/// The longest name there is has 32 bytes.
const BYTES_MAX: usize = 39;

/// A name that is written like one of the IANA database, which may not have it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ZoneName {
    bytes: [u8; BYTES_MAX],
    length: u8,
}

impl ZoneName {
    /// No name: what is not said is UTC.
    pub(super) const UTC: Self = Self { bytes: [0; BYTES_MAX], length: 0 };

    /// Reads a name: letters, digits, `_`, `-` and `+`, in parts between `/` that are not empty, from a letter on.
    pub(super) const fn parse(name: &[u8]) -> Option<Self> {
        if matches!(name, b"UTC") {
            return Some(Self::UTC);
        }
        let [b'a'..=b'z' | b'A'..=b'Z', .., last] = name else { return None };
        if name.len() > BYTES_MAX || *last == b'/' {
            return None;
        }
        let mut zone = Self::UTC;
        while (zone.length as usize) < name.len() {
            let at = zone.length as usize;
            let is_right = match name[at] {
                b'/' => name[at - 1] != b'/',
                byte => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'),
            };
            if !is_right {
                return None;
            }
            zone.bytes[at] = name[at];
            zone.length += 1;
        }
        Some(zone)
    }

    /// Returns the name; `None` for UTC.
    pub(super) fn as_str(&self) -> Option<&str> {
        let name = std::str::from_utf8(&self.bytes[..self.length.into()]).unwrap_or_default();
        (!name.is_empty()).then_some(name)
    }
}

impl fmt::Debug for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str().unwrap_or("UTC"))
    }
}
