//! Why a server gave no answer, and what to do about it.

use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;
use whither_kafka::{AUTHORITY_AS_SERVER, is_authority};

use crate::cli::{Exit, complain};

/// No answer.
#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error(
        "no server answers at {server} ({why}): start one with `whither serve --brokers HOST:PORT` or `whither demo`, or name another with --server"
    )]
    Unreachable { server: String, why: String },
    #[error(
        "{server} can't be trusted ({why}): name the certificates of the authority that signed its own with --ca-file, and ask for it by a name that stands in its certificate"
    )]
    Untrusted { server: String, why: String },
    #[error(
        "what answers at {server} is no whither server (it answered {answered}): name the right one with --server"
    )]
    Stranger { server: String, answered: String },
    #[error(
        "{server} answered what this version can't read ({why}): use the version of whither that the server is"
    )]
    Garbled { server: String, why: String },
    #[error("{}", in_words(server, *status, told))]
    Api { server: String, status: u16, told: ApiError },
    #[error(
        "--server {url:?} is no address of a server: write http://host:port, without a user name or query"
    )]
    BadUrl { url: String },
    #[error("--token-file {}: {why}", path.display())]
    TokenFile { path: PathBuf, why: String },
    #[error("--ca-file {}: {why}", path.display())]
    CaFile { path: PathBuf, why: String },
    #[error("the token holds blanks or characters that no token has")]
    BadToken,
}

/// The API's errors.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ApiError {
    pub(super) error: Told,
}

/// What an error tells.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    code: String,
    message: String,
    hint: Option<String>,
}

/// Why the certificate that was shown is none to trust.
fn untrusted(error: &ureq::Error) -> Option<String> {
    let of_tls = match error {
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<rustls::Error>()?,
        ureq::Error::Rustls(error) => error,
        _ => return None,
    };
    match of_tls {
        rustls::Error::InvalidCertificate(why) if is_authority(why) => {
            Some(format!("its certificate {AUTHORITY_AS_SERVER}"))
        }
        rustls::Error::InvalidCertificate(why) => Some(why.to_string()),
        _ => None,
    }
}

impl Failure {
    /// The request could not be sent, or its answer not be read.
    pub(super) fn reaching(server: &str, error: &ureq::Error) -> Failure {
        if let Some(why) = untrusted(error) {
            return Failure::Untrusted { server: server.to_owned(), why };
        }
        let why = match error {
            ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
                "connection refused".to_owned()
            }
            ureq::Error::HostNotFound => "there is no such host".to_owned(),
            ureq::Error::ConnectionFailed => "it can't be connected to".to_owned(),
            other => other.to_string(),
        };
        Failure::Unreachable { server: server.to_owned(), why }
    }

    /// What it comes to.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Failure::Unreachable { .. } | Failure::Untrusted { .. } | Failure::Stranger { .. } => {
                Exit::Unreachable
            }
            Failure::Garbled { .. } => Exit::Internal,
            Failure::BadUrl { .. }
            | Failure::TokenFile { .. }
            | Failure::CaFile { .. }
            | Failure::BadToken => Exit::Usage,
            Failure::Api { status, .. } => match status {
                404 => Exit::BadNews,
                429 | 502..=504 => Exit::Unreachable,
                400..=499 => Exit::Usage,
                _ => Exit::Internal,
            },
        }
    }

    /// Whether the server knows no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Failure::Api { status: 404, .. })
    }

    /// Says so on standard error, in one line.
    pub(super) fn complain(&self) -> Exit {
        complain(&self.to_string().replace(['\n', '\r'], " "));
        self.exit()
    }
}

fn in_words(server: &str, status: u16, told: &ApiError) -> String {
    let told = &told.error;
    let message = match (told.message.as_str(), told.code.as_str()) {
        ("", "") => format!("{server} answered {status}"),
        ("", code) => format!("{server} answered {status}: {code}"),
        (message, _) => message.to_owned(),
    };
    let ours = match status {
        401 => Some("give a token in WHITHER_TOKEN or by --token-file"),
        403 => Some("give a token that may, in WHITHER_TOKEN or by --token-file"),
        _ => None,
    };
    match ours.or(told.hint.as_deref().filter(|hint| !hint.is_empty())) {
        Some(hint) => format!("{}; {hint}", message.trim_end_matches('.')),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(status: u16, body: &str) -> Failure {
        let told = serde_json::from_str(body).unwrap_or_default();
        Failure::Api { server: "http://a:1".into(), status, told }
    }

    #[test]
    fn what_the_api_says_is_passed_on_with_its_hint() {
        let body = r#"{"error":{"code":"bad_parameter","message":"verdict=losst is not allowed","hint":"did you mean lost?"}}"#;
        let failure = api(400, body);
        assert_eq!(failure.to_string(), "verdict=losst is not allowed; did you mean lost?");
        assert_eq!(failure.exit(), Exit::Usage);
    }

    #[test]
    fn who_is_not_let_in_is_told_how() {
        for (status, word) in [(401, "give a token in"), (403, "give a token that may")] {
            let failure = api(status, "");
            assert_eq!(failure.exit(), Exit::Usage);
            let text = failure.to_string();
            assert!(text.contains(word) && text.contains("WHITHER_TOKEN") && text.contains("--token-file"));
        }
    }

    #[test]
    fn failures_have_the_exit_codes_that_scripts_rely_on() {
        let codes = [(404, 1), (422, 2), (429, 3), (500, 4), (503, 3)];
        for (status, code) in codes {
            assert_eq!(api(status, "").exit().code(), code, "{status}");
        }
    }
}
