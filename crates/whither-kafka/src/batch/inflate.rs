//! Decompression into one buffer that is used again, within limits.
//!
//! Checksums inside the compressed data (gzip's CRC-32, LZ4's and zstd's xxHash) are not computed again: the
//! batch's CRC-32C has vouched for every one of those bytes.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use super::error::InflateError;
use super::header::Compression;
use super::limits::Limits;

/// Bytes that a scratch keeps for the next batch; what one huge batch needed beyond this is given back.
const KEPT_BYTES: usize = 8 << 20;
/// The first guess at the inflated size, as a multiple of the compressed size, and its floor.
const FIRST_GUESS_RATIO: usize = 4;
const FIRST_GUESS_BYTES: usize = 64 << 10;

/// Buffers and decoder states that batches of all codecs are opened with, one after the other. One for each
/// reading thread; it holds at most [`Limits::inflated_bytes`] and mostly far less.
#[derive(Default)]
pub struct Scratch {
    /// Always initialised to its length; only the front part belongs to the current batch.
    buffer: Vec<u8>,
    gzip: gzip::Gzip,
    snappy: snappy::Snappy,
    zstd: zstd::Zstd,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").field("buffer_bytes", &self.buffer.len()).finish_non_exhaustive()
    }
}

impl Scratch {
    /// Bytes held for the next batch.
    #[must_use]
    pub const fn capacity_bytes(&self) -> usize {
        self.buffer.capacity()
    }

    pub(super) fn inflate(
        &mut self,
        codec: Compression,
        compressed: &[u8],
        limits: &Limits,
    ) -> Result<&[u8], InflateError> {
        if self.buffer.len() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        let limit_bytes = limits.inflated_from(compressed.len());
        let mut output =
            Output { buffer: &mut self.buffer, filled: 0, compressed_bytes: compressed.len(), limit_bytes };
        match codec {
            Compression::None => return Err(InflateError::UnknownCodec(0)),
            Compression::Gzip => self.gzip.inflate(compressed, &mut output)?,
            Compression::Snappy => self.snappy.inflate(compressed, &mut output)?,
            Compression::Lz4 => lz4::inflate(compressed, &mut output)?,
            Compression::Zstd => self.zstd.inflate(compressed, &mut output)?,
            Compression::Unknown(codec) => return Err(InflateError::UnknownCodec(codec)),
        }
        let filled = output.filled;
        Ok(self.buffer.get(..filled).unwrap_or_default())
    }
}

/// Where a decoder writes: a buffer that grows up to the batch's limit.
struct Output<'s> {
    buffer: &'s mut Vec<u8>,
    filled: usize,
    compressed_bytes: usize,
    limit_bytes: usize,
}

impl Output<'_> {
    /// The bytes written so far and room behind them: `wanted` bytes or more, fewer only at the limit.
    fn split(&mut self, wanted: usize) -> (&mut [u8], &mut [u8]) {
        let needed = self.filled.saturating_add(wanted).min(self.limit_bytes);
        if self.buffer.len() < needed {
            let guess = self.compressed_bytes.saturating_mul(FIRST_GUESS_RATIO).max(FIRST_GUESS_BYTES);
            let grown = needed.max(self.buffer.len().saturating_mul(2)).max(guess).min(self.limit_bytes);
            // `resize` alone might reserve beyond the limit.
            self.buffer.reserve_exact(grown.saturating_sub(self.buffer.len()));
            self.buffer.resize(grown, 0);
        }
        // A buffer kept from a larger batch may be longer than this batch is allowed to be.
        let end = self.buffer.len().min(self.limit_bytes);
        self.buffer.get_mut(..end).unwrap_or_default().split_at_mut(self.filled.min(end))
    }

    fn room(&mut self, wanted: usize) -> &mut [u8] {
        self.split(wanted).1
    }

    /// Room for exactly that many bytes, which the data itself announced.
    fn exactly(&mut self, announced: usize) -> Result<&mut [u8], InflateError> {
        let bomb = self.bomb();
        self.room(announced).get_mut(..announced).ok_or(bomb)
    }

    const fn bomb(&self) -> InflateError {
        InflateError::Bomb { compressed_bytes: self.compressed_bytes, limit_bytes: self.limit_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;

    #[test]
    fn a_scratch_can_move_to_another_thread() {
        fn is_send<T: Send>(_: &T) {}
        is_send(&Scratch::default());
    }
}
