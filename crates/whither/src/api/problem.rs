//! Why there is no answer, and what to do: the one shape of every error.

use std::fmt::Display;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An error as it is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: String,
}

#[derive(Serialize)]
struct Body<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'a str,
    message: &'a str,
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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let told = Told { code: self.code, message: &self.message, hint: &self.hint };
        let body = serde_json::to_vec(&Body { error: told }).unwrap_or_default();
        (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
