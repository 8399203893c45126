//! A table with a fixed maximum whose rows appear when they are first touched.
//!
//! Rows never move and never go away, so readers need no lock and a reference stays good for as long as the
//! table. A segment of rows is allocated at a time: an idle table costs one pointer per segment.

use super::{OnceLock, ROWS};

/// Up to a fixed number of rows, allocated in segments.
#[derive(Debug)]
pub(crate) struct Segments<T> {
    segments: Box<[OnceLock<Box<[T]>>]>,
}

impl<T: Default> Segments<T> {
    pub(crate) fn new(rows_max: usize) -> Self {
        Self { segments: (0..rows_max.div_ceil(ROWS)).map(|_| OnceLock::new()).collect() }
    }

    /// Returns a row, making its segment if this is the first touch.
    ///
    /// # Panics
    ///
    /// If the row lies beyond the maximum.
    #[inline]
    pub(crate) fn touch(&self, row: usize) -> &T {
        let segment = &self.segments[row / ROWS];
        &segment.get_or_init(|| (0..ROWS).map(|_| T::default()).collect())[row % ROWS]
    }

    /// Returns a row if its segment exists.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<&T> {
        self.segments.get(row / ROWS)?.get()?.get(row % ROWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_appear_when_touched() {
        let table: Segments<OnceLock<u32>> = Segments::new(65);
        assert!(table.get(0).is_none());
        table.touch(64).set(7).unwrap();
        assert!(table.get(0).is_none());
        assert_eq!(table.get(64).and_then(OnceLock::get), Some(&7));
        assert!(table.get(1_000).is_none());
    }
}
