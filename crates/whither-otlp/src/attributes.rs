//! Attributes: names with values of any type, decoded as they are asked for.

use std::borrow::Cow;
use std::fmt;

use crate::wire::{Field, Fields, Malformed, once};

/// Text as it was sent. Protobuf wants UTF-8; what is not comes out with replacement characters, so that one bad byte
/// does not cost a span.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Text<'a> {
        Text(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text, if it is UTF-8.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// The text; what is no UTF-8 is replaced by U+FFFD.
    #[must_use]
    pub fn to_str(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Text<'a> {
        Text(text.as_bytes())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_str(), f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str())
    }
}

/// The value of an attribute.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// None was set.
    Empty,
    /// Text.
    Text(Text<'a>),
    /// True or false.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Several values.
    Array(Values<'a>),
    /// Attributes within.
    Map(Attributes<'a>),
}

impl<'a> Value<'a> {
    /// Of a repeated oneof the last one holds, as protobuf says.
    #[expect(clippy::cast_possible_wrap, reason = "int64 on the wire is its bits")]
    fn read(message: &'a [u8]) -> Result<Value<'a>, Malformed> {
        let mut value = Value::Empty;
        for field in Fields::new(message) {
            let (number, field) = field?;
            value = match number {
                1 => Value::Text(Text(field.bytes()?)),
                2 => Value::Bool(field.varint()? != 0),
                3 => Value::Int(field.varint()? as i64),
                4 => Value::Double(f64::from_bits(field.fixed64()?)),
                5 => Value::Array(Values(field.bytes()?)),
                6 => Value::Map(Attributes { message: field.bytes()?, number: 1 }),
                7 => Value::Bytes(field.bytes()?),
                _ => value,
            };
        }
        Ok(value)
    }
}

/// The values of an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    /// The values in order. One that can't be read ends them.
    pub fn iter(self) -> impl Iterator<Item = Result<Value<'a>, Malformed>> {
        of_number(self.0, 1).map(|field| Value::read(field?.bytes()?))
    }
}

/// Attributes in the order they stand. Keys may repeat: OpenTelemetry says they must not, and leaves open what then holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attributes<'a> {
    message: &'a [u8],
    number: u32,
}

/// One attribute.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Attribute<'a> {
    /// Its key.
    pub key: Text<'a>,
    /// Its value.
    pub value: Value<'a>,
}

impl<'a> Attributes<'a> {
    /// Those of a message that has them under this number.
    pub(crate) const fn of(message: &'a [u8], number: u32) -> Attributes<'a> {
        Attributes { message, number }
    }

    /// Those of a span's message, or of its [`rest`](crate::Span::rest).
    #[must_use]
    pub const fn of_span(message: &'a [u8]) -> Attributes<'a> {
        Attributes::of(message, 9)
    }

    pub(crate) const fn message(self) -> &'a [u8] {
        self.message
    }

    /// The attributes in order. One that can't be read is an error among them.
    pub fn iter(self) -> impl Iterator<Item = Result<Attribute<'a>, Malformed>> {
        of_number(self.message, self.number).map(|field| Attribute::read(field?.bytes()?))
    }

    /// The first attribute of this key that can be read.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.iter().filter_map(Result::ok).find(|a| a.key.0 == key.as_bytes()).map(|a| a.value)
    }
}

impl<'a> Attribute<'a> {
    fn read(message: &'a [u8]) -> Result<Attribute<'a>, Malformed> {
        let (mut key, mut value) = (Text::default(), None);
        for field in Fields::new(message) {
            match field? {
                (1, field) => key = Text(field.bytes()?),
                (2, field) => once(&mut value, field)?,
                _ => {}
            }
        }
        Ok(Attribute { key, value: value.map_or(Ok(Value::Empty), Value::read)? })
    }
}

/// The fields of one number.
pub(crate) fn of_number(message: &[u8], number: u32) -> impl Iterator<Item = Result<Field<'_>, Malformed>> {
    Fields::new(message).filter_map(move |field| match field {
        Ok((n, field)) => (n == number).then_some(Ok(field)),
        Err(malformed) => Some(Err(malformed)),
    })
}
