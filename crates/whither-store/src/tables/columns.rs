//! Columns out of rows, and rows out of columns.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType, UInt64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
    UInt64Array,
};
use arrow_schema::{DataType, Field, TimeUnit};
use parquet::errors::{ParquetError, Result};
use std::sync::Arc;

pub(crate) fn time(name: &str) -> Field {
    Field::new(name, DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false)
}

pub(crate) fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

pub(crate) fn int(name: &str) -> Field {
    Field::new(name, DataType::Int64, false)
}

pub(crate) fn small(name: &str) -> Field {
    Field::new(name, DataType::Int32, false)
}

pub(crate) fn id(name: &str) -> Field {
    Field::new(name, DataType::UInt64, false)
}

pub(crate) fn flag(name: &str) -> Field {
    Field::new(name, DataType::Boolean, false)
}

/// Columns that rows are written into, in the order of their schema.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    pub(super) columns: Vec<ArrayRef>,
}

impl Writing {
    pub(crate) fn times(&mut self, values: impl Iterator<Item = i64>) {
        let column: TimestampMillisecondArray = values.map(Some).collect();
        self.columns.push(Arc::new(column.with_timezone("UTC")));
    }

    pub(crate) fn texts<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        self.columns.push(Arc::new(StringArray::from_iter_values(values)));
    }

    pub(crate) fn maybe_texts<'a>(&mut self, values: impl Iterator<Item = Option<&'a str>>) {
        self.columns.push(Arc::new(values.collect::<StringArray>()));
    }

    pub(crate) fn ints(&mut self, values: impl Iterator<Item = i64>) {
        self.columns.push(Arc::new(Int64Array::from_iter_values(values)));
    }

    pub(crate) fn maybe_ints(&mut self, values: impl Iterator<Item = Option<i64>>) {
        self.columns.push(Arc::new(values.collect::<Int64Array>()));
    }

    pub(crate) fn smalls(&mut self, values: impl Iterator<Item = i32>) {
        self.columns.push(Arc::new(Int32Array::from_iter_values(values)));
    }

    pub(crate) fn ids(&mut self, values: impl Iterator<Item = u64>) {
        self.columns.push(Arc::new(UInt64Array::from_iter_values(values)));
    }

    pub(crate) fn flags(&mut self, values: impl Iterator<Item = bool>) {
        self.columns.push(Arc::new(values.map(Some).collect::<BooleanArray>()));
    }
}

/// Columns that rows are read from, in the order of their schema.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    batch: &'a RecordBatch,
    next: usize,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(batch: &'a RecordBatch) -> Reading<'a> {
        Reading { batch, next: 0 }
    }

    pub(crate) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    pub(crate) fn times(&mut self) -> Result<&'a [i64]> {
        let column = self.column()?;
        column.as_primitive_opt::<TimestampMillisecondType>().map(|c| &c.values()[..]).ok_or_else(other_type)
    }

    pub(crate) fn ints(&mut self) -> Result<&'a [i64]> {
        self.column()?.as_primitive_opt::<Int64Type>().map(|c| &c.values()[..]).ok_or_else(other_type)
    }

    pub(crate) fn maybe_ints(&mut self) -> Result<impl Iterator<Item = Option<i64>> + 'a> {
        self.column()?
            .as_primitive_opt::<Int64Type>()
            .map(arrow_array::PrimitiveArray::iter)
            .ok_or_else(other_type)
    }

    pub(crate) fn smalls(&mut self) -> Result<&'a [i32]> {
        self.column()?.as_primitive_opt::<Int32Type>().map(|c| &c.values()[..]).ok_or_else(other_type)
    }

    pub(crate) fn ids(&mut self) -> Result<&'a [u64]> {
        self.column()?.as_primitive_opt::<UInt64Type>().map(|c| &c.values()[..]).ok_or_else(other_type)
    }

    pub(crate) fn flags(&mut self) -> Result<impl Iterator<Item = bool> + 'a> {
        let column = self.column()?.as_boolean_opt().ok_or_else(other_type)?;
        Ok(column.values().iter())
    }

    pub(crate) fn strings(&mut self) -> Result<impl Iterator<Item = &'a str> + 'a> {
        let column = self.column()?.as_string_opt::<i32>().ok_or_else(other_type)?;
        Ok(column.iter().map(Option::unwrap_or_default))
    }

    /// Strings that repeat: neighbours that are equal share their bytes.
    pub(crate) fn texts(&mut self) -> Result<impl Iterator<Item = Arc<str>> + 'a> {
        Ok(self.maybe_texts()?.map(Option::unwrap_or_default))
    }

    pub(crate) fn maybe_texts(&mut self) -> Result<impl Iterator<Item = Option<Arc<str>>> + 'a> {
        let column = self.column()?.as_string_opt::<i32>().ok_or_else(other_type)?;
        let mut last: Arc<str> = Arc::default();
        Ok(column.iter().map(move |value| {
            let value = value?;
            if *last != *value {
                last = value.into();
            }
            Some(Arc::clone(&last))
        }))
    }

    fn column(&mut self) -> Result<&'a ArrayRef> {
        let column = self.batch.columns().get(self.next);
        self.next += 1;
        column.ok_or_else(|| ParquetError::General("a column is missing".into()))
    }
}

fn other_type() -> ParquetError {
    ParquetError::General("a column has another type than its table's".into())
}
