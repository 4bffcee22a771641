use std::io;
use std::path::PathBuf;

/// Why a Kafka could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system or a process failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A program that the lab calls failed.
    #[error("{program} failed ({status}):\n{output}")]
    Program {
        /// What was run.
        program: &'static str,
        /// Its exit status, or why it did not start.
        status: String,
        /// The end of what it wrote.
        output: String,
    },
    /// A node ended or stayed silent instead of starting.
    #[error("node {node} did not start: {why}; the end of {}:\n{tail}", log.display())]
    NotStarted {
        /// Its number, from 1.
        node: usize,
        /// Ended or timed out.
        why: String,
        /// The node's log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// A node number outside 1..=nodes, or a node that is (not) running already.
    #[error("node {node} {why}")]
    NoSuchNode {
        /// The number asked for.
        node: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}
