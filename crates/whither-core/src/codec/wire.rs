//! The bytes: a frame with key and checksum around fields in a fixed order.

use crate::engine::NotASnapshot;
use crate::key::{At, Key, Name, Partition};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

const MAGIC: [u8; 4] = *b"WHTR";
/// Raised with every change of the layout: an older snapshot is refused, and the state read anew.
const VERSION: u16 = 4;
const CHECKSUM: usize = 8;

/// A type that snapshots hold.
pub(crate) trait Code: Sized {
    fn put(&self, w: &mut Writer<'_>);

    fn get(r: &mut Reader<'_>) -> Result<Self, NotASnapshot>;
}

/// Appends one snapshot.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Writer<'a> {
    /// Begins a snapshot of a key's state.
    pub(crate) fn begin(out: &'a mut Vec<u8>, key: &Key) -> Writer<'a> {
        let start = out.len();
        let mut w = Writer { out, start };
        w.bytes(&MAGIC);
        VERSION.put(&mut w);
        key.put(&mut w);
        w
    }

    /// Writes values without a frame.
    pub(crate) fn bare(out: &'a mut Vec<u8>) -> Writer<'a> {
        Writer { start: out.len(), out }
    }

    /// Ends it with a checksum over all of it.
    pub(crate) fn finish(self) {
        let sum = checksum(self.out.get(self.start..).unwrap_or_default());
        self.out.extend_from_slice(&sum.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }
}

/// Reads one snapshot; every step is checked.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Checks the frame and reads the key.
    pub(crate) fn begin(bytes: &'a [u8]) -> Result<(Key, Reader<'a>), NotASnapshot> {
        let end = bytes.len().checked_sub(CHECKSUM).ok_or(NotASnapshot { at: 0, expected: "a frame" })?;
        let (all, sum) = bytes.split_at(end);
        let mut r = Reader { all, at: 0 };
        if r.take(MAGIC.len())? != MAGIC {
            return Err(NotASnapshot { at: 0, expected: "the letters WHTR" });
        }
        if u16::get(&mut r)? != VERSION {
            return Err(NotASnapshot { at: MAGIC.len(), expected: "format version 2" });
        }
        if sum != checksum(all).to_le_bytes() {
            return Err(NotASnapshot { at: end, expected: "the checksum of what stands before it" });
        }
        let key = Key::get(&mut r)?;
        Ok((key, r))
    }

    /// Reads values that have no frame.
    pub(crate) fn bare(bytes: &'a [u8]) -> Reader<'a> {
        Reader { all: bytes, at: 0 }
    }

    /// Checks that nothing is left over.
    pub(crate) fn finish(self) -> Result<(), NotASnapshot> {
        if self.is_empty() { Ok(()) } else { self.fail("the end") }
    }

    /// Whether all was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.all.len()
    }

    /// The error for what should have been here.
    pub(crate) fn fail<T>(&self, expected: &'static str) -> Result<T, NotASnapshot> {
        Err(NotASnapshot { at: self.at, expected })
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], NotASnapshot> {
        let end = self.at.checked_add(n);
        match end.and_then(|end| self.all.get(self.at..end)) {
            Some(bytes) => {
                self.at += n;
                Ok(bytes)
            }
            None => self.fail("more bytes"),
        }
    }

    /// A number of items to come, each of at least one byte: never more than bytes are left.
    fn count(&mut self) -> Result<usize, NotASnapshot> {
        let n = u32::get(self)?;
        let left = self.all.len() - self.at;
        match usize::try_from(n) {
            Ok(n) if n <= left => Ok(n),
            _ => self.fail("no more items than bytes"),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotASnapshot> {
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(self.take(N)?) {
            *to = *from;
        }
        Ok(bytes)
    }
}

/// FNV-1a over words of eight bytes: finds damage, not malice.
fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        sum = (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        sum ^= sum >> 29;
    }
    sum ^ bytes.len() as u64
}

macro_rules! number {
    ($($type:ty)*) => { $(
        impl Code for $type {
            fn put(&self, w: &mut Writer<'_>) {
                w.bytes(&self.to_le_bytes());
            }

            fn get(r: &mut Reader<'_>) -> Result<$type, NotASnapshot> {
                r.array().map(<$type>::from_le_bytes)
            }
        }
    )* };
}
number!(u8 u16 u32 u64 u128 i16 i32 i64);

/// Implements [`Code`] for structs: their fields in the order given.
macro_rules! record {
    ($($type:ident { $($field:ident),* $(,)? })*) => { $(
        impl Code for $type {
            fn put(&self, w: &mut Writer<'_>) {
                let $type { $($field),* } = self;
                $($field.put(w);)*
            }

            fn get(r: &mut Reader<'_>) -> Result<$type, NotASnapshot> {
                Ok($type { $($field: Code::get(r)?),* })
            }
        }
    )* };
}

/// Implements [`Code`] for enums without fields: a byte.
macro_rules! words {
    ($($type:ident { $($variant:ident = $byte:literal),* $(,)? })*) => { $(
        impl Code for $type {
            fn put(&self, w: &mut Writer<'_>) {
                let byte: u8 = match self { $($type::$variant => $byte),* };
                byte.put(w);
            }

            fn get(r: &mut Reader<'_>) -> Result<$type, NotASnapshot> {
                match u8::get(r)? {
                    $($byte => Ok($type::$variant),)*
                    _ => r.fail(concat!("a ", stringify!($type))),
                }
            }
        }
    )* };
}
pub(super) use {record, words};

impl Code for bool {
    fn put(&self, w: &mut Writer<'_>) {
        u8::from(*self).put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<bool, NotASnapshot> {
        match u8::get(r)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => r.fail("a bool"),
        }
    }
}

impl Code for usize {
    fn put(&self, w: &mut Writer<'_>) {
        (*self as u64).put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<usize, NotASnapshot> {
        usize::try_from(u64::get(r)?).or_else(|_| r.fail("a count of this machine's size"))
    }
}

impl Code for Name {
    fn put(&self, w: &mut Writer<'_>) {
        put_count(self.len(), w);
        w.bytes(self.as_bytes());
    }

    fn get(r: &mut Reader<'_>) -> Result<Name, NotASnapshot> {
        let n = r.count()?;
        let bytes = r.take(n)?;
        core::str::from_utf8(bytes).map(Name::from).or_else(|_| r.fail("UTF-8"))
    }
}

/// More items than this are never held: `limits.rs` bounds every list far below.
fn put_count(n: usize, w: &mut Writer<'_>) {
    u32::try_from(n).unwrap_or(u32::MAX).put(w);
}

impl<T: Code> Code for Option<T> {
    fn put(&self, w: &mut Writer<'_>) {
        self.is_some().put(w);
        if let Some(value) = self {
            value.put(w);
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<Option<T>, NotASnapshot> {
        if bool::get(r)? { T::get(r).map(Some) } else { Ok(None) }
    }
}

impl<T: Code> Code for Box<T> {
    fn put(&self, w: &mut Writer<'_>) {
        (**self).put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<Box<T>, NotASnapshot> {
        T::get(r).map(Box::new)
    }
}

impl<T: Code> Code for Arc<T> {
    fn put(&self, w: &mut Writer<'_>) {
        (**self).put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<Arc<T>, NotASnapshot> {
        T::get(r).map(Arc::new)
    }
}

impl<T: Code> Code for Vec<T> {
    fn put(&self, w: &mut Writer<'_>) {
        put_count(self.len(), w);
        for item in self {
            item.put(w);
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<Vec<T>, NotASnapshot> {
        // Grows with what is read, so that a count that lies costs nothing.
        let n = r.count()?;
        (0..n).map(|_| T::get(r)).collect()
    }
}

impl<K: Code + Ord, V: Code> Code for BTreeMap<K, V> {
    fn put(&self, w: &mut Writer<'_>) {
        put_count(self.len(), w);
        for (key, value) in self {
            key.put(w);
            value.put(w);
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<BTreeMap<K, V>, NotASnapshot> {
        let n = r.count()?;
        let mut map = BTreeMap::new();
        for _ in 0..n {
            let (key, value) = Code::get(r)?;
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return r.fail("keys in order");
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

impl<T: Code + Ord> Code for BTreeSet<T> {
    fn put(&self, w: &mut Writer<'_>) {
        put_count(self.len(), w);
        for item in self {
            item.put(w);
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<BTreeSet<T>, NotASnapshot> {
        let n = r.count()?;
        (0..n).map(|_| T::get(r)).collect()
    }
}

impl<A: Code, B: Code> Code for (A, B) {
    fn put(&self, w: &mut Writer<'_>) {
        self.0.put(w);
        self.1.put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<(A, B), NotASnapshot> {
        Ok((A::get(r)?, B::get(r)?))
    }
}

record! {
    Partition { topic, index }
    Key { cluster, at }
}

impl Code for At {
    fn put(&self, w: &mut Writer<'_>) {
        match self {
            At::Log(partition) => {
                0_u8.put(w);
                partition.put(w);
            }
            At::Letters(partition) => {
                3_u8.put(w);
                partition.put(w);
            }
            At::Origin(partition, offset) => {
                1_u8.put(w);
                partition.put(w);
                offset.put(w);
            }
            At::Ledger(partition) => {
                2_u8.put(w);
                partition.put(w);
            }
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<At, NotASnapshot> {
        match u8::get(r)? {
            0 => Ok(At::Log(Code::get(r)?)),
            1 => Ok(At::Origin(Code::get(r)?, Code::get(r)?)),
            2 => Ok(At::Ledger(Code::get(r)?)),
            3 => Ok(At::Letters(Code::get(r)?)),
            _ => r.fail("a stage"),
        }
    }
}
