//! One file for each family of requests: from the protocol's values to the state's and back.
mod versions;
mod metadata;
mod produce;
mod fetch;
mod offsets;
mod topics;
mod configs;
mod membership;
mod groups;
mod commits;
mod transactions;
mod storage;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

pub(crate) use fetch::fetch;
pub(crate) use versions::unsupported;

/// A protocol string.
pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// The error code of a result; 0 for `Ok`.
pub(crate) fn code<T>(result: &Result<T, ResponseError>) -> i16 {
    result.as_ref().err().map_or(0, ResponseError::code)
}

/// No authorisation here, and none asked for: what the protocol says where operations are not listed.
pub(crate) const NO_OPERATIONS: i32 = i32::MIN;
