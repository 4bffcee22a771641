//! Snappy: one raw block (librdkafka), or the stream of blocks that Java's snappy-java writes.

use super::{InflateError, Output};
use crate::batch::cursor::Cursor;
use crate::batch::header::Compression;

/// What a snappy-java stream begins with; its version and the least compatible version follow.
const JAVA_MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const JAVA_VERSIONS_BYTES: usize = 8;
/// The first bytes of the magic where a block's length should be: another stream was appended.
const JAVA_MAGIC_HEAD: u32 = u32::from_be_bytes(*b"\x82SNA");
const JAVA_MAGIC_TAIL_BYTES: usize = JAVA_MAGIC.len() - size_of::<u32>();

#[derive(Default)]
pub(super) struct Snappy(snap::raw::Decoder);

impl Snappy {
    pub(super) fn inflate(&mut self, compressed: &[u8], output: &mut Output<'_>) -> Result<(), InflateError> {
        let mut cursor = Cursor::new(compressed);
        if cursor.array() != Some(JAVA_MAGIC) {
            return self.block(compressed, output);
        }
        cursor.take(JAVA_VERSIONS_BYTES).ok_or(broken("ends inside the stream header"))?;
        while cursor.remaining() > 0 {
            let length = cursor.u32().ok_or(broken("ends inside a block length"))?;
            if length == JAVA_MAGIC_HEAD {
                let header = cursor.take(JAVA_MAGIC_TAIL_BYTES + JAVA_VERSIONS_BYTES);
                header.ok_or(broken("ends inside the stream header"))?;
                continue;
            }
            let block = usize::try_from(length).ok().and_then(|length| cursor.take(length));
            self.block(block.ok_or(broken("ends inside a block"))?, output)?;
        }
        Ok(())
    }

    fn block(&mut self, block: &[u8], output: &mut Output<'_>) -> Result<(), InflateError> {
        let announced = snap::raw::decompress_len(block).map_err(|_| broken("a block has no valid size"))?;
        let room = output.exactly(announced)?;
        let written =
            self.0.decompress(block, room).map_err(|_| broken("a block is no valid snappy data"))?;
        output.filled += written;
        Ok(())
    }
}

const fn broken(reason: &'static str) -> InflateError {
    InflateError::broken(Compression::Snappy, reason)
}
