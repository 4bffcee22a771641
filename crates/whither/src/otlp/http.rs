//! OTLP/HTTP: `POST /v1/traces`, protobuf or JSON.

use axum::Router;
use axum::extract::{OriginalUri, Request, State as Of};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use prost::Message;
use serde_json::json;
use tonic::Code;
use tonic_types::pb;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::unpack::{Encoding, Format};
use super::{Admission, Intake, Refusal, Taken, Transport};
use crate::api::listen::Peer;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// What every request is answered with.
#[derive(Clone, Debug)]
struct Shared {
    intake: Intake,
    admission: Admission,
}

/// Everything that is answered.
pub(super) fn router(intake: Intake, admission: Admission) -> Router {
    let cors = admission.takes_pages().then(|| cors(admission.clone()));
    let router = Router::new()
        .route("/v1/traces", post(export))
        .method_not_allowed_fallback(not_so)
        .fallback(nowhere)
        .with_state(Shared { intake, admission });
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

fn cors(admission: Admission) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| admission.allows(origin)))
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
}

async fn export(Of(Shared { intake, admission }): Of<Shared>, request: Request) -> Response {
    let format = format(request.headers());
    let answer = take(&intake, &admission, format, request).await;
    intake.counts().answered(Transport::Http, &answer);
    // Whoever sends something else than OTLP can read JSON.
    let format = format.unwrap_or(Format::Json);
    match answer {
        Ok(taken) => took(&taken, format),
        Err(refusal) => refused(&refusal, format),
    }
}

async fn take(
    intake: &Intake,
    admission: &Admission,
    format: Option<Format>,
    request: Request,
) -> Result<Taken, Refusal> {
    let headers = request.headers();
    admission.admit(headers, request.extensions().get::<Peer>().map(|peer| peer.0)).await?;
    let format = format.ok_or_else(|| Refusal::ContentType(text(headers.get(header::CONTENT_TYPE))))?;
    let encoding = encoding(headers)?;
    let received = intake.receive(request.into_body(), 0).await?;
    intake.take(received, encoding, format).await
}

fn format(headers: &HeaderMap) -> Option<Format> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is = |name: &str| kind.eq_ignore_ascii_case(name);
    if is(PROTOBUF) {
        Some(Format::Protobuf)
    } else if is(JSON) {
        Some(Format::Json)
    } else {
        None
    }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let Some(named) = headers.get(header::CONTENT_ENCODING) else { return Ok(Encoding::Identity) };
    match named.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Encoding::Identity),
        "gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        _ => Err(Refusal::ContentEncoding(text(Some(named)))),
    }
}

fn text(value: Option<&HeaderValue>) -> String {
    value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

fn took(taken: &Taken, format: Format) -> Response {
    let why = taken.why.as_deref().unwrap_or_default();
    let response = whither_otlp::Response { refused: taken.refused, why };
    match format {
        Format::Protobuf => ([(header::CONTENT_TYPE, PROTOBUF)], response.to_protobuf()).into_response(),
        Format::Json => ([(header::CONTENT_TYPE, JSON)], response.to_json()).into_response(),
    }
}

fn refused(refusal: &Refusal, format: Format) -> Response {
    let mut response = status(refusal.http(), refusal.grpc(), &refusal.to_string(), format);
    let headers = response.headers_mut();
    if let Some(wait) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
    }
    match refusal {
        Refusal::Unknown => {
            let challenge = HeaderValue::from_static("Bearer realm=\"whither\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        Refusal::ContentEncoding(_) => {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"));
        }
        _ => {}
    }
    response
}

/// A `google.rpc.Status`, as OTLP wants errors told.
fn status(status: StatusCode, code: Code, message: &str, format: Format) -> Response {
    let code = i32::from(code);
    match format {
        Format::Protobuf => {
            let told = pb::Status { code, message: message.to_owned(), details: Vec::new() };
            (status, [(header::CONTENT_TYPE, PROTOBUF)], told.encode_to_vec()).into_response()
        }
        Format::Json => {
            let told = json!({"code": code, "message": message}).to_string();
            (status, [(header::CONTENT_TYPE, JSON)], told).into_response()
        }
    }
}

async fn nowhere(OriginalUri(uri): OriginalUri) -> Response {
    let message = format!("there is nothing at {}: whither takes traces, by POST to /v1/traces", uri.path());
    status(StatusCode::NOT_FOUND, Code::NotFound, &message, Format::Json)
}

async fn not_so() -> Response {
    let message = "spans are sent by POST";
    status(StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented, message, Format::Json)
}
