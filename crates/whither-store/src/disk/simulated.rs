//! A disk in memory that loses what was not synced, and fails when it is told to: same seed, same faults.

use super::{Disk, DiskFile};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A directory in memory. Clones are the same directory.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    files: BTreeMap<u64, Content>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    renamed: Vec<NameChange>,
    locked: BTreeSet<String>,
    next_file: u64,
    random: u64,
    /// Counts crashes: a file opened before one is of no use after it.
    epoch: u64,
    crashed: bool,
    changes_until_crash: Option<u64>,
    syncs_until_failure: Option<u64>,
    capacity: u64,
    read_only: bool,
}

/// What a program reads is `now`; what is left after a crash is `durable` and some of `unsynced`.
#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    /// Open files: a file without a name lives as long as somebody has it open.
    open: usize,
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    SetLen(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Is(String, u64),
    Removed(String),
}

impl SimulatedDisk {
    /// An empty directory with room for ever, whose faults follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> SimulatedDisk {
        SimulatedDisk {
            state: Arc::new(Mutex::new(State {
                files: BTreeMap::new(),
                names: BTreeMap::new(),
                durable_names: BTreeMap::new(),
                renamed: Vec::new(),
                locked: BTreeSet::new(),
                next_file: 0,
                random: seed,
                epoch: 0,
                crashed: false,
                changes_until_crash: None,
                syncs_until_failure: None,
                capacity: u64::MAX,
                read_only: false,
            })),
        }
    }

    /// After `changes` more writes, syncs or changes of names the power fails: the last of them is torn, and everything
    /// after it fails until [`SimulatedDisk::restart`].
    pub fn crash_after(&self, changes: u64) {
        self.state().changes_until_crash = Some(changes);
    }

    /// After `syncs` more successful syncs of files one fails, and what it should have made durable never will be.
    pub fn fail_sync_after(&self, syncs: u64) {
        self.state().syncs_until_failure = Some(syncs);
    }

    /// Limits the bytes that all files may take together.
    pub fn set_capacity(&self, bytes: u64) {
        self.state().capacity = bytes;
    }

    /// Whether everything that changes something fails.
    pub fn set_read_only(&self, read_only: bool) {
        self.state().read_only = read_only;
    }

    /// Whether the power has failed since the last restart.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.state().crashed
    }

    /// The bytes that all files take together.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.state().used()
    }

    /// Cuts the power, if it has not failed yet, and comes back: of what was not synced any part may be left, in any
    /// combination, and the last names only up to some point.
    pub fn restart(&self) {
        let mut state = self.state();
        let state = &mut *state;
        let mut files = std::mem::take(&mut state.files);
        for content in files.values_mut() {
            let changes = std::mem::take(&mut content.unsynced);
            let all = state.chance(4);
            for change in changes {
                if all || state.chance(2) {
                    change.apply(&mut content.durable);
                } else if state.chance(2) {
                    change.torn(state.random()).apply(&mut content.durable);
                }
            }
            content.now.clone_from(&content.durable);
            content.open = 0;
        }
        let kept = usize::try_from(state.random() % (state.renamed.len() as u64 + 1)).unwrap_or(0);
        let renamed = std::mem::take(&mut state.renamed);
        for change in renamed.into_iter().take(kept) {
            change.apply(&mut state.durable_names);
        }
        state.names = state.durable_names.clone();
        files.retain(|id, _| state.names.values().any(|named| named == id));
        state.files = files;
        state.locked.clear();
        state.epoch += 1;
        state.crashed = false;
        state.changes_until_crash = None;
        state.syncs_until_failure = None;
    }

    /// Flips one bit of a file, as a disk that rots does. False if the file is not that long.
    pub fn flip_bit(&self, name: &str, byte: u64, bit: u8) -> bool {
        let mut state = self.state();
        let Some(id) = state.names.get(name).copied() else { return false };
        let (Some(content), Ok(byte)) = (state.files.get_mut(&id), usize::try_from(byte)) else {
            return false;
        };
        let mut flipped = false;
        for bytes in [&mut content.now, &mut content.durable] {
            if let Some(byte) = bytes.get_mut(byte) {
                *byte ^= 1 << (bit % 8);
                flipped = true;
            }
        }
        flipped
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, state: &mut State, id: u64, locked: Option<String>) -> Arc<dyn DiskFile> {
        state.files.entry(id).or_default().open += 1;
        Arc::new(SimulatedFile { disk: self.clone(), id, epoch: state.epoch, locked })
    }
}

