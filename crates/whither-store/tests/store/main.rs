//! The store as its owner sees it: on simulated disks with faults, and on the real one.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod app;
mod crashes;
mod directory;
mod full;
mod spans;
mod stopping;
mod kill;
mod tables;
mod tools;

/// A number that whoever runs the tests asks for.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}
