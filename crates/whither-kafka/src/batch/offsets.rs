//! Which offsets of a batch exist.

use std::ops::RangeInclusive;

use super::error::RecordError;
use super::header::BatchHeader;
use super::records::RecordWalk;

/// The offsets of a batch's records, in order. Ends behind the first item that is an error.
#[derive(Debug, Clone)]
pub struct Offsets<'r>(Kind<'r>);

#[derive(Debug, Clone)]
enum Kind<'r> {
    /// As many records as offsets, which the walk would find strictly ascending: no need to look.
    Dense(RangeInclusive<i64>),
    Sparse(RecordWalk<'r>),
}

impl<'r> Offsets<'r> {
    pub(super) fn dense(header: &BatchHeader) -> Self {
        Self(Kind::Dense(header.base_offset..=header.last_offset()))
    }

    pub(super) fn sparse(header: &BatchHeader, inflated: &'r [u8]) -> Self {
        Self(Kind::Sparse(RecordWalk::new(header, inflated)))
    }
}

impl Iterator for Offsets<'_> {
    type Item = Result<i64, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Kind::Dense(range) => range.next().map(Ok),
            Kind::Sparse(walk) => walk.next().map(|frame| frame.map(|frame| frame.offset)),
        }
    }
}
