//! What keeps other pages out: whoever asks must mean this machine, and what is answered stays on this origin.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// What a browser may do with what is answered.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Refuses requests that were meant for another host: a name that somebody made point here would let their page read
/// ours. Marks every answer with what browsers may do with it.
pub(super) async fn guarded(request: Request, next: Next) -> Response {
    let mut answer = if is_local(request.headers()) {
        next.run(request).await
    } else {
        let hint = "ask for it by 127.0.0.1 or localhost";
        let message = "the Host header names another machine";
        Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", message, hint).into_response()
    };
    let headers = answer.headers_mut();
    headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    answer
}

fn is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let bracket = host.rfind(']').unwrap_or(0);
    let name = match host.rfind(':') {
        Some(colon) if colon > bracket => host.get(..colon).unwrap_or_default(),
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_meant() {
        let asks = |host: &'static str| {
            is_local(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]))
        };
        for host in ["127.0.0.1:8080", "localhost", "LOCALHOST:9", "[::1]:8080", "[::1]", "127.8.8.8"] {
            assert!(asks(host), "{host}");
        }
        for host in ["evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", ""]
        {
            assert!(!asks(host), "{host}");
        }
        assert!(!is_local(&HeaderMap::new()));
    }
}
