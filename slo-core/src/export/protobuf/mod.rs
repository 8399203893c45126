//! The families as Prometheus sends them between its own: protocol buffers, with native histograms.
//!
//! A family is one message, and what begins with its length can be sent only when it is there as a whole. So a family is
//! gathered, some series at a time, and then handed out in pieces. One that is larger than a megabyte goes in several
//! messages of the same name: Prometheus takes them as one family, and nobody who reads slowly makes us hold more.
//! What must never happen: a histogram whose native buckets are not together what it says to have counted.

mod encoder;
mod messages;
mod spans;

use self::encoder::Encoder;
use super::walk::Walk;
use crate::registry::Registry;

/// A registry's families as delimited messages, written piece by piece. Made by [`Registry::protobuf_exposition`]; keeps
/// the registry alive.
///
/// All families that the text formats have are there, with the same names, labels and values. Histograms have native
/// (sparse, exponential) buckets besides the classic ones.
///
/// ```
/// use slo_core::Registry;
/// let registry = Registry::builder("shop").build()?;
/// let (mut exposition, mut bytes) = (registry.protobuf_exposition(), Vec::new());
/// while exposition.write_piece(&mut bytes) {
///     // Something else may be done here.
/// }
/// let name = b"http_server_request_duration_seconds";
/// assert!(bytes.windows(name.len()).any(|window| window == name));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ProtobufExposition {
    walk: Walk,
    encoder: Encoder,
    is_done: bool,
}

impl ProtobufExposition {
    /// The value of the `Content-Type` header.
    pub const CONTENT_TYPE: &str =
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

    /// What is gathered at a stretch, in bytes: some tens of series.
    const GATHERED: usize = 8 * 1024;
    /// What is handed out at once, in bytes.
    const HANDED_OUT: usize = 32 * 1024;

    fn new(registry: Registry) -> Self {
        let encoder = Encoder::new(&registry.shared().layout);
        Self { walk: Walk::new(registry), encoder, is_done: false }
    }

    /// Appends the next piece, of 32 KiB at most, or nothing where something was gathered; it is the same work. Returns
    /// whether there may be more.
    pub fn write_piece(&mut self, out: &mut Vec<u8>) -> bool {
        if self.encoder.hand_out(out, Self::HANDED_OUT) {
            return true;
        }
        if self.is_done {
            return false;
        }
        let until = self.encoder.gathered() + Self::GATHERED;
        while !self.encoder.is_ready() && self.encoder.gathered() < until {
            if !self.walk.step(&mut self.encoder) {
                self.encoder.end_message();
                self.is_done = true;
                break;
            }
        }
        true
    }
}

impl Registry {
    /// Returns every family of this registry in the protobuf format of Prometheus, to be written piece by piece.
    #[must_use]
    pub fn protobuf_exposition(&self) -> ProtobufExposition {
        ProtobufExposition::new(self.clone())
    }
}
