//! Checkpoints: state, tables and a new log become true together.

use super::Store;
use crate::catalogue::{Change, Generation, SegmentRecord};
use crate::checkpoint::FrameWriter;
use crate::error::StoreError;
use crate::log::LogWriter;
use crate::names;
use crate::tables::Table;
use crate::tables::segment::Segment;

/// A checkpoint that is being written. Dropped before it is finished, it never was.
#[derive(Debug)]
pub struct CheckpointWriter<'a> {
    store: &'a mut Store,
    frames: FrameWriter,
    number: u64,
    begun: Begun,
}

/// Files that are of no use unless the checkpoint becomes true.
#[derive(Debug, Default)]
struct Begun(Vec<String>);

impl Store {
    /// Begins a checkpoint of the state at the last mark. The blobs to write are the whole of that state.
    ///
    /// # Errors
    /// `Unmarked` if entries or rows came after the last mark, `Full`, `Io`, `Broken`.
    pub fn begin_checkpoint(&mut self) -> Result<CheckpointWriter<'_>, StoreError> {
        self.log.usable()?;
        if self.log.is_unmarked() || !self.pending.is_empty() {
            return Err(StoreError::Unmarked);
        }
        let number = self.generation.number + 1;
        let begun = Begun(vec![names::checkpoint(number)]);
        match FrameWriter::create(&*self.disk, number, self.last_mark.as_deref()) {
            Ok(frames) => Ok(CheckpointWriter { store: self, frames, number, begun }),
            Err(error) => self.abandon(&begun, error),
        }
    }

    /// Gives back the room that an attempt took.
    fn abandon<T>(&mut self, begun: &Begun, error: StoreError) -> Result<T, StoreError> {
        // Where nobody knows what is true, the files may be needed.
        if self.log.usable().is_ok() {
            self.remove_files(&begun.0);
        }
        self.notice(Err(error))
    }

    /// Writes all buffered rows as segments.
    fn write_segments(&mut self, begun: &mut Begun) -> Result<Vec<SegmentRecord>, StoreError> {
        let live = self.live.clone();
        let live = live.read();
        let mut written = Vec::new();
        for (table, content) in Table::ALL.into_iter().zip(live.all()) {
            if content.buffered_rows() > 0 {
                let id = self.segment_id();
                begun.0.push(names::segment(table.name(), id));
                written.push(content.write(&*self.disk, id)?);
            }
        }
        Ok(written)
    }

    /// Makes a checkpoint true whose state is written: the tables, the new log, then the catalogue.
    fn commit(&mut self, next: Generation, begun: &mut Begun) -> Result<(), StoreError> {
        let add = self.write_segments(begun)?;
        let name = names::log(next.number);
        begun.0.push(name.clone());
        let log = LogWriter::create(&*self.disk, next.number)?;
        let open = |record: &SegmentRecord| Segment::open(&*self.disk, *record);
        let segments: Vec<Segment> =
            add.iter().map(open).collect::<Result<_, _>>().map_err(|error| StoreError::io(&name, error))?;
        self.disk.sync_names().map_err(|error| StoreError::io(&name, error))?;
        self.apply(&Change { generation: Some(next), add, ..Change::default() })?;
        let mut live = self.live.write();
        for content in live.all_mut() {
            content.forget_buffered();
        }
        for segment in segments {
            live.of(segment.record.table).add(segment);
        }
        drop(live);
        let old = [self.log.name().to_owned(), names::checkpoint(self.generation.number)];
        self.log = log;
        self.generation = next;
        self.remove_files(&old);
        Ok(())
    }
}

impl CheckpointWriter<'_> {
    /// Writes the state of one key.
    ///
    /// # Errors
    /// `TooLarge`, `Full`, `Io`: drop the writer then; the store is as it was.
    pub fn blob(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.frames.blob(bytes);
        self.store.notice(written)
    }

    /// Gives the checkpoint up.
    pub fn abandon(self) {
        self.store.remove_files(&self.begun.0);
    }

    /// Makes the checkpoint true at `now_ms`, with the buffered rows as segments and an empty log after it. A crash
    /// before this returns leaves either all of it or nothing of it.
    ///
    /// # Errors
    /// `Full` and others that leave the store as it was; `Broken` if nobody knows.
    pub fn finish(self, now_ms: i64) -> Result<(), StoreError> {
        let CheckpointWriter { store, frames, number, mut begun } = self;
        let finished = frames.finish().and_then(|checkpoint_bytes| {
            store.commit(Generation { number, checkpoint_bytes, at_ms: now_ms }, &mut begun)
        });
        finished.or_else(|error| store.abandon(&begun, error))
    }
}
