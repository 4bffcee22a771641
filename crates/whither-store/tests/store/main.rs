//! The store as its owner sees it: on simulated disks with faults, and on the real one.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod app;
mod crashes;
mod directory;
mod full;
mod kill;
mod tables;
mod tools;
