//! Answers that have not changed are not sent again: each is of a revision of what is true now.

use axum::extract::{Request, State as Of};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use utoipa::openapi::path::Operation;
use utoipa::openapi::response::Response as Described;

use super::Shared;

/// Marks answers with the revision they were made of, and answers 304 to those that have it.
pub(super) async fn marked(Of(shared): Of<Shared>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return next.run(request).await;
    }
    let tag = {
        let state = shared.live.read();
        // Revisions begin anew with each start.
        format!("W/\"{:x}-{:x}\"", state.started_at.0, state.revision)
    };
    let Ok(tag) = HeaderValue::from_str(&tag) else { return next.run(request).await };
    let fresh = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    if has(request.headers(), &tag) {
        return (StatusCode::NOT_MODIFIED, fresh).into_response();
    }
    let mut answer = next.run(request).await;
    if answer.status().is_success() {
        answer.headers_mut().extend(HeaderMap::from_iter(fresh));
    }
    answer
}

/// Tells of it in the description of what is marked.
pub(super) fn describe(operation: &mut Operation) {
    let same = "It has not changed since the answer whose ETag stands in If-None-Match";
    operation.responses.responses.insert("304".to_owned(), Described::new(same).into());
}

fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(tag) = tag.to_str().map(weak) else { return false };
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|known| weak(known) == tag)
}
