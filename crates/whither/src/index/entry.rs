//! What the index is told and what it covers, as bytes of the log and of checkpoints: `docs/formats/journal.md`.

use std::collections::BTreeMap;

use whither_core::{NotASnapshot, Offset, Partition, Time, TopicId};
use whither_store::IndexKind;

use super::{By, Covered, Entry, Place};

const READ: u8 = 1;
const WENT_BACK: u8 = 2;

/// Appends an entry.
pub(crate) fn put_entry(entry: &Entry, out: &mut Vec<u8>) {
    match entry {
        Entry::Read { partition, topic_id, from, to, by, places } => {
            out.push(READ);
            put_partition(partition, out);
            out.extend(topic_id.0.to_le_bytes());
            out.extend(from.to_le_bytes());
            out.extend(to.to_le_bytes());
            put_length(by.len(), out);
            by.iter().for_each(|by| put_by(by, out));
            put_length(places.len(), out);
            for place in places {
                out.push(kind_number(place.what));
                out.extend(place.hash.to_le_bytes());
                out.extend(place.offset.to_le_bytes());
                out.extend(place.at.0.to_le_bytes());
            }
        }
        Entry::WentBack { partition, to } => {
            out.push(WENT_BACK);
            put_partition(partition, out);
            out.extend(to.to_le_bytes());
        }
    }
}

/// Takes an entry back.
///
/// # Errors
/// The bytes are not what [`put_entry`] wrote.
pub(crate) fn entry(bytes: &[u8]) -> Result<Entry, NotASnapshot> {
    let mut bytes = Bytes::new(bytes);
    let entry = match bytes.array()? {
        [READ] => Entry::Read {
            partition: bytes.partition()?,
            topic_id: TopicId(u128::from_le_bytes(bytes.array()?)),
            from: i64::from_le_bytes(bytes.array()?),
            to: i64::from_le_bytes(bytes.array()?),
            by: bytes.list(Bytes::by)?,
            places: bytes.list(Bytes::place)?,
        },
        [WENT_BACK] => {
            Entry::WentBack { partition: bytes.partition()?, to: i64::from_le_bytes(bytes.array()?) }
        }
        _ => return bytes.fail("a kind of entry"),
    };
    bytes.end().map(|()| entry)
}

/// Appends what is covered of a partition.
pub(crate) fn put_covered(partition: &Partition, covered: &Covered, out: &mut Vec<u8>) {
    put_partition(partition, out);
    out.extend(covered.topic_id.0.to_le_bytes());
    put_length(covered.by.len(), out);
    for (by, stretches) in &covered.by {
        put_by(by, out);
        put_length(stretches.len(), out);
        out.extend(stretches.iter().flat_map(|(from, to)| [from.to_le_bytes(), to.to_le_bytes()]).flatten());
    }
}

/// Takes back what is covered of a partition.
///
/// # Errors
/// The bytes are not what [`put_covered`] wrote.
pub(crate) fn covered(bytes: &[u8]) -> Result<(Partition, Covered), NotASnapshot> {
    let mut bytes = Bytes::new(bytes);
    let (partition, topic_id) = (bytes.partition()?, TopicId(u128::from_le_bytes(bytes.array()?)));
    let by = bytes.list(|bytes| Ok((bytes.by()?, bytes.list(Bytes::stretch)?)))?;
    bytes.end().map(|()| (partition, Covered { topic_id, by: BTreeMap::from_iter(by) }))
}

const fn kind_number(kind: IndexKind) -> u8 {
    match kind {
        IndexKind::Key => 1,
        IndexKind::Trace => 2,
        IndexKind::Header => 3,
    }
}

fn put_length(length: usize, out: &mut Vec<u8>) {
    out.extend(u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_length(text.len(), out);
    out.extend(text.as_bytes());
}

fn put_partition(partition: &Partition, out: &mut Vec<u8>) {
    put_text(&partition.topic, out);
    out.extend(partition.index.to_le_bytes());
}

fn put_by(by: &By, out: &mut Vec<u8>) {
    match by {
        By::Key => out.push(kind_number(IndexKind::Key)),
        By::Trace => out.push(kind_number(IndexKind::Trace)),
        By::Header(name) => {
            out.push(kind_number(IndexKind::Header));
            put_text(name, out);
        }
    }
}

/// Bytes that are read from the front.
struct Bytes<'a> {
    left: &'a [u8],
    length: usize,
}