impl State {
    /// splitmix64: small, and good enough to choose faults.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.random().is_multiple_of(one_in)
    }

    /// A file that was removed takes no room, although a crash may bring it back.
    fn used(&self) -> u64 {
        let takes_room =
            |id, content: &Content| content.open > 0 || self.names.values().any(|named| named == id);
        self.files
            .iter()
            .filter(|(id, content)| takes_room(*id, content))
            .map(|(_, c)| c.now.len() as u64)
            .sum()
    }

    /// Frees what no name and no open file refers to.
    fn forget_nameless(&mut self) {
        let named: BTreeSet<u64> = self.names.values().chain(self.durable_names.values()).copied().collect();
        self.files.retain(|id, content| content.open > 0 || named.contains(id));
    }

    /// Whether the power is on.
    fn alive(&self) -> io::Result<()> {
        if self.crashed { Err(io::Error::other("the simulated power has failed")) } else { Ok(()) }
    }

    /// Counts a change. `Ok(true)` if it is the one that the power fails in.
    fn changes(&mut self) -> io::Result<bool> {
        self.alive()?;
        if self.read_only {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        match &mut self.changes_until_crash {
            Some(0) => {
                self.crashed = true;
                Ok(true)
            }
            Some(left) => {
                *left -= 1;
                Ok(false)
            }
            None => Ok(false),
        }
    }

    fn change_name(&mut self, change: NameChange) -> io::Result<()> {
        let last = self.changes()?;
        change.clone().apply(&mut self.names);
        self.renamed.push(change);
        if last { self.alive() } else { Ok(()) }
    }

    fn change_file(&mut self, id: u64, change: Change) -> io::Result<()> {
        let last = self.changes()?;
        let room = self.capacity.saturating_sub(self.used());
        let content = self.files.entry(id).or_default();
        let (change, fits) = change.fitting(content.now.len(), usize::try_from(room).unwrap_or(usize::MAX));
        change.clone().apply(&mut content.now);
        content.unsynced.push(change);
        if last {
            return self.alive();
        }
        if fits { Ok(()) } else { Err(ErrorKind::StorageFull.into()) }
    }

    fn sync(&mut self, id: u64) -> io::Result<()> {
        if self.changes()? {
            return self.alive();
        }
        let fails = match &mut self.syncs_until_failure {
            Some(0) => {
                self.syncs_until_failure = None;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        let content = self.files.entry(id).or_default();
        let changes = std::mem::take(&mut content.unsynced);
        if fails {
            return Err(io::Error::other("the simulated disk failed to sync"));
        }
        for change in changes {
            change.apply(&mut content.durable);
        }
        Ok(())
    }
}

impl Change {
    fn apply(self, to: &mut Vec<u8>) {
        match self {
            Change::Write { at, bytes } => {
                let end = at + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                if let Some(place) = to.get_mut(at..end) {
                    place.copy_from_slice(&bytes);
                }
            }
            Change::SetLen(len) => to.resize(len, 0),
        }
    }

    fn torn(self, random: u64) -> Change {
        match self {
            Change::Write { at, mut bytes } => {
                bytes.truncate(usize::try_from(random % (bytes.len() as u64 + 1)).unwrap_or(0));
                Change::Write { at, bytes }
            }
            Change::SetLen(len) => Change::SetLen(len),
        }
    }

    /// As much of the change as fits, and whether that is all of it.
    fn fitting(self, len: usize, room: usize) -> (Change, bool) {
        let most = len.saturating_add(room);
        match self {
            Change::Write { at, mut bytes } if at + bytes.len() > most => {
                bytes.truncate(most.saturating_sub(at));
                (Change::Write { at: at.min(most), bytes }, false)
            }
            Change::SetLen(to) if to > most => (Change::SetLen(len), false),
            fits => (fits, true),
        }
    }
}

impl NameChange {
    fn apply(self, names: &mut BTreeMap<String, u64>) {
        match self {
            NameChange::Is(name, id) => {
                names.retain(|_, named| *named != id);
                names.insert(name, id);
            }
            NameChange::Removed(name) => {
                names.remove(&name);
            }
        }
    }
}

impl Disk for SimulatedDisk {
    fn path(&self) -> PathBuf {
        PathBuf::from("simulated")
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let id = state.next_file;
        state.next_file += 1;
        state.change_name(NameChange::Is(name.to_owned(), id))?;
        Ok(self.file(&mut state, id, None))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.alive()?;
        let id = *state.names.get(name).ok_or(ErrorKind::NotFound)?;
        Ok(self.file(&mut state, id, None))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.state();
        state.alive()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let id = *state.names.get(from).ok_or(ErrorKind::NotFound)?;
        state.change_name(NameChange::Is(to.to_owned(), id))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        if !state.names.contains_key(name) {
            return Err(ErrorKind::NotFound.into());
        }
        state.change_name(NameChange::Removed(name.to_owned()))
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.changes()? {
            return state.alive();
        }
        state.renamed.clear();
        state.durable_names = state.names.clone();
        state.forget_nameless();
        Ok(())
    }

    fn lock(&self, name: &str) -> io::Result<Option<Arc<dyn DiskFile>>> {
        if self.state().locked.contains(name) {
            return Ok(None);
        }
        match self.open(name) {
            Err(error) if error.kind() == ErrorKind::NotFound => drop(self.create(name)?),
            opened => drop(opened?),
        }
        let mut state = self.state();
        state.locked.insert(name.to_owned());
        let id = *state.names.get(name).ok_or(ErrorKind::NotFound)?;
        Ok(Some(self.file(&mut state, id, Some(name.to_owned()))))
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    id: u64,
    epoch: u64,
    locked: Option<String>,
}

impl SimulatedFile {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        if state.epoch == self.epoch {
            Ok(state)
        } else {
            Err(io::Error::other("opened before the simulated power failed"))
        }
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        let Ok(mut state) = self.state() else { return };
        if let Some(name) = &self.locked {
            state.locked.remove(name);
        }
        if let Some(content) = state.files.get_mut(&self.id) {
            content.open -= 1;
            if content.open == 0 {
                state.forget_nameless();
            }
        }
    }
}

impl DiskFile for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.state()?;
        state.alive()?;
        Ok(state.files.get(&self.id).map_or(0, |content| content.now.len() as u64))
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let state = self.state()?;
        state.alive()?;
        let at = usize::try_from(at).map_err(|_| ErrorKind::UnexpectedEof)?;
        let content = state.files.get(&self.id).ok_or(ErrorKind::NotFound)?;
        let bytes = at.checked_add(into.len()).and_then(|end| content.now.get(at..end));
        into.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let at = usize::try_from(at).map_err(|_| ErrorKind::FileTooLarge)?;
        self.state()?.change_file(self.id, Change::Write { at, bytes: bytes.to_vec() })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| ErrorKind::FileTooLarge)?;
        self.state()?.change_file(self.id, Change::SetLen(len))
    }

    fn sync(&self) -> io::Result<()> {
        self.state()?.sync(self.id)
    }
}
