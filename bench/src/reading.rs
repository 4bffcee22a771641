//! Records per CPU second, side by side with librdkafka.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::peer::{Fill, Peer, Seen};
use crate::process::{self, Cost};
use crate::samples::Samples;
use crate::wire::Wire;

const PARTITIONS: u32 = 6;
/// About 16 kB uncompressed: the Java producer's default `batch.size`, which most topics are written with.
const BATCH_RECORDS: u32 = 100;
const CODECS: [&str; 3] = ["none", "lz4", "zstd"];

/// Who reads, and how deep.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Reader {
    Peer,
    Headers,
    Ledger,
    Judged,
    Receive,
}

const READERS: [Reader; 5] = [Reader::Peer, Reader::Headers, Reader::Ledger, Reader::Judged, Reader::Receive];

impl Reader {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Peer => "librdkafka",
            Self::Headers => "whither, headers",
            Self::Ledger => "whither, ledger",
            Self::Judged => "whither, ledger, through the core",
            Self::Receive => "whither, bytes received only",
        }
    }

    const fn work(self) -> &'static str {
        match self {
            Self::Peer | Self::Headers => "headers",
            Self::Ledger => "ledger",
            Self::Judged => "judged",
            Self::Receive => "receive",
        }
    }

    /// Times the peer's records per CPU second that this must reach.
    pub(crate) fn target(self, codec: &str) -> Option<f64> {
        match (self, codec) {
            (Self::Headers, "none") => Some(5.0),
            (Self::Headers, "lz4") => Some(2.5),
            (Self::Headers, "zstd") => Some(2.0),
            (Self::Ledger, _) => Some(10.0),
            _ => None,
        }
    }
}

/// One codec's measurements.
pub(crate) struct Read {
    pub(crate) codec: &'static str,
    /// Records per CPU second.
    pub(crate) rates: BTreeMap<Reader, Samples>,
    /// The same as a multiple of the peer's rate in the same round.
    pub(crate) ratios: BTreeMap<Reader, Samples>,
    /// Records per second by the clock on the wall.
    pub(crate) wall_rates: BTreeMap<Reader, Samples>,
    pub(crate) max_rss_bytes: BTreeMap<Reader, u64>,
}

/// What was read.
pub(crate) struct Reading {
    pub(crate) records: u64,
    pub(crate) partitions: u32,
    pub(crate) batch_records: u32,
    pub(crate) rounds: u32,
    pub(crate) codecs: Vec<Read>,
}

/// Fills a topic for each codec and lets both read it in turn.
///
/// # Errors
/// The topics can't be filled, or a reader fails or sees something else than was written.
pub(crate) fn measure(at: &str, peer: &Peer, records: u64, rounds: u32) -> Result<Reading, Error> {
    let topics: Vec<String> = CODECS.iter().map(|codec| format!("read-{codec}")).collect();
    Wire::connect(at)?.create_topics(&topics, PARTITIONS)?;
    let mut codecs = Vec::new();
    for (codec, topic) in CODECS.into_iter().zip(&topics) {
        eprintln!("filling {topic} with {records} records");
        peer.produce(at, topic, &Fill { records, codec, batch_records: BATCH_RECORDS })?;
        codecs.push(one_codec(at, peer, codec, topic, records, rounds)?);
    }
    Ok(Reading { records, partitions: PARTITIONS, batch_records: BATCH_RECORDS, rounds, codecs })
}

fn one_codec(
    at: &str,
    peer: &Peer,
    codec: &'static str,
    topic: &str,
    records: u64,
    rounds: u32,
) -> Result<Read, Error> {
    let mut read = Read {
        codec,
        rates: BTreeMap::new(),
        ratios: BTreeMap::new(),
        wall_rates: BTreeMap::new(),
        max_rss_bytes: BTreeMap::new(),
    };
    // The first round warms the page cache and is not counted.
    for round in 0..=rounds {
        let mut peers = f64::NAN;
        for reader in READERS {
            let (seen, cost) = match reader {
                Reader::Peer => peer.consume(at, topic, PARTITIONS, records)?,
                _ => process::run(&mut process::own(&["read", at, topic, reader.work()])?, &[0])?,
            };
            expect(reader, topic, records, seen)?;
            let rate = per_second(records, cost.cpu_seconds);
            if reader == Reader::Peer {
                peers = rate;
            }
            eprintln!(
                "{codec:5} round {round} {:34} {:6.2} M records/CPU s  x{:.2}",
                reader.name(),
                rate / 1e6,
                rate / peers
            );
            if round > 0 {
                note(&mut read, reader, records, cost, rate / peers);
            }
        }
    }
    Ok(read)
}

fn note(read: &mut Read, reader: Reader, records: u64, cost: Cost, ratio: f64) {
    read.rates.entry(reader).or_default().add(per_second(records, cost.cpu_seconds));
    read.ratios.entry(reader).or_default().add(ratio);
    read.wall_rates.entry(reader).or_default().add(per_second(records, cost.wall_seconds));
    let rss = read.max_rss_bytes.entry(reader).or_default();
    *rss = cost.max_rss_bytes.max(*rss);
}

/// A reader that misses records would be fast.
fn expect(reader: Reader, topic: &str, records: u64, seen: Seen) -> Result<(), Error> {
    let counts = reader != Reader::Receive;
    let deep = matches!(reader, Reader::Peer | Reader::Headers);
    for (what, seen, counts) in [("records", seen.records, counts), ("traceparents", seen.traced, deep)] {
        if counts && seen != records {
            let what = format!("{what} of {topic} read by {}", reader.name());
            return Err(Error::Wrong { what, expected: records, seen });
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts of records stay far below 2^52")]
fn per_second(records: u64, seconds: f64) -> f64 {
    records as f64 / seconds
}
