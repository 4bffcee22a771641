//! Columns of finer times, and of numbers that may be missing.

use super::{Coding, Column, Int, Small, Time, numbers, primitive};
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType, TimestampNanosecondType};
use arrow_array::{ArrayRef, Int32Array, Int64Array, TimestampMillisecondArray, TimestampNanosecondArray};
use arrow_schema::{DataType, Field, TimeUnit};
use parquet::errors::Result;
use std::sync::Arc;

/// Nanoseconds since the epoch.
pub(crate) enum Nanos {}

impl Column for Nanos {
    type Value = i64;
    const CODING: Coding = Coding::Split;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a i64>) -> ArrayRef {
        Arc::new(TimestampNanosecondArray::from_iter_values(values.copied()).with_timezone("UTC"))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = i64>> {
        numbers::<TimestampNanosecondType>(column)
    }
}

/// A length of time that has nothing to do with that of the row before.
pub(crate) enum Span {}

impl Column for Span {
    type Value = i64;
    const CODING: Coding = Coding::Split;

    fn field(name: &str) -> Field {
        Int::field(name)
    }

    fn write<'a>(values: impl Iterator<Item = &'a i64>) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(values.copied()))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = i64>> {
        numbers::<Int64Type>(column)
    }
}

/// Milliseconds since the epoch, or nothing.
pub(crate) enum MaybeTime {}

impl Column for MaybeTime {
    type Value = Option<i64>;
    const CODING: Coding = Coding::Differences;

    fn field(name: &str) -> Field {
        Time::field(name).with_nullable(true)
    }

    fn write<'a>(values: impl Iterator<Item = &'a Option<i64>>) -> ArrayRef {
        Arc::new(values.copied().collect::<TimestampMillisecondArray>().with_timezone("UTC"))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Option<i64>>> {
        Ok(primitive::<TimestampMillisecondType>(column)?.iter())
    }
}

/// A number of 32 bits, or nothing.
pub(crate) enum MaybeSmall {}

impl Column for MaybeSmall {
    type Value = Option<i32>;

    fn field(name: &str) -> Field {
        Small::field(name).with_nullable(true)
    }

    fn write<'a>(values: impl Iterator<Item = &'a Option<i32>>) -> ArrayRef {
        Arc::new(values.copied().collect::<Int32Array>())
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Option<i32>>> {
        Ok(primitive::<Int32Type>(column)?.iter())
    }
}
