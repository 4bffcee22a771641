//! A record's headers: an ordered list with duplicates, not a map.

use super::cursor::Cursor;
use super::error::{HeaderError, RecordField};

/// Bytes of the smallest header: an empty name, a null value.
const MIN_HEADER_BYTES: usize = 2;

/// One header. Names are bytes: Kafka's Java client demands UTF-8, the broker does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'r> {
    pub name: &'r [u8],
    pub value: Option<&'r [u8]>,
}

/// A record's headers, parsed as they are asked for. Copying it starts again from the first header.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'r> {
    bytes: Cursor<'r>,
    /// `None` until the count was read.
    left: Option<u32>,
}

impl<'r> Headers<'r> {
    #[inline]
    pub(super) const fn new(bytes: &'r [u8]) -> Self {
        Self { bytes: Cursor::new(bytes), left: None }
    }

    /// The first header of that name. Producers that propagate context twice leave two `traceparent`s: the Java
    /// client reads the last, others the first.
    ///
    /// # Errors
    /// If a header before the one looked for is broken; all are if the name is not there.
    #[inline]
    pub fn first(mut self, name: &[u8]) -> Result<Option<Header<'r>>, HeaderError> {
        while let Some(header) = self.step()? {
            if header.name == name {
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// The last header of that name.
    ///
    /// # Errors
    /// If any header is broken.
    #[inline]
    pub fn last(mut self, name: &[u8]) -> Result<Option<Header<'r>>, HeaderError> {
        let mut found = None;
        while let Some(header) = self.step()? {
            if header.name == name {
                found = Some(header);
            }
        }
        Ok(found)
    }

    #[inline(always)]
    fn step(&mut self) -> Result<Option<Header<'r>>, HeaderError> {
        let left = match self.left {
            Some(left) => left,
            None => self.count()?,
        };
        if left == 0 {
            self.left = Some(0);
            // Bytes behind the last header would be headers that the count hides.
            return if self.bytes.remaining() == 0 {
                Ok(None)
            } else {
                Err(broken(RecordField::HeaderCount))
            };
        }
        self.left = Some(left - 1);
        let name = self.bytes.varint().and_then(|length| usize::try_from(length).ok());
        let name = name.and_then(|length| self.bytes.take(length)).ok_or(broken(RecordField::HeaderName))?;
        let value = match self.bytes.varint().ok_or(broken(RecordField::HeaderValue))? {
            -1 => None,
            length => {
                let length = usize::try_from(length).map_err(|_| broken(RecordField::HeaderValue))?;
                Some(self.bytes.take(length).ok_or(broken(RecordField::HeaderValue))?)
            }
        };
        Ok(Some(Header { name, value }))
    }

    #[inline(always)]
    fn count(&mut self) -> Result<u32, HeaderError> {
        let count = self.bytes.varint().and_then(|count| u32::try_from(count).ok());
        match count {
            Some(count) if (count as usize) <= self.bytes.remaining() / MIN_HEADER_BYTES => Ok(count),
            _ => Err(broken(RecordField::HeaderCount)),
        }
    }
}

const fn broken(field: RecordField) -> HeaderError {
    HeaderError { field }
}

/// All headers in order, duplicates kept. Ends behind the first item that is an error.
impl<'r> Iterator for Headers<'r> {
    type Item = Result<Header<'r>, HeaderError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.step().transpose();
        if matches!(item, Some(Err(_))) {
            *self = Self { bytes: Cursor::new(&[]), left: Some(0) };
        }
        item
    }
}

impl std::iter::FusedIterator for Headers<'_> {}
