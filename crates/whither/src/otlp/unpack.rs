//! From what was sent to the protobuf that is kept: inflated within bounds, JSON made protobuf.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tokio::task::spawn_blocking;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::Refusal;
use super::budget::{Budget, Held};
use super::receive::Received;

/// A step of inflating: memory is asked for before it is used.
const STEP: usize = 64 << 10;
/// What a frame of zstd may look back at: 16 MiB, as much as a request may be where nothing else is set.
const WINDOW_LOG: u32 = 24;
/// What an object of JSON takes while it is read, whatever its text: an attribute does. `{}` as a span takes four times as
/// much, but nobody sends spans of nothing.
const OBJECT_BYTES: usize = 128;

/// How a body is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// What is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Protobuf,
    Json,
}

/// The request as protobuf.
pub(super) async fn unpack(
    received: Received,
    encoding: Encoding,
    format: Format,
    most: usize,
    budget: &Budget,
) -> Result<Received, Refusal> {
    if (encoding, format) == (Encoding::Identity, Format::Protobuf) {
        return Ok(received);
    }
    let budget = budget.clone();
    let unpacked = spawn_blocking(move || {
        let inflated = inflate(received, encoding, most, &budget)?;
        if format == Format::Json { from_json(inflated, &budget) } else { Ok(inflated) }
    });
    unpacked.await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
}

fn inflate(packed: Received, encoding: Encoding, most: usize, budget: &Budget) -> Result<Received, Refusal> {
    match encoding {
        Encoding::Identity => Ok(packed),
        Encoding::Gzip => read(MultiGzDecoder::new(&*packed.bytes), most, budget),
        Encoding::Zstd => {
            let mut decoder = ZstdDecoder::with_buffer(&*packed.bytes).map_err(|error| broken(&error))?;
            decoder.window_log_max(WINDOW_LOG).map_err(|error| broken(&error))?;
            read(decoder, most, budget)
        }
    }
}

/// Reads all there is, up to a bound.
fn read(mut from: impl Read, most: usize, budget: &Budget) -> Result<Received, Refusal> {
    let (mut bytes, mut held) = (Vec::new(), Held::default());
    loop {
        budget.hold(&mut held, STEP)?;
        let step = from.by_ref().take(STEP as u64).read_to_end(&mut bytes).map_err(|error| broken(&error))?;
        if bytes.len() > most {
            return Err(Refusal::TooLarge { most });
        }
        if step < STEP {
            return Ok(Received { bytes: bytes.into(), held });
        }
    }
}

fn broken(error: &io::Error) -> Refusal {
    Refusal::Malformed(format!("the body can't be inflated: {error}"))
}

fn from_json(json: Received, budget: &Budget) -> Result<Received, Refusal> {
    let Received { bytes, mut held } = json;
    let objects = bytes.iter().filter(|byte| **byte == b'{').count();
    let takes = objects.saturating_mul(OBJECT_BYTES);
    if takes > budget.most() / 2 {
        return Err(Refusal::TooManyObjects { objects });
    }
    budget.hold(&mut held, takes)?;
    let request = whither_otlp::from_json(&bytes).map_err(|error| Refusal::Malformed(error.to_string()))?;
    let mut kept = Held::default();
    budget.hold(&mut kept, request.len())?;
    Ok(Received { bytes: request.into(), held: kept })
}

#[cfg(test)]
mod tests;
