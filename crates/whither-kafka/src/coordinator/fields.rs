//! Kafka's primitive types, in the classic and the flexible (KIP-482) encoding.

use uuid::Uuid;

use super::error::{CoordinatorError, CoordinatorFault, Part};
use crate::batch::cursor::Cursor;

/// Reads the fields of one key or value, one after the other, and names the one that is broken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    cursor: Cursor<'a>,
    total_bytes: usize,
    record_type: Option<i16>,
    part: Part,
    /// Compact lengths and tagged fields.
    flexible: bool,
}

type Read<T> = Result<T, CoordinatorError>;

impl<'a> Fields<'a> {
    /// A key; its type is read.
    pub(super) fn of_key(bytes: &'a [u8]) -> Read<Self> {
        let mut fields = Self::new(bytes, None, Part::Key);
        fields.record_type = Some(fields.i16("type")?);
        Ok(fields)
    }

    /// A value; its version is read.
    pub(super) fn of_value(
        record_type: i16,
        bytes: &'a [u8],
        last: i16,
        first_flexible: i16,
    ) -> Read<(i16, Self)> {
        let mut fields = Self::new(bytes, Some(record_type), Part::Value);
        let version = fields.i16("version")?;
        if !(0..=last).contains(&version) {
            return Err(fields.broken("version", 0, CoordinatorFault::UnknownVersion(version)));
        }
        fields.flexible = version >= first_flexible;
        Ok((version, fields))
    }

    /// Bytes inside a field that have an encoding of their own, always classic.
    pub(super) fn nested(&self, bytes: &'a [u8]) -> Self {
        Self::new(bytes, self.record_type, self.part)
    }

    fn new(bytes: &'a [u8], record_type: Option<i16>, part: Part) -> Self {
        Self { cursor: Cursor::new(bytes), total_bytes: bytes.len(), record_type, part, flexible: false }
    }

    pub(super) fn record_type(&self) -> i16 {
        self.record_type.unwrap_or(-1)
    }

    pub(super) const fn remaining(&self) -> usize {
        self.cursor.remaining()
    }

    const fn at(&self) -> usize {
        self.total_bytes - self.cursor.remaining()
    }

    #[cold]
    fn broken(&self, field: &'static str, at: usize, fault: CoordinatorFault) -> CoordinatorError {
        CoordinatorError { record_type: self.record_type, part: self.part, field, at, fault }
    }

    fn read<T>(&mut self, field: &'static str, read: impl FnOnce(&mut Cursor<'a>) -> Option<T>) -> Read<T> {
        let at = self.at();
        read(&mut self.cursor).ok_or_else(|| self.broken(field, at, CoordinatorFault::Truncated))
    }

    pub(super) fn i8(&mut self, field: &'static str) -> Read<i8> {
        self.read(field, Cursor::i8)
    }

    pub(super) fn i16(&mut self, field: &'static str) -> Read<i16> {
        self.read(field, Cursor::i16)
    }

    pub(super) fn i32(&mut self, field: &'static str) -> Read<i32> {
        self.read(field, Cursor::i32)
    }

    pub(super) fn i64(&mut self, field: &'static str) -> Read<i64> {
        self.read(field, Cursor::i64)
    }

    pub(super) fn uuid(&mut self, field: &'static str) -> Read<Uuid> {
        self.read(field, Cursor::array).map(Uuid::from_bytes)
    }

    pub(super) fn string(&mut self, field: &'static str) -> Read<&'a str> {
        let at = self.at();
        self.nullable_string(field)?.ok_or_else(|| self.broken(field, at, CoordinatorFault::Length))
    }

    pub(super) fn nullable_string(&mut self, field: &'static str) -> Read<Option<&'a str>> {
        let at = self.at();
        let length = if self.flexible { self.compact_length(field)? } else { i32::from(self.i16(field)?) };
        let Some(bytes) = self.counted(field, at, length)? else { return Ok(None) };
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(self.broken(field, at, CoordinatorFault::NotUtf8)),
        }
    }

    /// Null is read as no bytes.
    pub(super) fn bytes(&mut self, field: &'static str) -> Read<&'a [u8]> {
        let at = self.at();
        let length = if self.flexible { self.compact_length(field)? } else { self.i32(field)? };
        Ok(self.counted(field, at, length)?.unwrap_or_default())
    }

    /// The elements of an array, each of which takes `element_bytes` or more: so a count that lies is found out
    /// before anything is allocated by it. Null is read as no elements.
    pub(super) fn array<T>(
        &mut self,
        field: &'static str,
        element_bytes: usize,
        mut element: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        let at = self.at();
        let count = if self.flexible { self.compact_length(field)? } else { self.i32(field)? };
        let count = match usize::try_from(count) {
            Ok(count) if count <= self.remaining() / element_bytes => count,
            Err(_) if count == -1 => 0,
            _ => return Err(self.broken(field, at, CoordinatorFault::Length)),
        };
        (0..count).map(|_| element(self)).collect()
    }

    pub(super) fn strings(&mut self, field: &'static str) -> Read<Vec<&'a str>> {
        let least_bytes = if self.flexible { 1 } else { 2 };
        self.array(field, least_bytes, |fields| fields.string(field))
    }

    pub(super) fn i32s(&mut self, field: &'static str) -> Read<Vec<i32>> {
        self.array(field, 4, |fields| fields.i32(field))
    }

    /// Walks the tagged fields that end a flexible structure; nothing in a classic one.
    pub(super) fn tagged(&mut self, mut visit: impl FnMut(u32, &'a [u8])) -> Read<()> {
        const FIELD: &str = "tagged fields";
        if !self.flexible {
            return Ok(());
        }
        let count = self.read(FIELD, Cursor::unsigned_varint)?;
        for _ in 0..count {
            let tag = self.read(FIELD, Cursor::unsigned_varint)?;
            let length = self.read(FIELD, Cursor::unsigned_varint)?;
            let bytes = self.read(FIELD, |cursor| cursor.take(usize::try_from(length).ok()?))?;
            visit(tag, bytes);
        }
        Ok(())
    }

    /// Flexible lengths are stored plus one, 0 being null, which is -1 in the classic encoding.
    fn compact_length(&mut self, field: &'static str) -> Read<i32> {
        let at = self.at();
        let raw = self.read(field, Cursor::unsigned_varint)?;
        i32::try_from(i64::from(raw) - 1).map_err(|_| self.broken(field, at, CoordinatorFault::Length))
    }

    fn counted(&mut self, field: &'static str, at: usize, length: i32) -> Read<Option<&'a [u8]>> {
        match usize::try_from(length) {
            Ok(length) => match self.cursor.take(length) {
                Some(bytes) => Ok(Some(bytes)),
                None => Err(self.broken(field, at, CoordinatorFault::Truncated)),
            },
            Err(_) if length == -1 => Ok(None),
            Err(_) => Err(self.broken(field, at, CoordinatorFault::Length)),
        }
    }
}
