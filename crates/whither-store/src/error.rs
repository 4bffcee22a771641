//! What can go wrong, in words that say what to do.

use parquet::errors::ParquetError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a store could not be opened. Nothing in the directory was changed, except where a variant says so.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{} is in use by {}: stop that one, or give this one a directory of its own", .dir.display(), process(*.pid))]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// The other process, if its id could be read.
        pid: Option<u32>,
    },
    /// A newer version wrote it.
    #[error(
        "{} was written by a newer version (format {found}, this one knows up to {known}): run that version, or give \
         this one a directory of its own; nothing was changed",
        .dir.display()
    )]
    Newer {
        /// The directory.
        dir: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format this version knows.
        known: u32,
    },
    /// The directory can't be written to.
    #[error("{} can't be written to: give this user the right to, or choose another directory", .dir.display())]
    ReadOnly {
        /// The directory.
        dir: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// There are other files in it.
    #[error("{} holds files that are not a store's ({file}): choose an empty directory", .dir.display())]
    NotAStore {
        /// The directory.
        dir: PathBuf,
        /// One of the files.
        file: String,
    },
    /// Bytes that were durable once are not what was written.
    #[error("{file} is corrupt at byte {byte}: {what}; {}", way_out(.file))]
    Corrupt {
        /// The file's name within the directory.
        file: String,
        /// The first byte of the part that can't be read.
        byte: u64,
        /// What was found.
        what: String,
    },
    /// The file system failed.
    #[error("{file}: {source}")]
    Io {
        /// The file's name within the directory.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// The catalogue can't be read.
    #[error("the catalogue can't be read: {}", way_out("catalogue.redb"))]
    Catalogue {
        /// What the catalogue's engine said.
        source: Box<redb::Error>,
    },
}

/// Why an operation on an open store failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no room. Nothing is lost, nothing was half done: the same call succeeds when there is room again.
    #[error("no room to write {file}: free some, or keep less")]
    Full {
        /// The file's name within the directory.
        file: String,
    },
    /// More than an entry or blob may hold.
    #[error("{bytes} bytes are more than the {limit} that may be stored at once")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The longest there may be.
        limit: usize,
    },
    /// A checkpoint holds the state at a mark, and something came after the last one.
    #[error("entries or rows came after the last mark: mark them first")]
    Unmarked,
    /// What is on disk is no longer known: open the store again.
    #[error("the store must be opened again: {why}")]
    Broken {
        /// What happened.
        why: String,
    },
    /// The file system failed.
    #[error("{file}: {source}")]
    Io {
        /// The file's name within the directory.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// A segment can't be written or read.
    #[error("segment {file}: {source}")]
    Segment {
        /// The file's name within the directory.
        file: String,
        /// What the Parquet library said.
        source: ParquetError,
    },
    /// A segment is not what was written.
    #[error("segment {file} is corrupt: its bytes are not those that were written")]
    CorruptSegment {
        /// The file's name within the directory.
        file: String,
    },
    /// The catalogue can't be read or written.
    #[error("the catalogue failed: {source}")]
    Catalogue {
        /// What the catalogue's engine said.
        source: Box<redb::Error>,
    },
}

impl StoreError {
    /// Whether room on the disk is all that is missing.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, StoreError::Full { .. })
    }

    pub(crate) fn io(file: &str, source: io::Error) -> StoreError {
        let file = file.to_owned();
        if no_room(&source) { StoreError::Full { file } } else { StoreError::Io { file, source } }
    }

    pub(crate) fn segment(file: &str, source: ParquetError) -> StoreError {
        if let ParquetError::External(inner) = &source
            && inner.downcast_ref::<io::Error>().is_some_and(no_room)
        {
            return StoreError::Full { file: file.to_owned() };
        }
        StoreError::Segment { file: file.to_owned(), source }
    }

    pub(crate) fn catalogue(source: impl Into<redb::Error>) -> StoreError {
        match source.into() {
            redb::Error::Io(error) if no_room(&error) => {
                StoreError::Full { file: crate::names::CATALOGUE.into() }
            }
            source => StoreError::Catalogue { source: Box::new(source) },
        }
    }
}

impl OpenError {
    pub(crate) fn io(file: &str, source: io::Error) -> OpenError {
        OpenError::Io { file: file.to_owned(), source }
    }

    pub(crate) fn corrupt(file: &str, byte: u64, what: impl Into<String>) -> OpenError {
        OpenError::Corrupt { file: file.to_owned(), byte, what: what.into() }
    }

    pub(crate) fn catalogue(source: impl Into<redb::Error>) -> OpenError {
        OpenError::Catalogue { source: Box::new(source.into()) }
    }
}

pub(crate) fn no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

fn way_out(file: &str) -> &'static str {
    if file.starts_with("log-") {
        "to go on from the last mark before it, open once with repair (what follows is kept in a file beside it and read \
         from Kafka again as far as Kafka still has it)"
    } else {
        "restore the directory from a backup, or move it away: what Kafka still has is read again"
    }
}
