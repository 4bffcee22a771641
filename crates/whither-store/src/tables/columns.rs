//! The kinds of columns that tables have.

mod bytes;
mod times;

pub(crate) use bytes::{Blob, Fixed, MaybeFixed, SharedBlob};
pub(crate) use times::{MaybeSmall, MaybeTime, Nanos, Span};

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Int32Type, Int64Type, TimestampMillisecondType, UInt64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, PrimitiveArray, StringArray, TimestampMillisecondArray,
    UInt64Array,
};
use arrow_schema::{DataType, Field, TimeUnit};
use parquet::errors::{ParquetError, Result};
use std::marker::PhantomData;
use std::sync::Arc;

/// A kind of column: how its values are written, and read again.
pub(crate) trait Column {
    type Value: 'static;
    /// How a file holds them.
    const CODING: Coding = Coding::Dictionary;

    fn field(name: &str) -> Field;
    fn write<'a>(values: impl Iterator<Item = &'a Self::Value>) -> ArrayRef;
    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Self::Value>>;

    /// Memory that a value takes beside its own size, where it is worth counting.
    fn heap_bytes(_: &Self::Value) -> usize {
        0
    }
}

/// How a file holds the values of a column, before they are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coding {
    /// Few values that repeat.
    Dictionary,
    /// Numbers that differ from row to row: their differences are small, a dictionary of them is not.
    Differences,
    /// Numbers that jump from row to row: of all of them the first bytes, then the second ones, and so on.
    Split,
    /// As they are: neighbours may be equal.
    Plain,
}

/// Milliseconds since the epoch.
pub(crate) enum Time {}

impl Column for Time {
    type Value = i64;
    const CODING: Coding = Coding::Differences;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a i64>) -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from_iter_values(values.copied()).with_timezone("UTC"))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = i64>> {
        numbers::<TimestampMillisecondType>(column)
    }
}

/// A number of 64 bits.
pub(crate) enum Int {}

impl Column for Int {
    type Value = i64;
    const CODING: Coding = Coding::Differences;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::Int64, false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a i64>) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(values.copied()))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = i64>> {
        numbers::<Int64Type>(column)
    }
}

/// A number of 64 bits, or nothing.
pub(crate) enum MaybeInt {}

impl Column for MaybeInt {
    type Value = Option<i64>;
    const CODING: Coding = Coding::Differences;

    fn field(name: &str) -> Field {
        Int::field(name).with_nullable(true)
    }

    fn write<'a>(values: impl Iterator<Item = &'a Option<i64>>) -> ArrayRef {
        Arc::new(values.copied().collect::<Int64Array>())
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Option<i64>>> {
        Ok(primitive::<Int64Type>(column)?.iter())
    }
}

/// A number of 32 bits.
pub(crate) enum Small {}

impl Column for Small {
    type Value = i32;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::Int32, false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a i32>) -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(values.copied()))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = i32>> {
        numbers::<Int32Type>(column)
    }
}

/// An identifier or a hash: 64 bits without a sign.
pub(crate) enum Id {}

impl Column for Id {
    type Value = u64;
    const CODING: Coding = Coding::Differences;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::UInt64, false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a u64>) -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(values.copied()))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = u64>> {
        numbers::<UInt64Type>(column)
    }
}

/// True or false.
pub(crate) enum Flag {}

impl Column for Flag {
    type Value = bool;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::Boolean, false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a bool>) -> ArrayRef {
        Arc::new(values.copied().map(Some).collect::<BooleanArray>())
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = bool>> {
        Ok(column.as_boolean_opt().ok_or_else(other_type)?.values().iter())
    }
}

/// Words that repeat: neighbours that are equal share their bytes when they are read.
pub(crate) enum Text {}

impl Column for Text {
    type Value = Arc<str>;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::Utf8, false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a Arc<str>>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Arc<str>>> {
        Ok(MaybeText::read(column)?.map(Option::unwrap_or_default))
    }
}

/// The same, or nothing.
pub(crate) enum MaybeText {}

impl Column for MaybeText {
    type Value = Option<Arc<str>>;

    fn field(name: &str) -> Field {
        Text::field(name).with_nullable(true)
    }

    fn write<'a>(values: impl Iterator<Item = &'a Option<Arc<str>>>) -> ArrayRef {
        Arc::new(values.map(Option::as_deref).collect::<StringArray>())
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Option<Arc<str>>>> {
        let mut last: Arc<str> = Arc::default();
        Ok(strings(column)?.iter().map(move |value| {
            let value = value?;
            if *last != *value {
                last = value.into();
            }
            Some(Arc::clone(&last))
        }))
    }
}

/// A document of its own.
pub(crate) enum Json {}

impl Column for Json {
    type Value = String;

    fn field(name: &str) -> Field {
        Text::field(name)
    }

    fn write<'a>(values: impl Iterator<Item = &'a String>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = String>> {
        Ok(strings(column)?.iter().map(|value| value.unwrap_or_default().to_owned()))
    }

    fn heap_bytes(value: &String) -> usize {
        value.len()
    }
}

/// One of a few words.
pub(crate) struct Word<T>(PhantomData<T>);

/// What is written as a word.
pub(crate) trait Spelled: Copy + PartialEq + 'static {
    /// Each of its values, with its word.
    const WORDS: &'static [(Self, &'static str)];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }
}

impl<T: Spelled> Column for Word<T> {
    type Value = T;

    fn field(name: &str) -> Field {
        Text::field(name)
    }

    fn write<'a>(values: impl Iterator<Item = &'a T>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values.map(|value| value.word())))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = T>> {
        let of = |word: Option<&str>| {
            let known = T::WORDS.iter().find(|(_, known)| Some(*known) == word);
            known.map(|(value, _)| *value).ok_or_else(|| {
                ParquetError::General(format!("`{}` is no word of its column", word.unwrap_or_default()))
            })
        };
        Ok(strings(column)?.iter().map(of).collect::<Result<Vec<_>>>()?.into_iter())
    }
}

pub(crate) fn strings(column: &ArrayRef) -> Result<&StringArray> {
    column.as_string_opt::<i32>().ok_or_else(other_type)
}

fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef) -> Result<impl Iterator<Item = T::Native>> {
    Ok(primitive::<T>(column)?.values().iter().copied())
}

fn primitive<T: ArrowPrimitiveType>(column: &ArrayRef) -> Result<&PrimitiveArray<T>> {
    column.as_primitive_opt::<T>().ok_or_else(other_type)
}

pub(super) fn other_type() -> ParquetError {
    ParquetError::General("a column has another type than its table's".into())
}
