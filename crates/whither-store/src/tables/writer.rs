//! Writing a segment.

use super::Table;
use super::columns::Coding;
use super::row::Row;
use crate::catalogue::SegmentRecord;
use crate::disk::{Appender, Disk};
use crate::error::StoreError;
use crate::limits::{BATCH_ROWS, PAGE_ROWS, ROW_GROUP_BYTES, ROW_GROUP_ROWS};
use crate::names;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::Result;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::marker::PhantomData;
use std::sync::Arc;

/// The version of all tables' columns, in each file's metadata.
const VERSION: &str = "1";

/// A segment that is being written; its rows come sorted.
#[derive(Debug)]
pub(crate) struct SegmentWriter<R> {
    writer: ArrowWriter<Appender>,
    schema: SchemaRef,
    name: String,
    record: SegmentRecord,
    of: PhantomData<R>,
}

impl<R: Row> SegmentWriter<R> {
    pub(crate) fn create(
        disk: &dyn Disk,
        table: Table,
        id: u64,
        level: u8,
    ) -> std::result::Result<Self, StoreError> {
        let name = names::segment(table.name(), id);
        let out = Appender::create(disk, &name).map_err(|error| StoreError::io(&name, error))?;
        let schema = Arc::new(R::schema());
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties::<R>(table, &schema)))
            .map_err(|error| StoreError::segment(&name, error))?;
        let (min_ms, max_ms) = (i64::MAX, i64::MIN);
        let record = SegmentRecord { id, table, level, rows: 0, bytes: 0, crc: 0, min_ms, max_ms };
        Ok(SegmentWriter { writer, schema, name, record, of: PhantomData })
    }

    pub(crate) fn write(&mut self, rows: &[&R]) -> std::result::Result<(), StoreError> {
        for rows in rows.chunks(BATCH_ROWS) {
            for row in rows {
                self.record.min_ms = self.record.min_ms.min(row.at_ms());
                self.record.max_ms = self.record.max_ms.max(row.at_ms());
            }
            self.record.rows += rows.len() as u64;
            self.batch(rows).map_err(|error| StoreError::segment(&self.name, error))?;
        }
        Ok(())
    }

    fn batch(&mut self, rows: &[&R]) -> Result<()> {
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), R::write(rows))?)
    }

    /// Makes the file durable and says what the catalogue is to know of it.
    pub(crate) fn finish(self) -> std::result::Result<SegmentRecord, StoreError> {
        let out = self.writer.into_inner().map_err(|error| StoreError::segment(&self.name, error))?;
        let written = out.finish().map_err(|error| StoreError::io(&self.name, error))?;
        Ok(SegmentRecord { bytes: written.bytes, crc: written.crc, ..self.record })
    }
}

fn properties<R: Row>(table: Table, schema: &SchemaRef) -> WriterProperties {
    let metadata = [("whither.table", table.name()), ("whither.version", VERSION)];
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("whither ", env!("CARGO_PKG_VERSION")).into())
        .set_key_value_metadata(Some(metadata.map(|(k, v)| KeyValue::new(k.into(), v.to_owned())).into()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS);
    let mut sorting = Vec::new();
    for name in R::SORTED_BY {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(*name), EnabledStatistics::Page);
        let column = schema.index_of(name).ok().and_then(|column| i32::try_from(column).ok());
        sorting.extend(column.map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: false,
        }));
    }
    for (field, coding) in schema.fields().iter().zip(R::codings()) {
        let encoding = match coding {
            Coding::Dictionary => continue,
            Coding::Differences => Encoding::DELTA_BINARY_PACKED,
            Coding::Split => Encoding::BYTE_STREAM_SPLIT,
            Coding::Plain => Encoding::PLAIN,
        };
        let path = ColumnPath::from(field.name().as_str());
        builder =
            builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, encoding);
    }
    builder.set_sorting_columns(Some(sorting)).build()
}
