//! Record batches to facts, at the depth a partition is read.

use whither_core::fact::{Batch, Corrupt, DeadLetter, Marker, MarkerKind, Opened, Role};
use whither_core::{Fact, Offset, Partition, Time};
use whither_kafka::batch::{self, Batches, ControlKind, Scratch, key_hash};

use super::commits::{Coordinator, TopicNames};
use super::indexing::Gatherer;
use super::origins::Conventions;

/// How deep a partition is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Depth {
    /// Batch headers only.
    Ledger,
    /// Every record's headers too: for topics whose records name their origin.
    Headers(Role),
    /// Every record's key and value: `__consumer_offsets`.
    Coordinator,
}

/// Turns the bytes of one partition into facts.
pub struct Walker<'a> {
    pub partition: &'a Partition,
    pub depth: Depth,
    /// Offsets that cut a row, ascending: a batch without a record at every offset is opened where one is inside
    /// it.
    pub boundaries: &'a [Offset],
    pub conventions: &'a Conventions,
    pub names: &'a TopicNames,
    pub scratch: &'a mut Scratch,
    /// Takes what records can be found by, where they are indexed.
    pub gatherer: Option<Gatherer>,
    /// Now, on whither's own clock.
    pub now: Time,
}

/// What one walk came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Walked {
    /// Offset to fetch next; `None` if nothing whole was in the bytes.
    pub next: Option<Offset>,
    /// Data records in the batches, as their headers count them.
    pub records: u64,
    /// Coordinator records that could not be decoded.
    pub undecoded: u64,
    /// Coordinator records that are no commits: of groups and their members.
    pub others: u64,
}

