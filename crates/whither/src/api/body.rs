//! What is sent with a request: all of it, in time, and no more than anybody has to say.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, response};

use super::BODY_BYTES;
use super::problem::Problem;

/// A body comes within this time.
const TIME: Duration = Duration::from_secs(10);

/// The body of a request.
#[derive(Debug)]
pub(super) struct Said(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Said {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Said, Problem> {
        match tokio::time::timeout(TIME, Bytes::from_request(request, state)).await {
            Ok(Ok(bytes)) => Ok(Said(bytes)),
            Ok(Err(refused)) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
            Ok(Err(refused)) => {
                let hint = "send it again, in full";
                Err(Problem::new(StatusCode::BAD_REQUEST, "bad_body", refused.body_text(), hint))
            }
            Err(_) => {
                let (status, hint) = (StatusCode::REQUEST_TIMEOUT, "send it within 10 seconds");
                Err(Problem::new(status, "too_slow", "the body did not come in time", hint))
            }
        }
    }
}

/// There is more of it than is read.
pub(super) fn too_large() -> Problem {
    let hint = format!("send {BODY_BYTES} bytes at most");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large", hint)
}

/// What may be wrong with a body.
pub(super) enum BodyRefused {}

impl IntoResponses for BodyRefused {
    fn responses() -> BTreeMap<String, RefOr<response::Response>> {
        let (slow, large) = ("The body did not come in time", "The body is too large");
        [("408", slow), ("413", large)].map(|(s, about)| (s.to_owned(), Problem::described(about))).into()
    }
}
