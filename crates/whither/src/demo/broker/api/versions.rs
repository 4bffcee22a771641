//! ApiVersions.
use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};

use super::super::state::State;
use super::super::versions::SUPPORTED;

impl State {
    pub(crate) fn api_versions(&self, request: &ApiVersionsRequest, version: i16) -> ApiVersionsResponse {
        let named = is_name(&request.client_software_name) && is_name(&request.client_software_version);
        if version >= 3 && !named {
            return ApiVersionsResponse::default().with_error_code(ResponseError::InvalidRequest.code());
        }
        all()
    }
}

/// The answer to a version above ours, to be sent as version 0 (KIP-511).
pub(crate) fn unsupported() -> ApiVersionsResponse {
    all().with_error_code(ResponseError::UnsupportedVersion.code())
}

fn all() -> ApiVersionsResponse {
    let keys = SUPPORTED.iter().map(|found| {
        ApiVersion::default()
            .with_api_key(found.key as i16)
            .with_min_version(found.min)
            .with_max_version(found.max)
    });
    ApiVersionsResponse::default().with_api_keys(keys.collect())
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?`
fn is_name(name: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    edge(name.bytes().next()) && edge(name.bytes().next_back()) && name.bytes().all(inner)
}
