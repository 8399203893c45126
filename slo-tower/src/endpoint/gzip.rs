//! Compression, on a thread of its own.
//!
//! Compressing takes longer than writing the text. It is done where no request waits for it: by a thread that lives
//! for one scrape, of which there are at most two at a time, so that scrapers never take more than that of the
//! machine. Whoever comes third is answered without compression. Where all cores are busy with requests, a thread that
//! works on would take one of them for a whole slice of the scheduler, which is milliseconds; so it rests after each
//! chunk, and takes a core for less than a tenth of a millisecond at a time.
//!
//! The thread is at most a few chunks ahead of its reader, then it waits; when the reader goes, the thread ends.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::document::{Document, ROOM};

/// Whether this build can compress.
pub(super) const IS_OFFERED: bool = true;

const THREADS: usize = 2;
/// Compressed chunks that may wait for their reader.
const AHEAD: usize = 2;
/// What is sent at once: some hundred kilobytes of text.
const CHUNK: usize = 32 * 1024;
/// A rest between two chunks of text. It stretches a scrape of ten thousand series to a sixth of a second.
const REST: Duration = Duration::from_micros(200);

/// Compresses for one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Gzip {
    idle: Arc<Semaphore>,
}

/// Bytes in the making; `None` marks their end, so that a thread that dies is no end.
#[derive(Debug)]
pub(super) struct Compressed(Receiver<Option<Bytes>>);

impl Default for Gzip {
    fn default() -> Self {
        Self { idle: Arc::new(Semaphore::new(THREADS)) }
    }
}

impl Gzip {
    /// Starts to write a document and to compress it; `None` if all threads are taken, or none can be had.
    pub(super) fn start(&self, mut document: impl Document + 'static) -> Option<Compressed> {
        let busy = Arc::clone(&self.idle).try_acquire_owned().ok()?;
        let (sender, receiver) = channel(AHEAD);
        let compress = move || {
            // The reader is gone: nobody wants the rest.
            let _ = compress(&mut document, &sender);
            drop(busy);
        };
        thread::Builder::new().name("slo-scrape".into()).spawn(compress).ok()?;
        Some(Compressed(receiver))
    }
}

impl Compressed {
    pub(super) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.0.poll_recv(context).map(|received| match received {
            Some(chunk) => chunk.map(Ok),
            None => Some(Err(io::Error::other("the thread that compresses has died"))),
        })
    }
}

/// Fails when the reader is gone.
fn compress(document: &mut dyn Document, reader: &Sender<Option<Bytes>>) -> io::Result<()> {
    let send = |chunk| reader.blocking_send(chunk).map_err(|_| io::ErrorKind::BrokenPipe.into());
    // The fastest level: the next one takes more than twice the time for a seventh fewer bytes.
    let mut encoder = GzEncoder::new(Vec::with_capacity(CHUNK), Compression::fast());
    let mut chunk = Vec::with_capacity(ROOM);
    let mut more = true;
    while more && !reader.is_closed() {
        chunk.clear();
        more = document.write_chunk(&mut chunk);
        encoder.write_all(&chunk)?;
        if more {
            thread::sleep(REST);
        }
        if encoder.get_ref().len() >= CHUNK {
            send(Some(mem::replace(encoder.get_mut(), Vec::with_capacity(CHUNK)).into()))?;
        }
    }
    send(Some(encoder.finish()?.into()))?;
    send(None)
}
