//! Where a coordinator's record stops making sense.

use thiserror::Error;

/// A key or value that can't be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("coordinator record of type {record_type:?}: {fault}: {part} field `{field}`, at byte {at}")]
pub struct CoordinatorError {
    /// `None` if the key is too short to hold its type.
    pub record_type: Option<i16>,
    pub part: Part,
    pub field: &'static str,
    /// Byte of the key or value at which the field begins.
    pub at: usize,
    pub fault: CoordinatorFault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    Key,
    Value,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Value => "value",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CoordinatorFault {
    #[error("ends early")]
    Truncated,
    #[error("length or count that can't be")]
    Length,
    #[error("not UTF-8")]
    NotUtf8,
    #[error("version {0} is unknown")]
    UnknownVersion(i16),
}
