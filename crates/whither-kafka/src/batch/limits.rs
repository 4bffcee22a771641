//! What a batch may cost. Every limit has a name and a reason.

/// Bytes of a whole batch, compressed. The largest setting of `message.max.bytes` met in practice is well under
/// 100 MiB; a length beyond this is a lie, and must not make the fetcher ask for it.
const MAX_BATCH_BYTES: usize = 256 << 20;

/// Bytes that one batch may inflate to. Producers bound a batch by `max.request.size` (1 MiB by default), most
/// of them before compression; this leaves room for a hundredfold of it and bounds the reader's memory.
const MAX_INFLATED_BYTES: usize = 128 << 20;

/// How many times its compressed size a batch may inflate to, beyond [`RATIO_FREE_BYTES`]. Deflate can't
/// exceed 1,032, LZ4 255 and Snappy 22; only zstd can, and only for data that is one byte over and over.
const MAX_INFLATE_RATIO: usize = 1_100;

/// Below this size the ratio is not looked at: a small bomb does no harm, and zstd squeezes a batch of equal
/// records into a few bytes.
const RATIO_FREE_BYTES: usize = 4 << 20;

/// What one batch may cost to read. The defaults suit any cluster whose `message.max.bytes` is below 100 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole batch as it lies in the log; a larger one is refused, not fetched.
    pub batch_bytes: usize,
    /// Bytes that one batch may inflate to; also what a [`Scratch`](super::Scratch) can hold at most.
    pub inflated_bytes: usize,
    /// Times its compressed size that a batch may inflate to, once it is larger than `ratio_free_bytes`.
    pub inflate_ratio: usize,
    /// Inflated bytes up to which the ratio is not looked at.
    pub ratio_free_bytes: usize,
}

impl Limits {
    /// Bytes that `compressed` bytes may inflate to.
    pub(crate) fn inflated_from(&self, compressed: usize) -> usize {
        compressed.saturating_mul(self.inflate_ratio).max(self.ratio_free_bytes).min(self.inflated_bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_bytes: MAX_BATCH_BYTES,
            inflated_bytes: MAX_INFLATED_BYTES,
            inflate_ratio: MAX_INFLATE_RATIO,
            ratio_free_bytes: RATIO_FREE_BYTES,
        }
    }
}
