//! From a frame to a response: nothing is decoded before its shape has been checked.
//!
//! The decoders of `kafka-protocol` reserve memory by the counts they read, up to 2^32 elements: a broker that
//! lies, or is none, could make the process abort. So every answer is walked first: each list must hold what it
//! says it holds, and all of it together may take so much memory and no more.

mod shape;
mod shapes;

use bytes::Bytes;
use kafka_protocol::messages::{FetchRequest, ResponseHeader, SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::{Decodable, HeaderVersion, Request};

/// Brokers cap a fetch at the size asked for, plus one batch; batches can be configured to be this large.
const MAX_FETCH_BYTES: usize = 256 << 20;
/// Describes a hundred thousand partitions or groups several times over.
const MAX_BYTES: usize = 64 << 20;
/// Before either side knows the other.
const MAX_GREETING_BYTES: usize = 1 << 20;

/// The longest frame that is accepted in answer to a request.
pub(crate) fn limit(key: i16) -> usize {
    match key {
        FetchRequest::KEY => MAX_FETCH_BYTES,
        kafka_protocol::messages::ApiVersionsRequest::KEY
        | SaslHandshakeRequest::KEY
        | SaslAuthenticateRequest::KEY => MAX_GREETING_BYTES,
        _ => MAX_BYTES,
    }
}

/// Decodes the answer to a request of this kind and version.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn decode<T: Decodable + HeaderVersion>(
    key: i16,
    version: i16,
    mut frame: Bytes,
) -> Result<T, String> {
    let header_version = T::header_version(version);
    let body = shape::check_header(&frame, header_version)?;
    shape::check(shapes::of(key).ok_or("no such request is made")?, version, body)?;
    ResponseHeader::decode(&mut frame, header_version).map_err(|e| e.to_string())?;
    T::decode(&mut frame, version).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
