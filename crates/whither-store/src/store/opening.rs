//! Opening a directory: who may, what it is, what counts, and what a crash has left behind.

use super::upkeep::Leaving;
use super::{Options, Pending, Repair, Store};
use crate::catalogue::{Catalogue, Contents, Generation};
use crate::checkpoint::Checkpoint;
use crate::disk::{Disk, DiskFile, RealDisk};
use crate::error::{OpenError, no_room};
use crate::live::{Live, Shared};
use crate::log::{Entries, LogWriter, Tail, find_tail};
use crate::names::{self, CATALOGUE, FORMAT, LOCK, UNFINISHED};
use crate::tables::Table;
use crate::tables::segment::Segment;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

/// The format of the directory as a whole.
const VERSION: u32 = 1;
const FORMAT_WORDS: &str = "whither store ";

/// A store that was opened, and what it remembers.
#[derive(Debug)]
pub struct Opened {
    /// The store, ready to be written to once checkpoint and log have been taken in.
    pub store: Store,
    /// The last checkpoint; `None` before the first one.
    pub checkpoint: Option<Checkpoint>,
    /// What was marked after it.
    pub log: Entries,
    /// What was cleared away.
    pub recovered: Recovered,
}

/// What opening cleared away, as after a crash.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// Bytes after the last mark.
    pub dropped_bytes: u64,
    /// Entries after the last mark that were whole.
    pub dropped_entries: u64,
    /// Files that were written for a change that never became true.
    pub removed_files: usize,
    /// The file that a repair has moved the corrupt part of the log to.
    pub set_aside: Option<String>,
}

impl Store {
    /// Opens a directory of the file system, created if it is missing.
    ///
    /// # Errors
    /// See [`OpenError`]; each says what to do.
    pub fn open(dir: &Path, options: Options) -> Result<Opened, OpenError> {
        let disk = RealDisk::new(dir).map_err(|error| cannot_write(dir, error))?;
        Store::open_on(Arc::new(disk), options)
    }

    /// Opens a store on any disk.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_on(disk: Arc<dyn Disk>, options: Options) -> Result<Opened, OpenError> {
        let fresh = recognise(&*disk)?;
        let lock = lock(&*disk)?;
        if fresh {
            write_format(&*disk)?;
        }
        let (catalogue, contents) = open_catalogue(&disk)?;
        let mut recovered = Recovered::default();
        let (log, entries, last_mark) =
            open_log(&*disk, contents.generation, options.repair, &mut recovered)?;
        let live = open_segments(&*disk, &contents)?;
        let checkpoint = open_checkpoint(&*disk, contents.generation)?;
        recovered.removed_files = remove_orphans(&*disk, &contents)?;
        let last_mark =
            last_mark.or_else(|| checkpoint.as_ref().and_then(|checkpoint| checkpoint.mark.clone()));
        let store = Store {
            disk,
            _lock: lock,
            catalogue,
            log,
            generation: contents.generation,
            last_mark,
            pending: Pending::default(),
            live: Shared::new(live),
            next_segment: contents.segments.iter().map(|segment| segment.id + 1).max().unwrap_or(1),
            retention: options.retention,
            buffered_bytes: options.buffered_bytes,
            leaving: Leaving::default(),
            full: false,
        };
        Ok(Opened { store, checkpoint, log: entries, recovered })
    }
}

/// Whether the directory is to become a store; an error if it is something else. Changes nothing.
fn recognise(disk: &dyn Disk) -> Result<bool, OpenError> {
    let names = disk.list().map_err(|error| cannot_write(&disk.path(), error))?;
    if !names.iter().any(|name| name == FORMAT) {
        let unfinished = format!("{FORMAT}{UNFINISHED}");
        // A file system's own directory stands in the root of a mounted volume.
        let foreign =
            names.into_iter().find(|name| ![LOCK, &unfinished, "lost+found"].contains(&name.as_str()));
        return foreign.map_or(Ok(true), |file| Err(OpenError::NotAStore { dir: disk.path(), file }));
    }
    let words = read_text(disk, FORMAT).map_err(|error| OpenError::io(FORMAT, error))?;
    match words.strip_prefix(FORMAT_WORDS).and_then(|version| version.trim_end().parse::<u32>().ok()) {
        Some(VERSION) => Ok(false),
        Some(found) if found > VERSION => Err(OpenError::Newer { dir: disk.path(), found, known: VERSION }),
        _ => Err(OpenError::corrupt(FORMAT, 0, "it does not say that this is a store")),
    }
}

