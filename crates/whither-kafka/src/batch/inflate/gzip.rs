//! Gzip (RFC 1952), one member or several.

use flate2::{Decompress, FlushDecompress, Status};

use super::{InflateError, Output};
use crate::batch::cursor::Cursor;
use crate::batch::header::Compression;

const MAGIC_AND_DEFLATE: [u8; 3] = [0x1f, 0x8b, 8];
const HAS_HEADER_CRC: u8 = 0x02;
const HAS_EXTRA: u8 = 0x04;
const HAS_NAME: u8 = 0x08;
const HAS_COMMENT: u8 = 0x10;
/// CRC-32 and size behind a member.
const TRAILER_BYTES: usize = 8;
/// Room that the decoder is given at a time, at least.
const STEP_BYTES: usize = 32 << 10;

/// The deflate state, made with the first gzip batch and then used again.
#[derive(Default)]
pub(super) struct Gzip(Option<Decompress>);

impl Gzip {
    pub(super) fn inflate(&mut self, compressed: &[u8], output: &mut Output<'_>) -> Result<(), InflateError> {
        let mut rest = compressed;
        loop {
            let body = skip_header(rest).ok_or(broken("no gzip header"))?;
            let used = self.member(body, output)?;
            rest = body.get(used.saturating_add(TRAILER_BYTES)..).ok_or(broken("ends inside the trailer"))?;
            // Java's reader ignores what is no further member, so do we.
            if !rest.starts_with(&MAGIC_AND_DEFLATE) {
                return Ok(());
            }
        }
    }

    /// Inflates one member's deflate stream; returns the bytes it took.
    fn member(&mut self, body: &[u8], output: &mut Output<'_>) -> Result<usize, InflateError> {
        let deflate = self.0.get_or_insert_with(|| Decompress::new(false));
        deflate.reset(false);
        loop {
            let (taken, written) = (deflate.total_in(), deflate.total_out());
            let input = usize::try_from(taken).ok().and_then(|taken| body.get(taken..)).unwrap_or_default();
            let room = output.room(STEP_BYTES);
            if room.is_empty() {
                return Err(output.bomb());
            }
            let status = deflate.decompress(input, room, FlushDecompress::None);
            let status = status.map_err(|_| broken("no valid deflate data"))?;
            output.filled += usize::try_from(deflate.total_out() - written).unwrap_or(0);
            if status == Status::StreamEnd {
                return Ok(usize::try_from(deflate.total_in()).unwrap_or(usize::MAX));
            }
            if deflate.total_in() == taken && deflate.total_out() == written {
                return Err(broken("ends inside the deflate data"));
            }
        }
    }
}

/// The bytes behind a member's header.
fn skip_header(bytes: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(bytes);
    if cursor.array()? != MAGIC_AND_DEFLATE {
        return None;
    }
    let [flags] = cursor.array()?;
    // Modification time, extra flags, operating system.
    cursor.take(6)?;
    if flags & HAS_EXTRA != 0 {
        let length = u16::from_le_bytes(cursor.array()?);
        cursor.take(usize::from(length))?;
    }
    for has_text in [HAS_NAME, HAS_COMMENT] {
        if flags & has_text != 0 {
            let end = cursor.rest().iter().position(|byte| *byte == 0)?;
            cursor.take(end + 1)?;
        }
    }
    if flags & HAS_HEADER_CRC != 0 {
        cursor.take(2)?;
    }
    Some(cursor.rest())
}

const fn broken(reason: &'static str) -> InflateError {
    InflateError::broken(Compression::Gzip, reason)
}
