//! Native buckets as they are sent: in spans, each count as the difference from the one before.

use super::messages::{BucketSpan, HistogramValue};
use crate::histogram::{NativeBuckets, SCHEMA};

/// So many empty buckets between two others take less room as zeros than as the begin of a span.
const GAP_MAX: i32 = 2;

/// Writes the native buckets in place of those before.
pub(super) fn fill(value: &mut HistogramValue, native: &NativeBuckets) {
    value.schema = SCHEMA.into();
    value.zero_threshold = NativeBuckets::zero_threshold();
    value.zero_count = native.zeros();
    let (spans, deltas) = (&mut value.positive_span, &mut value.positive_delta);
    spans.clear();
    deltas.clear();
    // Where the next bucket would touch the one before, and that one's count.
    let (mut end, mut before) = (0, 0);
    for (index, count) in native.filled() {
        let gap = index - end;
        match spans.last_mut() {
            Some(span) if gap <= GAP_MAX => {
                for _ in 0..gap {
                    deltas.push(-before);
                    before = 0;
                }
                span.length += gap.unsigned_abs() + 1;
            }
            _ => spans.push(BucketSpan { offset: gap, length: 1 }),
        }
        let count = count.cast_signed();
        deltas.push(count - before);
        (end, before) = (index + 1, count);
    }
}