impl Walker<'_> {
    /// Appends the facts of `bytes`; stops before `end`.
    pub fn walk(&mut self, bytes: &[u8], end: Offset, out: &mut Vec<Fact>) -> Walked {
        let mut walked = Walked::default();
        for item in Batches::new(bytes) {
            match item {
                Ok(batch) if batch.header().base_offset >= end => break,
                Ok(batch) => self.batch(&batch, &mut walked, out),
                Err(error) => {
                    let from = error.base_offset.max(walked.next.unwrap_or(0)).max(0);
                    let to = error.end_offset.unwrap_or(from + 1).max(from + 1);
                    out.push(Fact::Corrupt(Corrupt { from, to, at: self.now }));
                    self.gatherer.iter_mut().for_each(|gatherer| gatherer.skip(from));
                    walked.next = Some(to);
                    if !error.continues {
                        break;
                    }
                }
            }
        }
        walked
    }

    fn batch(&mut self, batch: &batch::Batch<'_>, walked: &mut Walked, out: &mut Vec<Fact>) {
        let header = batch.header();
        walked.next = Some(header.end_offset());
        if header.attributes.is_control() {
            return self.control(batch, out);
        }
        let mark = out.len();
        out.push(Fact::Batch(fact_of(header)));
        let opened = match self.depth {
            Depth::Ledger => self.open_if_cut(batch, out),
            Depth::Headers(role) => {
                self.open_if_cut(batch, out).and_then(|()| self.origins(batch, role, out))
            }
            Depth::Coordinator => self.coordinator(batch, walked, out),
        };
        if opened.is_err() {
            out.truncate(mark);
            let (from, to) = (header.base_offset, header.end_offset());
            out.push(Fact::Corrupt(Corrupt { from, to, at: self.now }));
            self.gatherer.iter_mut().for_each(|gatherer| gatherer.skip(from));
            return;
        }
        if let Some(gatherer) = &mut self.gatherer {
            gatherer.batch(batch, self.scratch);
        }
        walked.records += u64::from(header.record_count);
    }

    fn control(&mut self, batch: &batch::Batch<'_>, out: &mut Vec<Fact>) {
        let header = batch.header();
        let kind = match batch.control(self.scratch) {
            Ok(Some(control)) => match control.kind {
                ControlKind::Commit => MarkerKind::Commit,
                ControlKind::Abort => MarkerKind::Abort,
                _ => MarkerKind::Other,
            },
            Ok(None) => MarkerKind::Other,
            Err(_) => {
                let (from, to) = (header.base_offset, header.end_offset());
                return out.push(Fact::Corrupt(Corrupt { from, to, at: self.now }));
            }
        };
        out.push(Fact::Marker(Marker {
            offset: header.last_offset(),
            at: Time(header.max_timestamp_ms),
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            kind,
        }));
    }

    fn open_if_cut(
        &mut self,
        batch: &batch::Batch<'_>,
        out: &mut Vec<Fact>,
    ) -> Result<(), batch::RecordError> {
        let header = batch.header();
        let next = self.boundaries.partition_point(|b| *b <= header.base_offset);
        let is_cut = self.boundaries.get(next).is_some_and(|b| *b <= header.last_offset());
        if header.is_sparse() && is_cut {
            out.push(Fact::Opened(opened(batch, self.scratch)?));
        }
        Ok(())
    }

    fn origins(
        &mut self,
        batch: &batch::Batch<'_>,
        role: Role,
        out: &mut Vec<Fact>,
    ) -> Result<(), batch::RecordError> {
        for record in batch.records(self.scratch)? {
            let record = record?;
            let Some(origin) = self.conventions.origin(record.headers) else { continue };
            out.push(Fact::DeadLetter(DeadLetter {
                partition: self.partition.clone(),
                offset: record.offset,
                at: Time(record.timestamp_ms),
                key_hash: record.key.map(key_hash),
                role,
                convention: origin.convention,
                origin: origin.partition,
                origin_offset: origin.offset,
                origin_at: origin.at,
                group: origin.group,
                connector: origin.connector,
                stage: origin.stage,
                exception: origin.exception,
            }));
        }
        Ok(())
    }

    fn coordinator(
        &mut self,
        batch: &batch::Batch<'_>,
        walked: &mut Walked,
        out: &mut Vec<Fact>,
    ) -> Result<(), batch::RecordError> {
        let header = batch.header();
        let transaction = header.attributes.is_transactional().then_some(header.producer_id);
        for record in batch.records(self.scratch)? {
            let record = record?;
            let coordinator = Coordinator {
                offset: record.offset,
                at: Time(record.timestamp_ms),
                seen: self.now,
                transaction,
                names: self.names,
            };
            let so_far = out.len();
            if !coordinator.fact(record.key, record.value, out) {
                walked.undecoded += 1;
            }
            let is_commit = matches!(out.get(so_far), Some(Fact::Commit(_)));
            walked.others += u64::from(!is_commit);
        }
        Ok(())
    }
}

/// Exactly which records a batch holds, as runs.
///
/// # Errors
/// The batch can't be decompressed or walked.
pub fn opened(batch: &batch::Batch<'_>, scratch: &mut Scratch) -> Result<Opened, batch::RecordError> {
    let header = batch.header();
    let mut present: Vec<(Offset, Offset)> = Vec::new();
    for offset in batch.offsets(scratch)? {
        let offset = offset?;
        match present.last_mut() {
            Some((_, to)) if *to == offset => *to += 1,
            _ => present.push((offset, offset + 1)),
        }
    }
    Ok(Opened { from: header.base_offset, to: header.end_offset(), present })
}

/// A batch as its header tells of it.
pub(super) fn fact_of(header: &batch::BatchHeader) -> Batch {
    Batch {
        base: header.base_offset,
        last: header.last_offset(),
        count: header.record_count,
        leader_epoch: header.partition_leader_epoch,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        transactional: header.attributes.is_transactional(),
        first_at: Time(header.base_timestamp_ms),
        max_at: Time(header.max_timestamp_ms),
        bytes: header.size_bytes,
    }
}

impl std::fmt::Debug for Walker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walker").field("partition", &self.partition).field("depth", &self.depth).finish()
    }
}

#[cfg(test)]
mod tests;
