//! The markers that brokers write between records: they hold offsets but are no records of an application.

use thiserror::Error;

use super::cursor::Cursor;
use super::error::RecordError;
use super::inflate::Scratch;
use super::walk::Batch;

/// What a control record marks (the second number of its key).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ControlKind {
    /// The transaction of the batch's producer id and epoch was rolled back.
    Abort,
    /// The transaction of the batch's producer id and epoch was committed.
    Commit,
    /// `KRaft`: a new leader of the metadata log.
    LeaderChange,
    SnapshotHeader,
    SnapshotFooter,
    KRaftVersion,
    KRaftVoters,
    /// Written by a later Kafka; readers are asked to pass over it.
    Unknown(i16),
}

impl From<i16> for ControlKind {
    fn from(number: i16) -> Self {
        match number {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KRaftVersion,
            6 => Self::KRaftVoters,
            other => Self::Unknown(other),
        }
    }
}

/// A decoded control record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// The offset that the marker holds.
    pub offset: i64,
    /// When the broker wrote it, milliseconds since 1970.
    pub timestamp_ms: i64,
    pub kind: ControlKind,
    /// Of a commit or abort: the epoch of the transaction coordinator that wrote it.
    pub coordinator_epoch: Option<i32>,
}

/// A control batch whose content can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAControlRecord {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the key of the control record at offset {offset} is not a version and a type")]
    Key { offset: i64 },
    #[error(
        "the value of the transaction marker at offset {offset} is not a version and a coordinator epoch"
    )]
    Value { offset: i64 },
}

impl Control {
    /// Key: version and type, later versions may be longer. Value of a transaction marker: version and
    /// coordinator epoch, later versions may be longer.
    ///
    /// # Errors
    /// If key or value are shorter than that, or their version is negative.
    pub fn decode(
        offset: i64,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<Self, NotAControlRecord> {
        let kind = key.and_then(versioned).and_then(|mut cursor| cursor.i16());
        let kind = ControlKind::from(kind.ok_or(NotAControlRecord::Key { offset })?);
        let coordinator_epoch = match kind {
            ControlKind::Abort | ControlKind::Commit => {
                let epoch = value.and_then(versioned).and_then(|mut cursor| cursor.i32());
                Some(epoch.ok_or(NotAControlRecord::Value { offset })?)
            }
            _ => None,
        };
        Ok(Self { offset, timestamp_ms, kind, coordinator_epoch })
    }
}

fn versioned(bytes: &[u8]) -> Option<Cursor<'_>> {
    let mut cursor = Cursor::new(bytes);
    (cursor.i16()? >= 0).then_some(cursor)
}

impl Batch<'_> {
    /// The marker in a control batch; `None` in a batch of records, and in a control batch that the cleaner
    /// emptied. Brokers write one marker a batch.
    ///
    /// # Errors
    /// If the batch can't be opened or its first record is no control record.
    pub fn control(&self, scratch: &mut Scratch) -> Result<Option<Control>, NotAControlRecord> {
        if !self.header().attributes.is_control() {
            return Ok(None);
        }
        let Some(record) = self.records(scratch)?.next().transpose()? else { return Ok(None) };
        Control::decode(record.offset, record.timestamp_ms, record.key, record.value).map(Some)
    }
}
