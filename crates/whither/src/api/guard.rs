//! Who is let in, and what keeps other pages out: what is answered stays on this origin.

use axum::extract::{Request, State as Of};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body;
use super::listen::Peer;
use super::problem::Problem;
use crate::access::{Access, Act, Role};

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

/// What those who watch over the process ask: whether it can answer, and why not.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// How to say who asks. Browsers take the second: they ask for a name and a password, and send both from then on.
const CHALLENGES: [&str; 2] = ["Bearer realm=\"whither\"", "Basic realm=\"whither\", charset=\"UTF-8\""];

/// Lets those in who may do what they ask for.
pub(super) async fn admitted(Of(access): Of<Access>, request: Request, next: Next) -> Response {
    let refused = if access.is_open() {
        (!is_local(request.headers())).then(|| wrong_host().into_response())
    } else if PROBES.contains(&request.uri().path()) {
        None
    } else {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let role = access.role(request.headers(), peer).await;
        let (act, needed) = match request.method().is_safe() {
            true => (Act::Look, Role::Read),
            false => (Act::Operate, Role::Operate),
        };
        match role {
            Some(role) if role.may(act) => None,
            Some(role) => Some(too_small(role, needed).into_response()),
            None => Some(unknown(&access)),
        }
    };
    match refused {
        Some(refused) => refused,
        None => next.run(request).await,
    }
}

/// Marks every answer with what browsers may do with it, and gives those of the layers below the shape of an error.
pub(super) async fn marked(request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    let mut answer = told(&answer).map_or(answer, IntoResponse::into_response);
    let headers = answer.headers_mut();
    headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    answer
}

/// What a layer has answered in words of its own.
fn told(answer: &Response) -> Option<Problem> {
    let status = answer.status();
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Some(body::too_large()),
        StatusCode::SERVICE_UNAVAILABLE if !answer.headers().contains_key(header::CONTENT_TYPE) => {
            Some(Problem::unavailable("there was no answer in time"))
        }
        _ => None,
    }
}

/// Somebody may have made a name point here, to let their page read ours.
fn wrong_host() -> Problem {
    let hint = "ask for it by 127.0.0.1 or localhost";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", "the Host header names another machine", hint)
}

fn too_small(role: Role, needed: Role) -> Problem {
    let message = format!("the role {} may not do this", role.word());
    let hint = format!("ask with the role {}", needed.word());
    Problem::new(StatusCode::FORBIDDEN, "forbidden", message, hint)
}

fn unknown(access: &Access) -> Response {
    let message = "who asks is not known here";
    if !access.takes_tokens() {
        let hint = "ask through the proxy that logs people in";
        return Problem::new(StatusCode::FORBIDDEN, "forbidden", message, hint).into_response();
    }
    let hint = "send `Authorization: Bearer TOKEN`; `whither token NAME ROLE` makes a token";
    let mut answer = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", message, hint).into_response();
    for challenge in CHALLENGES {
        answer.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
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
