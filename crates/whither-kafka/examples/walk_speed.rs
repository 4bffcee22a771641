//! Records per CPU second of the batch walker, by codec and depth, CRC checked:
//! `cargo run --release -p whither-kafka --example walk_speed [SECONDS_PER_LINE]`.
//!
//! Records have a 14-byte key, an 87-byte JSON value and a `traceparent`, in batches of 500; the walker hashes
//! each key and finds each `traceparent`. Sockets are not part of it.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use whither_kafka::batch::{Batches, Scratch, key_hash};

const BATCHES: i64 = 400;
const RECORDS_IN_A_BATCH: i64 = 500;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let seconds = std::env::args().nth(1).map_or(Ok(1.0), |text| text.parse())?;
    let enough = Duration::from_secs_f64(seconds);
    println!(
        "{:<8} {:>14} {:>14} {:>12} {:>10}",
        "codec", "ledger rec/s", "headers rec/s", "ns/record", "B/record"
    );
    for (name, codec) in [
        ("none", Compression::None),
        ("lz4", Compression::Lz4),
        ("zstd", Compression::Zstd),
        ("snappy", Compression::Snappy),
        ("gzip", Compression::Gzip),
    ] {
        let log = encode(codec)?;
        let ledger = measure(enough, || count(&log))?;
        let mut scratch = Scratch::default();
        let headers = measure(enough, || walk(&log, &mut scratch))?;
        let bytes = log.len() as f64 / (BATCHES * RECORDS_IN_A_BATCH) as f64;
        println!("{name:<8} {ledger:>14.0} {headers:>14.0} {:>12.1} {bytes:>10.1}", 1e9 / headers);
    }
    Ok(())
}

/// The *ledger* depth.
fn count(log: &[u8]) -> Result<u64, Failure> {
    let mut records = 0;
    for batch in Batches::new(log) {
        records += u64::from(batch?.header().record_count);
    }
    Ok(records)
}

/// The *headers* depth.
fn walk(log: &[u8], scratch: &mut Scratch) -> Result<u64, Failure> {
    let mut records = 0;
    let mut seen = 0_u64;
    for batch in Batches::new(log) {
        for record in batch?.records(scratch)? {
            let record = record?;
            let trace = record.headers.first(b"traceparent")?;
            seen ^= record.key.map_or(0, key_hash) ^ record.timestamp_ms.cast_unsigned();
            seen = seen
                .wrapping_add(trace.and_then(|header| header.value).map_or(0, |value| value.len() as u64));
            records += 1;
        }
    }
    black_box(seen);
    Ok(records)
}

fn measure(enough: Duration, mut run: impl FnMut() -> Result<u64, Failure>) -> Result<f64, Failure> {
    run()?;
    let began = Instant::now();
    let cpu_before = cpu_time();
    let mut records = 0;
    while began.elapsed() < enough {
        records += run()?;
    }
    let spent = match (cpu_before, cpu_time()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => began.elapsed(),
    };
    Ok(records as f64 / spent.as_secs_f64())
}

/// CPU time of this thread, where the system tells (Linux).
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn encode(compression: Compression) -> Result<Bytes, Failure> {
    let mut log = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression };
    for batch in 0..BATCHES {
        let base = batch * RECORDS_IN_A_BATCH;
        let records: Vec<Record> =
            (base..base + RECORDS_IN_A_BATCH).map(|offset| record(base, offset)).collect();
        RecordBatchEncoder::encode(&mut log, &records, &options)?;
    }
    Ok(log.freeze())
}

fn record(base: i64, offset: i64) -> Record {
    let noise = key_hash(&offset.to_be_bytes());
    let more = key_hash(&noise.to_be_bytes());
    let value = format!(
        r#"{{"order":{offset:08},"customer":"{:08x}","amount":{:>6},"currency":"EUR","state":"paid"}}"#,
        noise >> 32,
        more % 1_000_000
    );
    let trace = format!("00-{noise:016x}{more:016x}-{:016x}-01", noise ^ more);
    let mut headers = IndexMap::new();
    headers.insert(StrBytes::from_static_str("traceparent"), Some(Bytes::from(trace)));
    Record {
        transactional: false,
        control: false,
        partition_leader_epoch: 3,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        delete_horizon: false,
        offset,
        sequence: i32::try_from(offset - base).unwrap_or(0),
        timestamp: 1_795_230_790_887 + offset / 3,
        key: Some(Bytes::from(format!("order-{offset:08}"))),
        value: Some(Bytes::from(value)),
        headers,
    }
}
