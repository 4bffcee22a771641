//! Zstandard frames, one or several.

use zstd::zstd_safe::{DCtx, get_frame_content_size, zstd_sys::ZSTD_ErrorCode};

use super::{FIRST_GUESS_BYTES, FIRST_GUESS_RATIO, InflateError, Output};
use crate::batch::header::Compression;

/// What the library returns when the room was too small; its error codes are negated numbers.
const TOO_SMALL: usize = (ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall as usize).wrapping_neg();

/// The decoder state, made with the first zstd batch and then used again.
#[derive(Default)]
pub(super) struct Zstd(Option<DCtx<'static>>);

impl Zstd {
    /// All in one call, so that nothing goes through the window buffer of the streaming decoder. Java's frames
    /// do not announce their size; room that proves too small doubles, and later batches find it large enough.
    pub(super) fn inflate(&mut self, compressed: &[u8], output: &mut Output<'_>) -> Result<(), InflateError> {
        if self.0.is_none() {
            self.0 = DCtx::try_create();
        }
        let Some(context) = self.0.as_mut() else { return Err(broken("no memory for the decoder")) };
        let mut wanted = match get_frame_content_size(compressed) {
            Ok(Some(announced)) if announced > output.limit_bytes as u64 => return Err(output.bomb()),
            Ok(Some(announced)) => usize::try_from(announced).unwrap_or(usize::MAX),
            Ok(None) => compressed.len().saturating_mul(FIRST_GUESS_RATIO).max(FIRST_GUESS_BYTES),
            Err(_) => return Err(broken("no zstd frame")),
        };
        loop {
            let room = output.room(wanted);
            let offered = room.len();
            match context.decompress(room, compressed) {
                Ok(written) => {
                    output.filled += written;
                    return Ok(());
                }
                Err(TOO_SMALL) if offered >= output.limit_bytes => return Err(output.bomb()),
                Err(TOO_SMALL) => wanted = offered.saturating_mul(2),
                Err(_) => return Err(broken("no valid zstd data")),
            }
        }
    }
}

const fn broken(reason: &'static str) -> InflateError {
    InflateError::broken(Compression::Zstd, reason)
}
