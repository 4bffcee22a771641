//! Columns of bytes: identifiers of a fixed length, and messages.

use super::{Coding, Column, other_type};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray, FixedSizeBinaryArray};
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use parquet::errors::Result;
use std::sync::Arc;

/// Identifiers of so many bytes.
pub(crate) enum Fixed<const N: usize> {}

impl<const N: usize> Column for Fixed<N> {
    type Value = [u8; N];
    const CODING: Coding = Coding::Plain;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::FixedSizeBinary(width::<N>()), false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a [u8; N]>) -> ArrayRef {
        let bytes: Vec<u8> = values.flatten().copied().collect();
        Arc::new(FixedSizeBinaryArray::new(width::<N>(), bytes.into(), None))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = [u8; N]>> {
        Ok(MaybeFixed::<N>::read(column)?.map(|value| value.unwrap_or([0; N])))
    }
}

/// The same, or nothing.
pub(crate) enum MaybeFixed<const N: usize> {}

impl<const N: usize> Column for MaybeFixed<N> {
    type Value = Option<[u8; N]>;
    const CODING: Coding = Coding::Plain;

    fn field(name: &str) -> Field {
        Fixed::<N>::field(name).with_nullable(true)
    }

    fn write<'a>(values: impl Iterator<Item = &'a Option<[u8; N]>>) -> ArrayRef {
        let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.copied(), width::<N>());
        Arc::new(array.expect("all values are of this length"))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Option<[u8; N]>>> {
        let array = column.as_fixed_size_binary_opt().filter(|array| array.value_length() == width::<N>());
        Ok(array.ok_or_else(other_type)?.iter().map(|value| value?.try_into().ok()))
    }
}

const fn width<const N: usize>() -> i32 {
    assert!(N <= 16, "an identifier");
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "it is at most 16")]
    let width = N as i32;
    width
}

/// Messages that differ from row to row.
pub(crate) enum Blob {}

impl Column for Blob {
    type Value = Bytes;
    const CODING: Coding = Coding::Plain;

    fn field(name: &str) -> Field {
        Field::new(name, DataType::Binary, false)
    }

    fn write<'a>(values: impl Iterator<Item = &'a Bytes>) -> ArrayRef {
        Arc::new(BinaryArray::from_iter_values(values))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Bytes>> {
        let array = binaries(column)?;
        let ends = array.value_offsets();
        let at = |offset: &i32| usize::try_from(*offset).unwrap_or(0);
        let from = ends.first().map_or(0, at);
        // One copy for all of them.
        let all = array.value_data().get(from..ends.last().map_or(0, at)).unwrap_or_default();
        let all = Bytes::copy_from_slice(all);
        Ok(ends.windows(2).map(move |two| all.slice(at(&two[0]) - from..at(&two[1]) - from)))
    }

    fn heap_bytes(value: &Bytes) -> usize {
        value.len()
    }
}

/// Messages that repeat: neighbours that are equal share their bytes when they are read.
pub(crate) enum SharedBlob {}

impl Column for SharedBlob {
    type Value = Arc<[u8]>;

    fn field(name: &str) -> Field {
        Blob::field(name)
    }

    fn write<'a>(values: impl Iterator<Item = &'a Arc<[u8]>>) -> ArrayRef {
        Arc::new(BinaryArray::from_iter_values(values))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = Arc<[u8]>>> {
        let mut last: Arc<[u8]> = Arc::default();
        Ok(binaries(column)?.iter().map(move |value| {
            let value = value.unwrap_or_default();
            if *last != *value {
                last = value.into();
            }
            Arc::clone(&last)
        }))
    }
}

fn binaries(column: &ArrayRef) -> Result<&BinaryArray> {
    column.as_binary_opt::<i32>().ok_or_else(other_type)
}
