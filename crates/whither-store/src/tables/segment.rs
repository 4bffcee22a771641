//! A segment: an immutable Parquet file of one table's rows, sorted.

use super::prune::{Filter, rows_to_read};
use super::row::Row;
use crate::catalogue::SegmentRecord;
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::limits::BATCH_ROWS;
use crate::names;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::{ChunkReader, Length};
use std::io::{self, BufReader, Read};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// An open segment. Its footer is read when it is first asked and kept.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) record: SegmentRecord,
    pub(crate) name: String,
    chunks: Chunks,
    footer: OnceLock<ArrowReaderMetadata>,
}

impl Segment {
    pub(crate) fn open(disk: &dyn Disk, record: SegmentRecord) -> io::Result<Segment> {
        let name = names::segment(record.table.name(), record.id);
        let chunks = Chunks { file: disk.open(&name)?, len: record.bytes };
        Ok(Segment { record, name, chunks, footer: OnceLock::new() })
    }

    /// The length of the file as it is.
    pub(crate) fn file_bytes(&self) -> io::Result<u64> {
        self.chunks.file.len()
    }

    /// Whether a row could have happened in a time, which does not include its end.
    pub(crate) fn overlaps(&self, during: &Range<i64>) -> bool {
        self.record.min_ms < during.end && during.start <= self.record.max_ms
    }

    /// The rows of pages that could hold what the filters want, in the segment's order; others may be among them.
    pub(crate) fn rows<R: Row>(
        self: &Arc<Self>,
        filters: &[Filter<'_>],
    ) -> std::result::Result<Rows<R>, StoreError> {
        self.rows_that(filters, None, BATCH_ROWS)
    }

    /// Those of them that pass a test, so many decoded at a time.
    pub(crate) fn rows_that<R: Row>(
        self: &Arc<Self>,
        filters: &[Filter<'_>],
        test: Option<Test>,
        batch_rows: usize,
    ) -> std::result::Result<Rows<R>, StoreError> {
        let batches = self
            .batches::<R>(filters, test, batch_rows)
            .map_err(|error| StoreError::segment(&self.name, error))?;
        Ok(Rows { segment: Arc::clone(self), batches, batch: Vec::new().into_iter(), of: PhantomData })
    }

    fn batches<R: Row>(
        &self,
        filters: &[Filter<'_>],
        test: Option<Test>,
        batch_rows: usize,
    ) -> Result<Option<ParquetRecordBatchReader>> {
        let footer = self.footer()?;
        let Some(wanted) = rows_to_read(footer, filters) else { return Ok(None) };
        let columns = |names: &[&str]| {
            ProjectionMask::columns(footer.metadata().file_metadata().schema_descr(), names.iter().copied())
        };
        let schema = R::schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.chunks.clone(), footer.clone())
                .with_batch_size(batch_rows)
                .with_projection(columns(&names))
                .with_row_groups(wanted.row_groups);
        if let Some(selection) = wanted.selection {
            builder = builder.with_row_selection(selection);
        }
        if let Some(test) = test {
            let Test { columns: of, mut passes } = test;
            let predicate = ArrowPredicateFn::new(columns(of), move |batch| {
                passes(&batch).map_err(|error| ArrowError::ExternalError(Box::new(error)))
            });
            builder = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)]));
        }
        builder.build().map(Some)
    }

    fn footer(&self) -> Result<&ArrowReaderMetadata> {
        if let Some(footer) = self.footer.get() {
            return Ok(footer);
        }
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        let footer = ArrowReaderMetadata::load(&self.chunks, options)?;
        Ok(self.footer.get_or_init(|| footer))
    }

    /// Reads the whole file and compares it with the checksum in the catalogue.
    pub(crate) fn verify(&self) -> std::result::Result<(), StoreError> {
        let mut reader = self.chunks.reader(0);
        let mut buffer = vec![0; 256 << 10];
        let mut crc = 0;
        loop {
            match reader.read(&mut buffer).map_err(|error| StoreError::io(&self.name, error))? {
                0 => break,
                read => crc = crc32c::crc32c_append(crc, buffer.get(..read).unwrap_or_default()),
            }
        }
        let whole = crc == self.record.crc;
        if whole { Ok(()) } else { Err(StoreError::CorruptSegment { file: self.name.clone() }) }
    }
}

/// Says of each row of some columns whether it is to be taken.
type Passes = dyn FnMut(&RecordBatch) -> Result<BooleanArray> + Send;

/// Which rows to take, by a few columns: the others are read for those rows alone.
pub(crate) struct Test {
    /// In the order of the file.
    pub(crate) columns: &'static [&'static str],
    /// Given these columns.
    pub(crate) passes: Box<Passes>,
}

/// Rows of a segment, read as they are asked for.
#[derive(Debug)]
pub(crate) struct Rows<R> {
    segment: Arc<Segment>,
    batches: Option<ParquetRecordBatchReader>,
    batch: std::vec::IntoIter<R>,
    of: PhantomData<R>,
}

impl<R: Row> Rows<R> {
    fn next_batch(&mut self) -> Option<Result<Vec<R>>> {
        let batch = self.batches.as_mut()?.next()?;
        Some(batch.map_err(ParquetError::from).and_then(|batch| R::read(batch.columns())))
    }
}

impl<R: Row> Iterator for Rows<R> {
    type Item = std::result::Result<R, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.batch.next() {
                return Some(Ok(row));
            }
            match self.next_batch()? {
                Ok(rows) => self.batch = rows.into_iter(),
                Err(error) => {
                    self.batches = None;
                    return Some(Err(StoreError::segment(&self.segment.name, error)));
                }
            }
        }
    }
}

/// A file as the Parquet reader wants it.
#[derive(Clone, Debug)]
struct Chunks {
    file: Arc<dyn DiskFile>,
    len: u64,
}

impl Chunks {
    fn reader(&self, at: u64) -> FileReader {
        FileReader { file: Arc::clone(&self.file), at, end: self.len }
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<FileReader>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(self.reader(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.len) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of {}", self.len)));
        }
        let mut bytes = vec![0; length];
        self.file.read_at(start, &mut bytes)?;
        Ok(bytes.into())
    }
}

/// A position in a file that moves as it is read.
#[derive(Debug)]
struct FileReader {
    file: Arc<dyn DiskFile>,
    at: u64,
    end: u64,
}

impl Read for FileReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len =
            usize::try_from(self.end.saturating_sub(self.at)).map_or(into.len(), |left| left.min(into.len()));
        let into = into.get_mut(..len).unwrap_or_default();
        self.file.read_at(self.at, into)?;
        self.at += len as u64;
        Ok(len)
    }
}
