//! Frames: length, checksum, content; and the head of the file, which names its version.
//!
//! The checksum covers the length, and finds every change of up to 32 bits in a row.

use super::record::Record;

/// The version of the format that this code writes and reads.
pub(crate) const VERSION: u32 = 1;
/// The length of the head.
pub(super) const HEAD: usize = 16;
const MAGIC: [u8; 8] = *b"slostate";
const PREFIX: usize = 8;

/// What a head says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    Ours,
    /// A version that this code does not know.
    Version(u32),
    Foreign,
    /// It begins like ours and is not whole.
    Damaged,
}

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Next {
    Record(Box<Record>),
    /// Nothing: the file ends here.
    End,
    /// The file ends within a frame.
    CutShort,
    /// The frame is not what was written.
    Damaged,
}

/// Returns the head of a file.
pub(super) fn head() -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    let check = crc32fast::hash(&head[..12]);
    head[12..].copy_from_slice(&check.to_le_bytes());
    head
}

/// Reads the head of a file.
pub(super) fn read_head(bytes: &[u8]) -> Head {
    let is_ours = !bytes.is_empty() && bytes.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic);
    if !is_ours {
        return Head::Foreign;
    }
    match (number(bytes, 8), number(bytes, 12)) {
        (Some(version), Some(check)) if check == crc32fast::hash(&bytes[..12]) => {
            if version == VERSION {
                Head::Ours
            } else {
                Head::Version(version)
            }
        }
        _ => Head::Damaged,
    }
}

/// Appends a frame.
pub(crate) fn push(out: &mut Vec<u8>, record: &Record) {
    let start = out.len();
    out.extend([0; PREFIX]);
    *out = postcard::to_extend(record, std::mem::take(out)).expect("every record has a known length");
    let length = u32::try_from(out.len() - start - PREFIX).expect("a frame is some megabytes at most");
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    let check = checksum(length, &out[start + PREFIX..]);
    out[start + 4..start + PREFIX].copy_from_slice(&check.to_le_bytes());
}

/// Reads the frame at the beginning of `bytes`, and moves on behind it.
pub(super) fn next(bytes: &mut &[u8]) -> Next {
    if bytes.is_empty() {
        return Next::End;
    }
    let (Some(length), Some(check)) = (number(bytes, 0), number(bytes, 4)) else { return Next::CutShort };
    let end = PREFIX.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    let Some(content) = bytes.get(PREFIX..end) else { return Next::CutShort };
    if checksum(length, content) != check {
        return Next::Damaged;
    }
    *bytes = &bytes[end..];
    postcard::from_bytes(content).map_or(Next::Damaged, |record| Next::Record(Box::new(record)))
}

fn checksum(length: u32, content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(content);
    hasher.finalize()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_ours_from_others() {
        let ours = head();
        let with = |at: usize, byte: u8| {
            let mut head = head();
            head[at] = byte;
            read_head(&head)
        };
        assert_eq!(read_head(&ours), Head::Ours);
        assert_eq!(read_head(&ours[..15]), Head::Damaged);
        assert_eq!(read_head(b""), Head::Foreign);
        assert_eq!(with(0, b'S'), Head::Foreign);
        // A newer version whose checksum is right is a version; with a wrong one it is damage.
        assert_eq!(with(8, 2), Head::Damaged);
        let mut newer = head();
        newer[8] = 2;
        let check = crc32fast::hash(&newer[..12]);
        newer[12..].copy_from_slice(&check.to_le_bytes());
        assert_eq!(read_head(&newer), Head::Version(2));
    }

    #[test]
    fn a_frame_is_whole_or_it_is_none() {
        let mut frames = Vec::new();
        push(&mut frames, &Record::Document("key".to_owned(), Some(b"text".to_vec())));
        let one = frames.len();
        push(&mut frames, &Record::Whole);
        let mut rest = &*frames;
        assert!(matches!(next(&mut rest), Next::Record(record) if matches!(*record, Record::Document(..))));
        assert!(matches!(next(&mut rest), Next::Record(record) if matches!(*record, Record::Whole)));
        assert!(matches!(next(&mut rest), Next::End));
        for length in 1..one {
            assert!(matches!(next(&mut &frames[..length]), Next::CutShort), "{length}");
        }
        for at in 0..one {
            for bit in 0..8 {
                let mut damaged = frames.clone();
                damaged[at] ^= 1 << bit;
                let read = next(&mut &*damaged);
                assert!(matches!(read, Next::CutShort | Next::Damaged), "byte {at}, bit {bit}: {read:?}");
            }
        }
    }
}
