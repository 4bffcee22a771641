//! Following at a steady rate, beside librdkafka, which consumes the same.

use std::path::Path;
use std::thread;
use std::time::Duration;

use super::running::{Server, Spent, WARM_UP};
use crate::error::Error;
use crate::peer::{Fill, Peer};
use crate::process::Cost;
use crate::wire::Wire;

const TOPIC: &str = "steady";
/// What a round without records costs is counted over this long.
const IDLE: Duration = Duration::from_secs(10);

/// What came of it, with so many partitions.
pub(crate) struct Following {
    pub(crate) partitions: u32,
    pub(crate) records: u64,
    pub(crate) per_second: u64,
    pub(crate) idle: Spent,
    pub(crate) whither: Spent,
    pub(crate) rss_bytes: u64,
    pub(crate) librdkafka: Cost,
}

/// Lets a producer write for a while; both follow.
///
/// # Errors
/// Something does not start, or one of both misses records.
pub(super) fn measure(
    at: &str,
    peer: &Peer,
    partitions: u32,
    (per_second, seconds): (u64, u64),
    folder: &Path,
) -> Result<Following, Error> {
    let records = per_second * seconds;
    Wire::connect(at)?.create_topics(&[TOPIC.to_owned()], partitions)?;
    let server = Server::start(at, folder)?;
    server.warm_up(at, peer)?;
    let idle = server.process.over(IDLE)?;
    let before = server.process.mark()?;
    let librdkafka = thread::scope(|scope| {
        let consuming = scope.spawn(|| peer.consume(at, TOPIC, partitions, records));
        let fill = Fill { records, codec: "lz4", batch_records: 100 };
        peer.produce_at(at, TOPIC, &fill, per_second)?;
        server.has_read(WARM_UP + records)?;
        let (seen, cost) = consuming.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        if seen.records == records {
            return Ok(cost);
        }
        Err(Error::Wrong { what: "records consumed".into(), expected: records, seen: seen.records })
    })?;
    let whither = server.process.since(before)?;
    let rss_bytes = server.process.peak_rss_bytes()?;
    eprintln!(
        "following {partitions} partitions at {per_second}/s: whither {:.2} CPU s (idle {:.3} of a core), librdkafka {:.2}",
        whither.cpu_seconds,
        idle.share(),
        librdkafka.cpu_seconds
    );
    Ok(Following { partitions, records, per_second, idle, whither, rss_bytes, librdkafka })
}