fn lock(disk: &dyn Disk) -> Result<Arc<dyn DiskFile>, OpenError> {
    let Some(file) = disk.lock(LOCK).map_err(|error| cannot_write(&disk.path(), error))? else {
        let pid = read_text(disk, LOCK).ok().and_then(|pid| pid.trim_end().parse().ok());
        return Err(OpenError::InUse { dir: disk.path(), pid });
    };
    let pid = format!("{}\n", std::process::id());
    match file.set_len(0).and_then(|()| file.write_at(0, pid.as_bytes())) {
        // The id is for whoever is refused: a full disk must not keep everybody out.
        Err(error) if !no_room(&error) => Err(cannot_write(&disk.path(), error)),
        _ => Ok(file),
    }
}

fn write_format(disk: &dyn Disk) -> Result<(), OpenError> {
    let unfinished = format!("{FORMAT}{UNFINISHED}");
    let write = || -> io::Result<()> {
        let file = disk.create(&unfinished)?;
        file.write_at(0, format!("{FORMAT_WORDS}{VERSION}\n").as_bytes())?;
        file.sync()?;
        disk.rename(&unfinished, FORMAT)?;
        disk.sync_names()
    };
    write().map_err(|error| OpenError::io(FORMAT, error))
}

/// The catalogue; a new one with a first log in a directory that never had one.
fn open_catalogue(disk: &Arc<dyn Disk>) -> Result<(Catalogue, Contents), OpenError> {
    let names = disk.list().map_err(|error| OpenError::io(CATALOGUE, error))?;
    if !names.iter().any(|name| name == CATALOGUE) {
        let first = Generation::default();
        let first_log = names::log(first.number);
        if let Some(orphan) =
            names.iter().find(|name| is_ours(name) && **name != first_log && !is_scratch(name))
        {
            return Err(OpenError::corrupt(CATALOGUE, 0, format!("it is missing, while {orphan} is there")));
        }
        LogWriter::create(&**disk, first.number)
            .map_err(|error| OpenError::io(&first_log, io::Error::other(error)))?;
        Catalogue::create(disk, first)?;
    }
    let io = |error| OpenError::io(CATALOGUE, error);
    write_again(&*disk.open(CATALOGUE).map_err(io)?).map_err(io)?;
    Catalogue::open(disk)
}

/// The log, cut after its last mark.
fn open_log(
    disk: &dyn Disk,
    generation: Generation,
    repair: Repair,
    recovered: &mut Recovered,
) -> Result<(LogWriter, Entries, Option<Vec<u8>>), OpenError> {
    let name = names::log(generation.number);
    let io = |error| OpenError::io(&name, error);
    let file = disk.open(&name).map_err(io)?;
    let tail = find_tail(&file, generation.number)?;
    if let Some(byte) = tail.corrupt_at {
        if repair == Repair::Refuse {
            return Err(OpenError::corrupt(
                &name,
                byte,
                "the checksum does not match, and later entries are there",
            ));
        }
        recovered.set_aside = Some(set_aside(disk, &*file, &name, &tail).map_err(io)?);
    }
    if tail.dropped_bytes > 0 {
        file.set_len(tail.end).map_err(io)?;
    }
    write_again(&*file).map_err(io)?;
    recovered.dropped_bytes = tail.dropped_bytes;
    recovered.dropped_entries = tail.dropped_entries;
    let entries = Entries::open(&file, generation.number, tail.end)?;
    Ok((LogWriter::at(file, generation.number, tail.end), entries, tail.last_mark))
}

