//! The names of files in a store's directory.

/// Says that the directory is a store, and of which format.
pub(crate) const FORMAT: &str = "FORMAT";
/// Held locked by the process that has the store open; holds its process id.
pub(crate) const LOCK: &str = "LOCK";
/// Names everything else that counts.
pub(crate) const CATALOGUE: &str = "catalogue.redb";
/// Written to see whether a disk that was full has room again.
pub(crate) const PROBE: &str = "probe";
/// Ends the name of a file that is not whole yet.
pub(crate) const UNFINISHED: &str = ".new";
/// Begins the name of what a repair has cut off. Never removed by the store.
pub(crate) const SET_ASIDE: &str = "set-aside-";

pub(crate) fn log(generation: u64) -> String {
    format!("log-{generation:010}")
}

pub(crate) fn checkpoint(generation: u64) -> String {
    format!("checkpoint-{generation:010}")
}

pub(crate) fn segment(table: &str, id: u64) -> String {
    format!("{table}-{id:010}.parquet")
}
