//! Scenarios: what a run observed, as a file that people read, write and compare, and that judges the same
//! each time. `docs/formats/scenario.md` describes the format field by field.
//!
//! A scenario holds observations only, never what the core concluded from them: so a file outlives changes of
//! the core's stages, and a bug report is a file that anyone may take apart.

mod reader;
mod writer;
mod error;
mod line;
mod facts;
mod log_facts;
mod asked_facts;
mod group_facts;
mod about;
mod values;
mod nearest;
#[cfg(test)]
mod tests;

use whither_core::{Clock, Fact, Key, Name, Policy};

pub use about::About;
pub use error::{Error, Problem};
pub use reader::{Reader, read};
pub use writer::Writer;

/// The version this program writes and reads.
pub const VERSION: u64 = 1;

/// A line longer than this is refused: room for the largest group description a broker can send.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Facts given together are split when their lines are longer than this in sum, so that a reader holds little.
pub const TOGETHER_BYTES_MAX: usize = LINE_BYTES_MAX;

/// What the first line says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The cluster's id; a scenario holds one cluster.
    pub cluster: Name,
    /// The policy the run was judged by.
    pub policy: Policy,
}

/// One thing that happened in a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Facts were given to a key.
    Facts {
        /// To whom.
        key: Key,
        /// When.
        clock: Clock,
        /// What; never empty.
        facts: Vec<Fact>,
    },
    /// Verdicts were asked for.
    Settle(Clock),
    /// What the run had to tell beside verdicts.
    Report(Box<About>),
}
