//! Protobuf's wire format: fields one by one, nothing decoded, nothing copied.

/// Why bytes are no message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Malformed {
    /// They end within a field.
    #[error("it ends within a field")]
    Cut,
    /// A varint is longer than ten bytes, or holds more than 64 bits.
    #[error("a varint is too long")]
    Varint,
    /// A field has number 0, or more than protobuf allows.
    #[error("a field has an impossible number")]
    Number,
    /// A field is of a wire type that does not exist, or a group: OTLP has none.
    #[error("a field has an impossible wire type")]
    WireType,
    /// A field is of another wire type than its definition.
    #[error("a field is of another type than defined")]
    OtherType,
    /// A message that may stand once stands twice. Protobuf would merge them; no exporter does that.
    #[error("a message stands twice")]
    Repeated,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Field<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], Malformed> {
        if let Field::Bytes(bytes) = self { Ok(bytes) } else { Err(Malformed::OtherType) }
    }

    pub(crate) fn varint(self) -> Result<u64, Malformed> {
        if let Field::Varint(value) = self { Ok(value) } else { Err(Malformed::OtherType) }
    }

    pub(crate) fn fixed64(self) -> Result<u64, Malformed> {
        if let Field::Fixed64(value) = self { Ok(value) } else { Err(Malformed::OtherType) }
    }

    pub(crate) fn fixed32(self) -> Result<u32, Malformed> {
        if let Field::Fixed32(value) = self { Ok(value) } else { Err(Malformed::OtherType) }
    }

    /// A varint of 32 bits: longer ones lose their upper half, as protobuf says.
    #[expect(clippy::cast_possible_truncation, reason = "as protobuf says")]
    pub(crate) fn uint32(self) -> Result<u32, Malformed> {
        self.varint().map(|value| value as u32)
    }
}

/// The fields of a message, in the order they stand. After an error there are none.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Fields<'a> {
        Fields { rest: message }
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn read(&mut self) -> Result<(u32, Field<'a>), Malformed> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|n| (1..1 << 29).contains(n));
        let number = number.ok_or(Malformed::Number)?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.take()?)),
            2 => {
                let len = self.varint()?;
                let len = usize::try_from(len).map_err(|_| Malformed::Cut)?;
                let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Malformed::Cut)?;
                self.rest = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.take()?)),
            _ => return Err(Malformed::WireType),
        };
        Ok((number, field))
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        // Keys, lengths and enumerations are one byte almost always.
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(byte.into());
        }
        let mut value = 0_u64;
        for (i, &byte) in self.rest.iter().take(10).enumerate() {
            if i == 9 && byte > 1 {
                return Err(Malformed::Varint);
            }
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.rest = self.rest.get(i + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { Malformed::Cut } else { Malformed::Varint })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Cut)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest = &[];
        }
        Some(read)
    }
}

/// Puts a message that may stand once into its place.
pub(crate) fn once<'a>(place: &mut Option<&'a [u8]>, field: Field<'a>) -> Result<(), Malformed> {
    let message = field.bytes()?;
    if place.replace(message).is_some() { Err(Malformed::Repeated) } else { Ok(()) }
}
