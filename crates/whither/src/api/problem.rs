//! Why there is no answer, and what to do: the one shape of every error.

use std::collections::BTreeMap;
use std::fmt::Display;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, response};
use utoipa::{IntoResponses, ToSchema};

/// An error as it is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: String,
}

/// Why there is no answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct Body<'a> {
    error: Told<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorTold)]
struct Told<'a> {
    /// A word for programs.
    code: &'a str,
    /// What is wrong.
    message: &'a str,
    /// What to do.
    hint: &'a str,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Problem {
        Problem { status, code, message: message.into(), hint: hint.into() }
    }

    /// A value that is not allowed.
    pub(super) fn parameter(name: &str, value: &str, allowed: &str) -> Problem {
        let message = format!("{name} = {value:?} is not allowed");
        Problem::new(StatusCode::BAD_REQUEST, "bad_parameter", message, format!("allowed: {allowed}"))
    }

    /// There is no such thing.
    pub(super) fn not_found(message: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not_found", message, hint)
    }

    /// It can't be told now.
    pub(super) fn unavailable(message: impl Into<String>) -> Problem {
        let hint = "try again in a moment; /readyz says what keeps the server from answering";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, hint)
    }

    /// What is stored can't be read.
    pub(super) fn store(error: &impl Display) -> Problem {
        let hint = "/readyz says how the store is";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "store", error.to_string(), hint)
    }
}

/// Each of them may be the answer to any request.
const REFUSALS: [(StatusCode, &str); 7] = [
    (StatusCode::BAD_REQUEST, "A parameter is not known, or its value not allowed"),
    (StatusCode::UNAUTHORIZED, "Who asks is not known: a token is needed"),
    (StatusCode::FORBIDDEN, "Who asks may not do this"),
    (StatusCode::NOT_FOUND, "There is no such thing"),
    (StatusCode::MISDIRECTED_REQUEST, "The Host header names another machine"),
    (StatusCode::INTERNAL_SERVER_ERROR, "What is stored can't be read"),
    (StatusCode::SERVICE_UNAVAILABLE, "It can't be told now"),
];

impl Problem {
    /// A status that is answered in the shape of every error, as the API's description tells it.
    pub(super) fn described(about: &str) -> RefOr<response::Response> {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
        ResponseBuilder::new().description(about).content("application/json", content).build().into()
    }
}

impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<response::Response>> {
        REFUSALS.into_iter().map(|(s, about)| (s.as_str().to_owned(), Problem::described(about))).collect()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let told = Told { code: self.code, message: &self.message, hint: &self.hint };
        let body = serde_json::to_vec(&Body { error: told }).unwrap_or_default();
        (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
