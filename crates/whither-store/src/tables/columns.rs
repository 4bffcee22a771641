//! The kinds of columns that tables have.

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Int32Type, Int64Type, TimestampMillisecondType, UInt64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, PrimitiveArray, StringArray, TimestampMillisecondArray,
    UInt64Array,
};
use arrow_schema::{DataType, Field, TimeUnit};
use parquet::errors::{ParquetError, Result};
use std::sync::Arc;

/// A kind of column: how its values are written, and read again.
pub(crate) trait Column {
    type Value: 'static;

    fn field(name: &str) -> Field;
    fn write<'a>(values: impl Iterator<Item = &'a Self::Value>) -> ArrayRef;
    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Self::Value>>;

    /// Memory that a value takes beside its own size, where it is worth counting.
    fn heap_bytes(_: &Self::Value) -> usize {
        0
    }
}

/// Milliseconds since the epoch.
pub(crate) enum Time {}

impl Column for Time {
    type Value = i64;

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

pub(super) fn strings(column: &ArrayRef) -> Result<&StringArray> {
    column.as_string_opt::<i32>().ok_or_else(other_type)
}

fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef) -> Result<impl Iterator<Item = T::Native>> {
    Ok(primitive::<T>(column)?.values().iter().copied())
}

fn primitive<T: ArrowPrimitiveType>(column: &ArrayRef) -> Result<&PrimitiveArray<T>> {
    column.as_primitive_opt::<T>().ok_or_else(other_type)
}

fn other_type() -> ParquetError {
    ParquetError::General("a column has another type than its table's".into())
}
