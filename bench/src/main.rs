//! Side-by-side measurements on a real Kafka: `./x bench` writes docs/benchmarks.md.
//!
//! Everything measured is a process of its own, this program again with a hidden subcommand or the peer, so that
//! the kernel's account of it is the whole cost.

mod error;
mod samples;
mod process;
mod peer;
mod wire;
mod reader;
mod reading;
mod facts;
mod judging;
mod checking;
mod server;
mod machine;
mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use whither_lab::cluster::{Cluster, Options, Version};

use crate::checking::Checking;
use crate::error::Error;
use crate::facts::Kind;
use crate::machine::Machine;
use crate::page::Page;
use crate::peer::Peer;
use crate::reader::Work;
use crate::reading::Reading;
use crate::server::What;

/// Measures whither against its peers on a real Kafka and writes docs/benchmarks.md.
#[derive(Parser)]
#[command(name = "whither-bench", version)]
struct Arguments {
    /// Fewer records and rounds, and the page goes to standard output.
    #[arg(long)]
    quick: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// How much is measured.
struct Size {
    rounds: u32,
    records: u64,
    facts: u64,
    mixed_records: u64,
    groups: u32,
    server: server::Size,
}

const WHOLE: Size = Size {
    rounds: 5,
    records: 5_000_000,
    facts: 10_000_000,
    mixed_records: 100_000_000,
    groups: 200,
    server: server::Size {
        per_second: 100_000,
        seconds: 20,
        groups: 200,
        watched: Duration::from_secs(60),
        entries: 100_000_000,
    },
};
const QUICK: Size = Size {
    rounds: 2,
    records: 1_000_000,
    facts: 2_000_000,
    mixed_records: 10_000_000,
    groups: 20,
    server: server::Size {
        per_second: 50_000,
        seconds: 6,
        groups: 20,
        watched: Duration::from_secs(20),
        entries: 2_000_000,
    },
};

/// One thing to measure, for no page; or a measured process.
#[derive(Subcommand)]
enum Part {
    /// Records per CPU second against librdkafka.
    Reading,
    /// Facts per CPU second through the core, and its memory.
    Judging,
    /// `whither check` on many partitions and groups.
    Checking,
    /// `whither serve`, all of it or one part.
    Server { what: Option<What> },
    /// Reads a whole topic.
    #[command(hide = true)]
    Read { bootstrap: String, topic: String, work: Work },
    /// Gives made-up facts to the core.
    #[command(hide = true)]
    Facts { kind: Kind, count: u64 },
    /// Fills a message index, or looks into it.
    #[command(hide = true)]
    Index { work: server::IndexWork, entries: u64, dir: PathBuf },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let size = if arguments.quick { &QUICK } else { &WHOLE };
    let done = match arguments.part {
        Some(part) => run_part(part, size),
        None => measure(arguments.quick, size),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("whither-bench: {}", chain(&error));
            ExitCode::from(4)
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn run_part(part: Part, size: &Size) -> Result<(), Error> {
    match part {
        Part::Reading => reading(&Tools::new()?, size).map(drop),
        Part::Judging => judging::measure(size.facts, size.mixed_records, size.rounds).map(drop),
        Part::Checking => checking(&Tools::new()?, size).map(drop),
        Part::Server { what } => {
            let Tools { peer, folder } = Tools::new()?;
            server::measure(&peer, &size.server, what, folder.path()).map(drop)
        }
        Part::Read { bootstrap, topic, work } => {
            let spawn = |source| Error::Spawn { command: "a runtime".into(), source };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(spawn)?.block_on(reader::main(&bootstrap, &topic, work))
        }
        Part::Facts { kind, count } => facts::main(kind, count),
        Part::Index { work, entries, dir } => server::finding_part(work, entries, &dir),
    }
}

/// The compiled peer, and where files may be put.
struct Tools {
    peer: Peer,
    folder: tempfile::TempDir,
}

impl Tools {
    fn new() -> Result<Tools, Error> {
        let spawn = |source| Error::Spawn { command: "mktemp".into(), source };
        let folder = tempfile::tempdir().map_err(spawn)?;
        Ok(Tools { peer: Peer::compile(folder.path())?, folder })
    }
}

fn checking(Tools { peer, folder }: &Tools, size: &Size) -> Result<Checking, Error> {
    on_kafka(|at| checking::measure(at, peer, folder.path(), size.groups, size.rounds))
}

fn reading(Tools { peer, .. }: &Tools, size: &Size) -> Result<Reading, Error> {
    on_kafka(|at| reading::measure(at, peer, size.records, size.rounds))
}

fn measure(quick: bool, size: &Size) -> Result<(), Error> {
    let machine = Machine::look();
    let tools = Tools::new()?;
    let judging = judging::measure(size.facts, size.mixed_records, size.rounds)?;
    let checking = checking(&tools, size)?;
    let reading = reading(&tools, size)?;
    let Some(server) = server::measure(&tools.peer, &size.server, None, tools.folder.path())? else {
        return Ok(());
    };
    let page = Page {
        machine: &machine,
        kafka: &Version::V4_3.to_string(),
        librdkafka: &tools.peer.version()?,
        reading: &reading,
        judging: &judging,
        checking: &checking,
        server: &server,
    };
    if quick {
        print!("{}", page.render());
        return Ok(());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
    fs::write(&path, page.render()).map_err(|source| Error::File { what: "write", path, source })
}

/// Measures on a Kafka of its own. Segments and offsets partitions are as a production broker has them, not as
/// the lab's faults want them.
fn on_kafka<T>(measure: impl FnOnce(&str) -> Result<T, Error>) -> Result<T, Error> {
    let options = Options { version: Version::V4_3, hurried: false, ..Options::default() }
        .with("log.segment.bytes", "1073741824")
        .with("offsets.topic.num.partitions", "50");
    let cluster = Cluster::start(&options)?;
    measure(&cluster.bootstrap())
}
