//! The command line: what was typed, what to answer with, and the exit code.
pub mod args;
pub mod position;
pub mod output;
pub mod table;
pub mod paint;
pub mod progress;
pub mod pages;
mod exit;
mod dispatch;
mod ask;
mod record;
mod places;
mod journey;
mod trace_context;
pub mod remote;
mod demo_command;
mod serve_command;
mod token;

pub use dispatch::{complain, run};
pub use exit::Exit;
