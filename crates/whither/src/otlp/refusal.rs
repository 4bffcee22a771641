//! Why a request is not taken: one reason, in OTLP's words for HTTP and for gRPC.

use std::time::Duration;

use axum::http::StatusCode;
use thiserror::Error;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::NotTaken;
use crate::access::Role;

/// Why it is not.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Refusal {
    /// It can't be read.
    #[error("{0}")]
    Malformed(String),
    /// It is more than is taken at a time.
    #[error(
        "the request holds more than {most} bytes, as sent or inflated: let the exporter send smaller batches, or raise otlp.max_request_bytes"
    )]
    TooLarge {
        /// Bytes that are taken.
        most: usize,
    },
    /// As JSON it takes more memory to read than there is for it.
    #[error("the request holds {objects} JSON objects: send smaller batches, or protobuf")]
    TooManyObjects {
        /// How many there are.
        objects: usize,
    },
    /// The body does not come.
    #[error("the body did not come in time: send it within 15 seconds")]
    TooSlow,
    /// It is of another type.
    #[error("the Content-Type is {0:?}: send application/x-protobuf or application/json")]
    ContentType(String),
    /// It is packed in another way.
    #[error("the Content-Encoding is {0:?}: send gzip, zstd, or none")]
    ContentEncoding(String),
    /// Nobody knows who sends.
    #[error(
        "who sends is not known here: send `Authorization: Bearer TOKEN`; `whither token NAME ingest` makes a token"
    )]
    Unknown,
    /// Who sends may not.
    #[error("the role {} may not send spans: use a token with the role ingest", .0.word())]
    Forbidden(Role),
    /// A page of another origin sends.
    #[error("pages of {0:?} may not send spans: name their origin in otlp.allowed_origins")]
    Origin(String),
    /// More comes than can be kept.
    #[error("more comes than can be kept: send it again in {} s", .retry_after.as_secs_f64())]
    Busy {
        /// When there may be room again.
        retry_after: Duration,
    },
    /// The disk is full.
    #[error("spans can't be kept: {0}")]
    Full(String),
    /// Nothing is taken any more.
    #[error("whither is stopping: send it again when it is back")]
    Stopping,
}

impl Refusal {
    /// More is under way than there is room for.
    pub(super) const BUSY: Refusal = Refusal::Busy { retry_after: Duration::from_secs(1) };
    /// A disk is not freed at once.
    const FULL: Duration = Duration::from_secs(30);

    /// A word for counters.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Refusal::Malformed(_) => "malformed",
            Refusal::TooLarge { .. } | Refusal::TooManyObjects { .. } => "too_large",
            Refusal::TooSlow => "too_slow",
            Refusal::ContentType(_) | Refusal::ContentEncoding(_) => "unsupported",
            Refusal::Unknown => "unauthorized",
            Refusal::Forbidden(_) | Refusal::Origin(_) => "forbidden",
            Refusal::Busy { .. } => "busy",
            Refusal::Full(_) => "full",
            Refusal::Stopping => "stopping",
        }
    }

    /// The status over HTTP. Exporters send again after 429 and 503.
    pub(super) const fn http(&self) -> StatusCode {
        match self {
            Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
            Refusal::TooLarge { .. } | Refusal::TooManyObjects { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::ContentType(_) | Refusal::ContentEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::Unknown => StatusCode::UNAUTHORIZED,
            Refusal::Forbidden(_) | Refusal::Origin(_) => StatusCode::FORBIDDEN,
            Refusal::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Full(_) | Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The code over gRPC. Exporters send again after `UNAVAILABLE`, `DEADLINE_EXCEEDED`, and `RESOURCE_EXHAUSTED` with
    /// `RetryInfo`; some send again after `RESOURCE_EXHAUSTED` of any kind, so what is too large is `INVALID_ARGUMENT`.
    pub(super) const fn grpc(&self) -> Code {
        match self {
            Refusal::Malformed(_) | Refusal::TooLarge { .. } | Refusal::TooManyObjects { .. } => {
                Code::InvalidArgument
            }
            Refusal::TooSlow => Code::DeadlineExceeded,
            Refusal::ContentType(_) | Refusal::ContentEncoding(_) => Code::Unimplemented,
            Refusal::Unknown => Code::Unauthenticated,
            Refusal::Forbidden(_) | Refusal::Origin(_) => Code::PermissionDenied,
            Refusal::Busy { .. } => Code::ResourceExhausted,
            Refusal::Full(_) | Refusal::Stopping => Code::Unavailable,
        }
    }

    /// When to send it again, where that can be told.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Refusal::Busy { retry_after } => Some(*retry_after),
            Refusal::Full(_) => Some(Refusal::FULL),
            _ => None,
        }
    }

    /// As gRPC tells it.
    pub(super) fn status(&self) -> Status {
        match self.retry_after() {
            None => Status::new(self.grpc(), self.to_string()),
            wait => {
                Status::with_error_details(self.grpc(), self.to_string(), ErrorDetails::with_retry_info(wait))
            }
        }
    }
}

impl From<NotTaken> for Refusal {
    fn from(why: NotTaken) -> Refusal {
        match why {
            NotTaken::Busy { retry_after } => Refusal::Busy { retry_after },
            NotTaken::Full(why) => Refusal::Full(why),
            NotTaken::Malformed(why) => Refusal::Malformed(why),
            NotTaken::Stopped => Refusal::Stopping,
        }
    }
}
