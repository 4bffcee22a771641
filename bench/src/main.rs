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

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::peer::Peer;
use crate::reader::Work;

/// Measures whither against its peers on a real Kafka and writes docs/benchmarks.md.
#[derive(Parser)]
#[command(name = "whither-bench", version)]
struct Arguments {
    /// Fewer records and rounds: a look at where it stands, for no page.
    #[arg(long)]
    quick: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The measured processes.
#[derive(Subcommand)]
#[command(hide = true)]
enum Part {
    /// Reads a whole topic.
    Read { bootstrap: String, topic: String, work: Work },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.part {
        Some(part) => run_part(part),
        None => measure(arguments.quick),
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
    }
}

fn measure(quick: bool) -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(|source| Error::Spawn { command: "mktemp".into(), source })?;
    let peer = Peer::compile(folder.path())?;
    let options = whither_lab::cluster::Options { hurried: false, ..Default::default() }
        .with("log.segment.bytes", "1073741824")
        .with("offsets.topic.num.partitions", "50");
    let cluster = whither_lab::cluster::Cluster::start(&options)?;
    let at = cluster.bootstrap();
    let (records, rounds) = if quick { (1_000_000, 2) } else { (5_000_000, 5) };
    let _ = reading::measure(&at, &peer, records, rounds)?;
    Ok(())
}
