//! Between bytes and values: one frame in, one frame out.
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable};
use thiserror::Error;

use super::api;
use super::shape;
use super::versions::is_supported;

/// A frame as read: who asks what, in which version.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) key: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) client_id: String,
    pub(crate) request: RequestKind,
}

/// What a frame turned out to be.
#[derive(Debug)]
pub(crate) enum Parsed {
    Request(Box<Frame>),
    /// An ApiVersions request of a version above ours, which is answered in version 0 (KIP-511).
    NewerApiVersions {
        correlation_id: i32,
    },
}

/// Why a connection is closed.
#[derive(Debug, Error)]
pub(crate) enum Malformed {
    #[error("the frame ends inside its header")]
    Short,
    #[error("request {key} version {version} is not supported")]
    Unsupported { key: i16, version: i16 },
    #[error("{key:?} version {version}: a length goes past the end, or there are too many elements")]
    Shape { key: ApiKey, version: i16 },
    #[error("{0}")]
    Codec(String),
}

/// The codecs' errors have no type of their own.
fn codec(error: impl std::fmt::Display) -> Malformed {
    Malformed::Codec(format!("{error:#}"))
}

/// Reads a frame, without its length.
pub(crate) fn parse(mut frame: Bytes) -> Result<Parsed, Malformed> {
    let mut start = frame.as_ref();
    let (Ok(key), Ok(version), Ok(correlation_id)) =
        (start.try_get_i16(), start.try_get_i16(), start.try_get_i32())
    else {
        return Err(Malformed::Short);
    };
    let unsupported = || Malformed::Unsupported { key, version };
    let api = ApiKey::try_from(key).map_err(|()| unsupported())?;
    if !is_supported(api, version) {
        if api == ApiKey::ApiVersions {
            return Ok(Parsed::NewerApiVersions { correlation_id });
        }
        return Err(unsupported());
    }
    let header = RequestHeader::decode(&mut frame, api.request_header_version(version)).map_err(codec)?;
    shape::check(api, version, &frame)?;
    let request = RequestKind::decode(api, &mut frame, version).map_err(codec)?;
    let client_id = header.client_id.as_deref().unwrap_or_default().to_owned();
    Ok(Parsed::Request(Box::new(Frame { key: api, version, correlation_id, client_id, request })))
}

/// Writes an answer, with its length.
pub(crate) fn encode(
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    response: &ResponseKind,
) -> Result<Bytes, Malformed> {
    let mut out = BytesMut::new();
    out.put_i32(0);
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    header.encode(&mut out, key.response_header_version(version)).map_err(codec)?;
    response.encode(&mut out, version).map_err(codec)?;
    let length = i32::try_from(out.len().saturating_sub(4)).unwrap_or(i32::MAX);
    if let Some(place) = out.get_mut(..4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(out.freeze())
}

/// The answer to [`Parsed::NewerApiVersions`].
pub(crate) fn encode_unsupported(correlation_id: i32) -> Result<Bytes, Malformed> {
    encode(ApiKey::ApiVersions, 0, correlation_id, &ResponseKind::ApiVersions(api::unsupported()))
}
