//! The command line.
mod exit;
pub mod paint;
pub mod table;

pub use exit::Exit;