impl<'a> Bytes<'a> {
    fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes { left: bytes, length: bytes.len() }
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, NotASnapshot> {
        Err(NotASnapshot { at: self.length - self.left.len(), expected })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotASnapshot> {
        let Some((first, left)) = self.left.split_first_chunk() else { return self.fail("more bytes") };
        self.left = left;
        Ok(*first)
    }

    fn length(&mut self) -> Result<usize, NotASnapshot> {
        usize::try_from(u64::from_le_bytes(self.array()?)).or_else(|_| self.fail("a length"))
    }

    /// Room is made as items come, not by the length that is told.
    fn list<T>(
        &mut self,
        item: impl Fn(&mut Bytes<'a>) -> Result<T, NotASnapshot>,
    ) -> Result<Vec<T>, NotASnapshot> {
        let length = self.length()?;
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn text(&mut self) -> Result<&'a str, NotASnapshot> {
        let length = self.length()?;
        let Some((text, left)) = self.left.split_at_checked(length) else { return self.fail("a text") };
        let Ok(text) = std::str::from_utf8(text) else { return self.fail("a text of UTF-8") };
        self.left = left;
        Ok(text)
    }

    fn partition(&mut self) -> Result<Partition, NotASnapshot> {
        let topic = self.text()?;
        Ok(Partition::new(topic, i32::from_le_bytes(self.array()?)))
    }

    fn kind(&mut self) -> Result<IndexKind, NotASnapshot> {
        let [number] = self.array()?;
        let known = [IndexKind::Key, IndexKind::Trace, IndexKind::Header];
        known.into_iter().find(|kind| kind_number(*kind) == number).map_or_else(|| self.fail("a kind"), Ok)
    }

    fn by(&mut self) -> Result<By, NotASnapshot> {
        Ok(match self.kind()? {
            IndexKind::Key => By::Key,
            IndexKind::Trace => By::Trace,
            IndexKind::Header => By::Header(self.text()?.into()),
        })
    }

    fn place(&mut self) -> Result<Place, NotASnapshot> {
        Ok(Place {
            what: self.kind()?,
            hash: u64::from_le_bytes(self.array()?),
            offset: i64::from_le_bytes(self.array()?),
            at: Time(i64::from_le_bytes(self.array()?)),
        })
    }

    fn stretch(&mut self) -> Result<(Offset, Offset), NotASnapshot> {
        Ok((i64::from_le_bytes(self.array()?), i64::from_le_bytes(self.array()?)))
    }

    fn end(&self) -> Result<(), NotASnapshot> {
        if self.left.is_empty() { Ok(()) } else { self.fail("the end") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Entry {
        let place = |what, hash| Place { what, hash, offset: 12, at: Time(-1) };
        Entry::Read {
            partition: Partition::new("orders", 3),
            topic_id: TopicId(u128::MAX - 7),
            from: 10,
            to: i64::MAX,
            by: vec![By::Key, By::Trace, By::Header("x-order-id".into())],
            places: vec![place(IndexKind::Key, u64::MAX), place(IndexKind::Header, 0)],
        }
    }

    #[test]
    fn what_was_written_comes_back_and_nothing_else_does() {
        for told in [read(), Entry::WentBack { partition: Partition::new("", -1), to: 5 }] {
            let mut bytes = Vec::new();
            put_entry(&told, &mut bytes);
            assert_eq!(entry(&bytes).unwrap(), told);
            for cut in 0..bytes.len() {
                assert!(entry(bytes.get(..cut).unwrap()).is_err(), "{cut} of {} bytes", bytes.len());
            }
            bytes.push(0);
            assert!(entry(&bytes).is_err(), "bytes are left");
        }
        assert!(entry(&[9]).is_err());
        // A length that nothing follows takes no room.
        let lies = [&[READ][..], &[0xff; 8]].concat();
        assert!(entry(&lies).is_err());
    }

    #[test]
    fn what_is_covered_comes_back() {
        let mut told = Covered::default();
        told.take(&read());
        let (partition, mut bytes) = (Partition::new("orders", 3), Vec::new());
        put_covered(&partition, &told, &mut bytes);
        assert_eq!(covered(&bytes).unwrap(), (partition, told));
        assert!(covered(bytes.get(1..).unwrap()).is_err());
    }
}
