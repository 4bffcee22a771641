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
mod machine;
mod page;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use whither_lab::cluster::{Cluster, Options, Version};

use crate::error::Error;
use crate::facts::Kind;
use crate::machine::Machine;
use crate::page::Page;
use crate::peer::Peer;
use crate::reader::Work;

/// Measures whither against its peers on a real Kafka and writes docs/benchmarks.md.
#[derive(Parser)]
#[command(name = "whither-bench", version)]
struct Arguments {
    /// Fewer records and rounds, and the page goes to standard output.
    #[arg(long)]
    quick: bool,
    /// Measures one thing, for no page.
    #[arg(long, value_enum)]
    only: Option<Only>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Only {
    /// Records per CPU second against librdkafka.
    Reading,
    /// Facts per CPU second through the core, and its memory.
    Judging,
    /// `whither check` on many partitions and groups.
    Checking,
}

/// How much is measured.
struct Size {
    rounds: u32,
    records: u64,
    facts: u64,
    mixed_records: u64,
    groups: u32,
}

const WHOLE: Size =
    Size { rounds: 5, records: 5_000_000, facts: 10_000_000, mixed_records: 100_000_000, groups: 200 };
const QUICK: Size =
    Size { rounds: 2, records: 1_000_000, facts: 2_000_000, mixed_records: 10_000_000, groups: 20 };

/// The measured processes.
#[derive(Subcommand)]
#[command(hide = true)]
enum Part {
    /// Reads a whole topic.
    Read { bootstrap: String, topic: String, work: Work },
    /// Gives made-up facts to the core.
    Facts { kind: Kind, count: u64 },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.part {
        Some(part) => run_part(part),
        None => measure(&arguments),
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

fn run_part(part: Part) -> Result<(), Error> {
    let spawn = |source| Error::Spawn { command: "a runtime".into(), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(spawn)?;
    match part {
        Part::Read { bootstrap, topic, work } => runtime.block_on(reader::main(&bootstrap, &topic, work)),
        Part::Facts { kind, count } => facts::main(kind, count),
    }
}

fn measure(arguments: &Arguments) -> Result<(), Error> {
    let size = if arguments.quick { &QUICK } else { &WHOLE };
    let machine = Machine::look();
    let folder = tempfile::tempdir().map_err(|source| Error::Spawn { command: "mktemp".into(), source })?;
    let peer = Peer::compile(folder.path())?;
    let only = |part| arguments.only.is_none_or(|only| only == part);
    let judging = only(Only::Judging)
        .then(|| judging::measure(size.facts, size.mixed_records, size.rounds))
        .transpose()?;
    let checking = only(Only::Checking)
        .then(|| on_kafka(|at| checking::measure(at, &peer, folder.path(), size.groups, size.rounds)))
        .transpose()?;
    let reading = only(Only::Reading)
        .then(|| on_kafka(|at| reading::measure(at, &peer, size.records, size.rounds)))
        .transpose()?;
    let (Some(judging), Some(checking), Some(reading)) = (&judging, &checking, &reading) else {
        return Ok(());
    };
    let librdkafka = peer.version()?;
    let kafka = Version::V4_3.to_string();
    let page = Page { machine: &machine, kafka: &kafka, librdkafka: &librdkafka, reading, judging, checking };
    if arguments.quick {
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
