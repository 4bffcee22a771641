//! `whither serve`: following, lag, memory, disk, look-ups and delay, beside its peers where they have the same.

mod http;
mod running;
mod following;
mod wide;
mod delay;
mod idle;
mod finding;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::on_kafka;
use crate::peer::Peer;
pub(crate) use delay::Delay;
pub(crate) use finding::{Finding, Work as IndexWork, part as finding_part};
pub(crate) use following::Following;
pub(crate) use idle::Idle;
pub(crate) use running::Spent;
pub(crate) use wide::{COMMITS_EVERY, Lag, Loaded, PARTITIONS, POLLS_EVERY, Wide};

const FOLLOWED: [u32; 3] = [1, 100, 1_000];

/// One part of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum What {
    /// At a steady rate, beside librdkafka.
    Following,
    /// 1,000 partitions and 200 groups, beside klag-exporter; then with records; then how soon commits are told.
    Wide,
    /// The demo with nobody looking.
    Idle,
    /// One record of many in the message index.
    Finding,
}

/// How much is measured.
pub(crate) struct Size {
    pub(crate) per_second: u64,
    pub(crate) seconds: u64,
    pub(crate) groups: u32,
    pub(crate) watched: Duration,
    pub(crate) entries: u64,
}

/// Everything that came of it.
pub(crate) struct Server {
    pub(crate) following: Vec<Following>,
    pub(crate) wide: Wide,
    pub(crate) idle: Idle,
    pub(crate) finding: Finding,
}

/// Measures all, or one part of it for no page.
///
/// # Errors
/// A part can't be measured.
pub(crate) fn measure(
    peer: &Peer,
    size: &Size,
    only: Option<What>,
    folder: &Path,
) -> Result<Option<Server>, Error> {
    let wanted = |what| only.is_none_or(|only| only == what);
    let mut following = Vec::new();
    for partitions in FOLLOWED.into_iter().filter(|_| wanted(What::Following)) {
        let folder = below(folder, &format!("following-{partitions}"))?;
        let rate = (size.per_second, size.seconds);
        following.push(on_kafka(|at| following::measure(at, peer, partitions, rate, &folder))?);
    }
    let wide = wanted(What::Wide).then(|| {
        let folder = below(folder, "wide")?;
        let klag = klag_exporter();
        let Size { groups, watched, per_second, seconds, .. } = *size;
        let size = wide::Size { groups, watched, per_second, seconds };
        on_kafka(|at| wide::measure(at, peer, klag.as_deref(), size, &folder))
    });
    let wide = wide.transpose()?;
    let idle = wanted(What::Idle).then(|| idle::measure(folder)).transpose()?;
    let finding = wanted(What::Finding).then(|| finding::measure(folder, size.entries)).transpose()?;
    let (Some(wide), Some(idle), Some(finding)) = (wide, idle, finding) else { return Ok(None) };
    Ok(Some(Server { following, wide, idle, finding }))
}

fn below(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let path = folder.join(name);
    std::fs::create_dir_all(&path).map_err(|source| Error::File {
        what: "create",
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

/// Where `./x bench` installs it; the figures stand alone without.
fn klag_exporter() -> Option<PathBuf> {
    let program = PathBuf::from(std::env::var_os("WHITHER_CACHE")?).join("klag-exporter/bin/klag-exporter");
    program.is_file().then_some(program)
}