/// What is read here as if it were durable becomes so: a process may not have lived to sync it, or its sync failed.
/// After a sync that failed the system shows bytes that are not on the disk, and the next sync succeeds without writing
/// them: only what is written again is synced.
fn write_again(file: &dyn DiskFile) -> io::Result<()> {
    let len = file.len()?;
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < len {
        let left = usize::try_from(len - at).map_or(buffer.len(), |left| left.min(buffer.len()));
        let part = buffer.get_mut(..left).unwrap_or_default();
        file.read_at(at, part)?;
        file.write_at(at, part)?;
        at += left as u64;
    }
    file.sync()
}

/// Copies what a repair is about to cut off.
fn set_aside(disk: &dyn Disk, file: &dyn DiskFile, name: &str, tail: &Tail) -> io::Result<String> {
    let copy_name = format!("{}{name}-from-{}", names::SET_ASIDE, tail.end);
    let copy = disk.create(&copy_name)?;
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < tail.dropped_bytes {
        let len =
            usize::try_from(tail.dropped_bytes - at).map_or(buffer.len(), |left| left.min(buffer.len()));
        let part = buffer.get_mut(..len).unwrap_or_default();
        file.read_at(tail.end + at, part)?;
        copy.write_at(at, part)?;
        at += len as u64;
    }
    copy.sync()?;
    disk.sync_names()?;
    Ok(copy_name)
}

fn open_segments(disk: &dyn Disk, contents: &Contents) -> Result<Live, OpenError> {
    let mut live = Live { index_forgot_ms: contents.index_forgot_ms, ..Live::default() };
    for record in &contents.segments {
        let name = names::segment(record.table.name(), record.id);
        let segment = Segment::open(disk, *record).map_err(|error| OpenError::io(&name, error))?;
        let bytes = segment.file_bytes().map_err(|error| OpenError::io(&name, error))?;
        if bytes != record.bytes {
            return Err(OpenError::corrupt(&name, bytes, format!("it had {} bytes", record.bytes)));
        }
        live.of(record.table).add(segment);
    }
    Ok(live)
}

fn open_checkpoint(disk: &dyn Disk, generation: Generation) -> Result<Option<Checkpoint>, OpenError> {
    if generation.checkpoint_bytes == 0 {
        return Ok(None);
    }
    Checkpoint::open(disk, generation.number, generation.checkpoint_bytes, generation.at_ms).map(Some)
}

/// Removes what the catalogue does not name.
fn remove_orphans(disk: &dyn Disk, contents: &Contents) -> Result<usize, OpenError> {
    let number = contents.generation.number;
    let segments = contents.segments.iter().map(|segment| names::segment(segment.table.name(), segment.id));
    let named: BTreeSet<String> = segments.chain([names::log(number), names::checkpoint(number)]).collect();
    let names = disk.list().map_err(|error| OpenError::io(CATALOGUE, error))?;
    let mut removed = 0;
    for name in names.iter().filter(|name| is_ours(name) && !named.contains(*name)) {
        disk.remove(name).map_err(|error| OpenError::io(name, error))?;
        removed += 1;
    }
    Ok(removed)
}

/// Whether a file's name is one that the store gives, other than those that are always there.
fn is_ours(name: &str) -> bool {
    let numbered = |prefix: &str, suffix: &str| {
        let number = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')?.strip_suffix(suffix));
        number.is_some_and(|number| number.parse::<u64>().is_ok())
    };
    let segment = Table::ALL.iter().any(|table| numbered(table.name(), ".parquet"));
    segment || numbered("log", "") || numbered("checkpoint", "") || is_scratch(name)
}

/// Whether a file is of no use to anybody once the process that wrote it is gone.
fn is_scratch(name: &str) -> bool {
    name == names::PROBE
        || [FORMAT, CATALOGUE].iter().any(|whole| name.strip_prefix(whole) == Some(UNFINISHED))
}

fn read_text(disk: &dyn Disk, name: &str) -> io::Result<String> {
    let file = disk.open(name)?;
    // A pid or a version: more than that is not what we wrote.
    let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX).min(64)];
    file.read_at(0, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn cannot_write(dir: &Path, source: io::Error) -> OpenError {
    match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            OpenError::ReadOnly { dir: dir.to_owned(), source }
        }
        _ => OpenError::Io { file: dir.display().to_string(), source },
    }
}
