//! What stands between the slashes of a path.

use axum::extract::{FromRequestParts, Path as Parts};
use axum::http::{StatusCode, request};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The parts of a path that are not fixed; told in the shape of every error where they are not what they should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, state: &S) -> Result<Path<T>, Problem> {
        let read = Parts::from_request_parts(parts, state).await;
        read.map(|Parts(read)| Path(read)).map_err(|error| {
            let hint = "names are percent-encoded; partitions and offsets are numbers";
            Problem::new(StatusCode::BAD_REQUEST, "bad_path", error.body_text(), hint)
        })
    }
}
