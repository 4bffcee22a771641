//! From what was typed to an exit code.
pub fn complain(_: &str) {}
pub fn run() {}
