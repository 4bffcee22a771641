//! A wide cluster: 1,000 partitions, 200 groups. Its lag beside klag-exporter; then records on top of that.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::delay::{self, Delay};
use super::http;
use super::running::{Running, Server, Spent, WARM_UP, free_address};
use crate::error::Error;
use crate::peer::{Fill, Peer};
use crate::wire::Wire;

const TOPIC: &str = "wide";
pub(crate) const PARTITIONS: u32 = 1_000;
const RECORDS_OF_EACH: u64 = 400;
/// Each group commits all its positions once in this time, one group after the other.
pub(crate) const COMMITS_EVERY: Duration = Duration::from_secs(60);
/// klag-exporter asks this often.
pub(crate) const POLLS_EVERY: Duration = Duration::from_secs(10);
const PROBES: &str = "probe";

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) groups: u32,
    /// How long lag is watched.
    pub(crate) watched: Duration,
    pub(crate) per_second: u64,
    pub(crate) seconds: u64,
}

/// What came of it.
pub(crate) struct Wide {
    pub(crate) groups: u32,
    pub(crate) lag: Lag,
    pub(crate) loaded: Loaded,
    pub(crate) delay: Delay,
}

/// Both exporters on the same cluster at the same time: positions move, nothing is written.
pub(crate) struct Lag {
    pub(crate) whither: Spent,
    pub(crate) whither_rss_bytes: u64,
    /// None where klag-exporter is not installed.
    pub(crate) klag: Option<(Spent, u64)>,
}

/// With records coming in.
pub(crate) struct Loaded {
    pub(crate) records: u64,
    pub(crate) per_second: u64,
    pub(crate) whither: Spent,
    pub(crate) peak_rss_bytes: u64,
    /// What the store grew by: all of it, and what verdicts and their history take.
    pub(crate) disk_bytes: i64,
    pub(crate) history_bytes: i64,
    pub(crate) residual: f64,
}

/// Prepares the cluster and measures.
///
/// # Errors
/// The cluster can't be prepared, or a program does not start or misses records.
pub(super) fn measure(
    at: &str,
    peer: &Peer,
    klag: Option<&Path>,
    size: Size,
    folder: &Path,
) -> Result<Wide, Error> {
    let groups: Vec<String> = (0..size.groups).map(|g| format!("group-{g}")).collect();
    let before = prepare(at, peer, &groups)?;
    let server = Server::start(at, folder)?;
    server.has_read(before)?;
    server.warm_up(at, peer)?;
    let before = before + WARM_UP;
    let told = delay::Told::by(&server);
    let klag = klag.map(|program| exporter(program, at, folder)).transpose()?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let committing = scope.spawn(|| commit_on(at, &groups, &stop));
        let measured = || {
            let lag = lag(&server, klag.as_ref(), size.watched)?;
            // From here on it has the machine for itself.
            drop(klag);
            let loaded = loaded(at, peer, &server, (before, size))?;
            let delay = delay::measure(at, TOPIC, PROBES, &server, told)?;
            Ok(Wide { groups: size.groups, lag, loaded, delay })
        };
        let measured = measured();
        stop.store(true, Ordering::Relaxed);
        committing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        measured
    })
}

fn prepare(at: &str, peer: &Peer, groups: &[String]) -> Result<u64, Error> {
    let mut wire = Wire::connect(at)?;
    let topics = [TOPIC.to_owned()];
    wire.create_topics(&topics, PARTITIONS)?;
    let records = RECORDS_OF_EACH * u64::from(PARTITIONS);
    peer.produce(at, TOPIC, &Fill { records, codec: "lz4", batch_records: 100 })?;
    eprintln!("committing for {} groups", groups.len());
    wire.await_coordinator(groups)?;
    groups.iter().try_for_each(|group| wire.commit(group, &topics, PARTITIONS, 1))?;
    Ok(records)
}

/// One group after the other, each a little further.
fn commit_on(at: &str, groups: &[String], stop: &AtomicBool) -> Result<(), Error> {
    let mut wire = Wire::connect(at)?;
    let apart = COMMITS_EVERY / u32::try_from(groups.len()).unwrap_or(u32::MAX).max(1);
    for offset in 2.. {
        for group in groups {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let next = Instant::now() + apart;
            wire.commit(group, &[TOPIC.to_owned()], PARTITIONS, offset)?;
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }
    Ok(())
}

fn exporter(program: &Path, at: &str, folder: &Path) -> Result<Running, Error> {
    let (config, listen) = (folder.join("klag.toml"), free_address()?);
    let port = listen.rsplit(':').next().unwrap_or_default();
    let text = format!(
        "[exporter]\npoll_interval = \"{}s\"\nhttp_port = {port}\nhttp_host = \"127.0.0.1\"\ngranularity = \
         \"partition\"\n\n[[clusters]]\nname = \"bench\"\nbootstrap_servers = \"{at}\"\n",
        POLLS_EVERY.as_secs()
    );
    let failed = |source| Error::File { what: "write", path: config.clone(), source };
    fs::write(&config, text).map_err(failed)?;
    let mut command = Command::new(program);
    command.arg("--config").arg(&config);
    let exporter = Running::start(&mut command, &folder.join("klag.log"))?;
    let tells = || http::get(&listen, "/metrics").is_ok_and(|text| text.contains("group-0"));
    exporter.until("telling lag", tells)?;
    Ok(exporter)
}

fn lag(server: &Server, klag: Option<&Running>, watched: Duration) -> Result<Lag, Error> {
    let before = (server.process.mark()?, klag.map(Running::mark).transpose()?);
    thread::sleep(watched);
    let whither = server.process.since(before.0)?;
    let peers = klag.zip(before.1).map(|(klag, mark)| Ok::<_, Error>((klag.since(mark)?, klag.rss_bytes()?)));
    let lag = Lag { whither, whither_rss_bytes: server.process.rss_bytes()?, klag: peers.transpose()? };
    eprintln!(
        "lag: whither {:.1} % of a core, {} MB; klag-exporter {:.1} %, {} MB",
        lag.whither.share() * 100.0,
        lag.whither_rss_bytes >> 20,
        lag.klag.map_or(f64::NAN, |(spent, _)| spent.share() * 100.0),
        lag.klag.map_or(0, |(_, rss)| rss >> 20),
    );
    Ok(lag)
}

fn loaded(at: &str, peer: &Peer, server: &Server, (before, size): (u64, Size)) -> Result<Loaded, Error> {
    let records = size.per_second * size.seconds;
    let disk = [server.disk_bytes(""), server.disk_bytes("segments")];
    let mark = server.process.mark()?;
    let fill = Fill { records, codec: "lz4", batch_records: 100 };
    peer.produce_at(at, TOPIC, &fill, size.per_second)?;
    server.has_read(before + records)?;
    let whither = server.process.since(mark)?;
    let grown =
        |now: u64, before: u64| i64::try_from(now).unwrap_or(i64::MAX).saturating_sub_unsigned(before);
    let loaded = Loaded {
        records,
        per_second: size.per_second,
        whither,
        peak_rss_bytes: server.process.peak_rss_bytes()?,
        disk_bytes: grown(server.disk_bytes(""), disk[0]),
        history_bytes: grown(server.disk_bytes("segments"), disk[1]),
        residual: server.metric("whither_balance_residual"),
    };
    eprintln!(
        "loaded: {:.1} % of a core, peak {} MB, {} bytes on disk, {} of history",
        loaded.whither.share() * 100.0,
        loaded.peak_rss_bytes >> 20,
        loaded.disk_bytes,
        loaded.history_bytes
    );
    Ok(loaded)
}
