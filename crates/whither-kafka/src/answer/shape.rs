//! Walks an encoded message by its shape, without building anything.

/// What an answer may take once decoded: a million partitions of three replicas fit.
const MAX_DECODED_BYTES: usize = 256 << 20;
/// What decoded things take, roughly: a string, a vector, a structure's own map of unknown tags, an entry there.
const TEXT_BYTES: usize = 32;
const LIST_BYTES: usize = 24;
const STRUCT_BYTES: usize = 24;
const TAG_BYTES: usize = 64;

/// A structure of the protocol: its fields in order, then (KIP-482) its tagged fields.
pub(super) struct Struct {
    pub(super) fields: &'static [Field],
    pub(super) tags: &'static [(u32, Shape)],
    /// False for the one message that is older than KIP-482.
    pub(super) tagged: bool,
}

/// A field and the versions that have it.
pub(super) struct Field {
    pub(super) since: i16,
    pub(super) until: i16,
    pub(super) shape: Shape,
}

/// How a field is encoded.
pub(super) enum Shape {
    /// So many bytes.
    Fixed(usize),
    /// A string or bytes, with a varint length; may be null.
    Text,
    /// A list of structures.
    List(&'static Struct),
    /// A list of numbers of so many bytes.
    Numbers(usize),
    /// A list of strings.
    Texts,
    /// A structure in place.
    One(&'static Struct),
    /// A structure in place, or null: a byte tells.
    Perhaps(&'static Struct),
    /// A list of strings in the encoding before KIP-482.
    OldTexts,
}

/// Checks a response header of version 0 or 1 and gives what follows it.
pub(super) fn check_header(frame: &[u8], version: i16) -> Result<&[u8], &'static str> {
    let mut walk = Walk { rest: frame, version, decoded: 0 };
    walk.take(4)?;
    if version >= 1 {
        walk.tags(&[])?;
    }
    Ok(walk.rest)
}

/// Checks that `body` is a message of this shape, that its lists hold what they say, and that nothing follows.
pub(super) fn check(shape: &'static Struct, version: i16, body: &[u8]) -> Result<(), &'static str> {
    let mut walk = Walk { rest: body, version, decoded: 0 };
    walk.structure(shape)?;
    if walk.rest.is_empty() { Ok(()) } else { Err("bytes follow its end") }
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    decoded: usize,
}

impl<'a> Walk<'a> {
    fn structure(&mut self, shape: &'static Struct) -> Result<(), &'static str> {
        self.spend(STRUCT_BYTES)?;
        for field in shape.fields {
            if (field.since..=field.until).contains(&self.version) {
                self.field(&field.shape)?;
            }
        }
        if shape.tagged { self.tags(shape.tags) } else { Ok(()) }
    }

    fn field(&mut self, shape: &Shape) -> Result<(), &'static str> {
        match shape {
            Shape::Fixed(size) => {
                self.spend(*size)?;
                self.take(*size).map(drop)
            }
            Shape::Text => self.text(),
            Shape::One(one) => self.structure(one),
            Shape::Perhaps(one) => match self.take(1)? {
                [0..=0x7f] => self.structure(one),
                _ => Ok(()),
            },
            Shape::List(one) => {
                for _ in 0..self.count()? {
                    self.structure(one)?;
                }
                Ok(())
            }
            Shape::Texts => {
                for _ in 0..self.count()? {
                    self.text()?;
                }
                Ok(())
            }
            Shape::Numbers(size) => {
                let bytes = self.count()?.checked_mul(*size).ok_or(TOO_MANY)?;
                self.spend(bytes)?;
                self.take(bytes).map(drop)
            }
            Shape::OldTexts => self.old_texts(),
        }
    }

    fn text(&mut self) -> Result<(), &'static str> {
        self.spend(TEXT_BYTES)?;
        let size = self.varint()?.saturating_sub(1);
        self.take(size).map(drop)
    }

    fn old_texts(&mut self) -> Result<(), &'static str> {
        self.spend(LIST_BYTES)?;
        let count = self.take(4)?.try_into().map_or(0, i32::from_be_bytes);
        for _ in 0..usize::try_from(count).map_err(|_| TOO_MANY)? {
            self.spend(TEXT_BYTES)?;
            let size = self.take(2)?.try_into().map_or(0, i16::from_be_bytes);
            self.take(usize::try_from(size).unwrap_or(0))?;
        }
        Ok(())
    }

    /// The elements of a list. Each takes a byte at least: more of them than bytes are a lie.
    fn count(&mut self) -> Result<usize, &'static str> {
        self.spend(LIST_BYTES)?;
        let count = self.varint()?.saturating_sub(1);
        if count > self.rest.len() { Err(TOO_MANY) } else { Ok(count) }
    }

    fn tags(&mut self, known: &'static [(u32, Shape)]) -> Result<(), &'static str> {
        for _ in 0..self.varint()? {
            self.spend(TAG_BYTES)?;
            let tag = self.varint()?;
            let size = self.varint()?;
            match known.iter().find(|(number, _)| usize::try_from(*number) == Ok(tag)) {
                None => drop(self.take(size)?),
                // The decoder reads a field that it knows to its own end, whatever the size says.
                Some((_, shape)) => {
                    let before = self.rest.len();
                    self.field(shape)?;
                    if before - self.rest.len() != size {
                        return Err("a tagged field is not as long as it says");
                    }
                }
            }
        }
        Ok(())
    }

    fn varint(&mut self) -> Result<usize, &'static str> {
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = *self.take(1)? else { return Err(CUT_OFF) };
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let value = u32::try_from(value).map_err(|_| TOO_MANY)?;
                return usize::try_from(value).map_err(|_| TOO_MANY);
            }
        }
        Err("a length has no end")
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(size).ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(taken)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.decoded = self.decoded.saturating_add(bytes);
        if self.decoded > MAX_DECODED_BYTES { Err("it holds more than can be taken in") } else { Ok(()) }
    }
}

const CUT_OFF: &str = "it ends too early";
const TOO_MANY: &str = "a list says it holds more than there is";
