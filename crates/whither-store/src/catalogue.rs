//! The catalogue: which files count. One transaction makes a new set of them true at once.

mod backend;

use crate::disk::Disk;
use crate::error::{OpenError, StoreError};
use crate::limits::CATALOGUE_CACHE_BYTES;
use crate::names::{self, CATALOGUE};
use crate::tables::Table;
use backend::Backend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::sync::Arc;

/// Numbers by name.
const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
/// The number that says up to which time index rows may have been deleted; it is there once some were.
const INDEX_FORGOT: &str = "index_forgot_ms";
/// Segments by id: table, level, rows, bytes, checksum, first and last time.
const SEGMENTS: TableDefinition<u64, SegmentTuple> = TableDefinition::new("segments");

type SegmentTuple = (u8, u8, u64, u64, u32, i64, i64);

/// Everything the catalogue says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    pub(crate) generation: Generation,
    pub(crate) segments: Vec<SegmentRecord>,
    /// Of the index, rows up to this time may have been deleted, in milliseconds since the epoch.
    pub(crate) index_forgot_ms: Option<i64>,
}

/// The checkpoint and the log that follows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Generation {
    /// Names both files: `checkpoint-N`, `log-N`. The first has no checkpoint.
    pub(crate) number: u64,
    /// Length of the checkpoint; 0: there is none.
    pub(crate) checkpoint_bytes: u64,
    /// When it was made, in milliseconds since the epoch.
    pub(crate) at_ms: i64,
}

/// A segment that counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentRecord {
    pub(crate) id: u64,
    pub(crate) table: Table,
    /// How often its rows were merged.
    pub(crate) level: u8,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// crc32c of the file.
    pub(crate) crc: u32,
    /// Times of its rows, in milliseconds since the epoch.
    pub(crate) min_ms: i64,
    pub(crate) max_ms: i64,
}

/// What a transaction changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) generation: Option<Generation>,
    pub(crate) add: Vec<SegmentRecord>,
    pub(crate) remove: Vec<u64>,
    /// The last time of the index rows that are removed.
    pub(crate) index_forgot_ms: Option<i64>,
}

/// How a transaction ended that did not succeed.
#[derive(Debug)]
pub(crate) enum NotApplied {
    /// It was not made; the catalogue is as it was.
    Unchanged(StoreError),
    /// Nobody knows.
    Unknown(String),
}

#[derive(Debug)]
pub(crate) struct Catalogue {
    disk: Arc<dyn Disk>,
    /// `None` after a failure, when it could not be opened again.
    database: Option<Database>,
    /// Counts transactions.
    turn: u64,
}

impl Catalogue {
    /// Makes a catalogue that names the first log, whole or not at all.
    pub(crate) fn create(disk: &Arc<dyn Disk>, first: Generation) -> Result<(), OpenError> {
        let unfinished = format!("{CATALOGUE}{}", names::UNFINISHED);
        let io = |error| OpenError::io(&unfinished, error);
        let file = disk.create(&unfinished).map_err(io)?;
        let database = builder().create_with_backend(Backend::new(file)).map_err(OpenError::catalogue)?;
        let change = Change { generation: Some(first), ..Change::default() };
        write(&database, &change, 1).map_err(OpenError::catalogue)?;
        drop(database);
        disk.rename(&unfinished, CATALOGUE).map_err(io)?;
        disk.sync_names().map_err(io)
    }

    pub(crate) fn open(disk: &Arc<dyn Disk>) -> Result<(Catalogue, Contents), OpenError> {
        let file = disk.open(CATALOGUE).map_err(|error| OpenError::io(CATALOGUE, error))?;
        let database = builder().create_with_backend(Backend::new(file)).map_err(OpenError::catalogue)?;
        let (contents, turn) = read(&database).map_err(OpenError::catalogue)?;
        Ok((Catalogue { disk: Arc::clone(disk), database: Some(database), turn }, contents))
    }

    /// Makes a change durable. Where there was no room on the way, the catalogue is opened again to see what is true;
    /// after any other failure what is read may not be what is on the disk.
    pub(crate) fn apply(&mut self, change: &Change) -> Result<(), NotApplied> {
        let Some(database) = &self.database else {
            return Err(NotApplied::Unknown("the catalogue could not be opened again".into()));
        };
        let Err(error) = write(database, change, self.turn + 1) else {
            self.turn += 1;
            return Ok(());
        };
        let error = StoreError::catalogue(error);
        self.database = None;
        if !error.is_full() {
            return Err(NotApplied::Unknown(error.to_string()));
        }
        let (again, _) = Catalogue::open(&self.disk)
            .map_err(|reopening| NotApplied::Unknown(format!("{error}; then: {reopening}")))?;
        let applied = again.turn == self.turn + 1;
        *self = again;
        if applied { Ok(()) } else { Err(NotApplied::Unchanged(error)) }
    }
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CATALOGUE_CACHE_BYTES);
    builder
}

fn write(database: &Database, change: &Change, turn: u64) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut numbers = transaction.open_table(NUMBERS)?;
        numbers.insert("turn", turn)?;
        if let Some(generation) = change.generation {
            numbers.insert("generation", generation.number)?;
            numbers.insert("checkpoint_bytes", generation.checkpoint_bytes)?;
            numbers.insert("checkpoint_at_ms", generation.at_ms.cast_unsigned())?;
        }
        if let Some(forgot) = change.index_forgot_ms {
            let before = numbers.get(INDEX_FORGOT)?.map(|known| known.value().cast_signed());
            numbers.insert(INDEX_FORGOT, before.max(Some(forgot)).unwrap_or(forgot).cast_unsigned())?;
        }
        let mut segments = transaction.open_table(SEGMENTS)?;
        for id in &change.remove {
            segments.remove(id)?;
        }
        for s in &change.add {
            let tuple = (s.table.number(), s.level, s.rows, s.bytes, s.crc, s.min_ms, s.max_ms);
            segments.insert(s.id, tuple)?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn read(database: &Database) -> Result<(Contents, u64), redb::Error> {
    let transaction = database.begin_read()?;
    let numbers = transaction.open_table(NUMBERS)?;
    let number =
        |name| -> Result<u64, redb::Error> { Ok(numbers.get(name)?.map_or(0, |found| found.value())) };
    let generation = Generation {
        number: number("generation")?,
        checkpoint_bytes: number("checkpoint_bytes")?,
        at_ms: number("checkpoint_at_ms")?.cast_signed(),
    };
    let mut segments = Vec::new();
    for row in transaction.open_table(SEGMENTS)?.iter()? {
        let (id, value) = row?;
        let (table, level, rows, bytes, crc, min_ms, max_ms) = value.value();
        let table = Table::of(table)
            .ok_or_else(|| redb::Error::Corrupted(format!("segment {} is of no known table", id.value())))?;
        segments.push(SegmentRecord { id: id.value(), table, level, rows, bytes, crc, min_ms, max_ms });
    }
    let index_forgot_ms = numbers.get(INDEX_FORGOT)?.map(|found| found.value().cast_signed());
    Ok((Contents { generation, segments, index_forgot_ms }, number("turn")?))
}
