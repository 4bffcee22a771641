//! OTLP/gRPC: `TraceService/Export`. tonic does the protocol; a message is handed over as the bytes it is.

use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State as Of};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::{Buf, BufMut, Bytes};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;
use tonic::{Code, Status};
use tower::service_fn;

use super::receive::Received;
use super::unpack::{Encoding, Format};
use super::{Admission, Intake, Refusal, Taken, Transport};
use crate::api::listen::Peer;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// What stands before a message: whether it is packed, and its length.
const PREFIX_BYTES: usize = 5;

/// What every call is answered with.
#[derive(Clone, Debug)]
struct Shared {
    intake: Intake,
    admission: Admission,
}

/// Everything that is answered.
pub(super) fn router(intake: Intake, admission: Admission) -> Router {
    Router::new().route(EXPORT, post(export)).fallback(nowhere).with_state(Shared { intake, admission })
}

async fn export(Of(Shared { intake, admission }): Of<Shared>, request: Request) -> Response {
    if !is_grpc(&request) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let (parts, body) = request.into_parts();
    let received = async {
        admission.admit(&parts.headers, parts.extensions.get::<Peer>().map(|peer| peer.0)).await?;
        // Only what came is unpacked: a length that is told takes no memory.
        intake.receive(body, PREFIX_BYTES).await
    };
    let received = match received.await {
        Ok(received) => received,
        Err(refusal) => return refused(&intake, refusal),
    };
    let came = received.bytes.len();
    let Received { bytes, held: _held } = received;
    let answer = OnceLock::new();
    let response = {
        let (intake, answer) = (&intake, &answer);
        let take = service_fn(move |message: tonic::Request<Bytes>| async move {
            let taken = take(intake, message.into_inner(), came).await;
            told(answer.get_or_init(|| taken))
        });
        Grpc::new(Raw)
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd)
            .max_decoding_message_size(intake.most())
            .unary(take, Request::from_parts(parts, Body::from(bytes)))
            .await
    };
    match (answer.into_inner(), response.extensions().get::<Status>()) {
        (Some(answer), _) => intake.counts().answered(Transport::Grpc, &answer),
        (None, Some(status)) if status.code() != Code::Unimplemented => {
            return refused(&intake, unread(status, intake.most()));
        }
        // It is packed in a way that is not known; tonic tells which are.
        (None, _) => {
            let refusal = Refusal::ContentEncoding(String::new());
            intake.counts().answered(Transport::Grpc, &Err(refusal));
        }
    }
    response.map(Body::new)
}

fn is_grpc(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    matches!(kind, Some(b"application/grpc" | b"application/grpc+proto"))
}

/// What was inflated takes more memory than what came.
async fn take(intake: &Intake, message: Bytes, came: usize) -> Result<Taken, Refusal> {
    let held = intake.hold(message.len().saturating_sub(came))?;
    intake.take(Received { bytes: message, held }, Encoding::Identity, Format::Protobuf).await
}

fn told(answer: &Result<Taken, Refusal>) -> Result<tonic::Response<Vec<u8>>, Status> {
    let taken = answer.as_ref().map_err(Refusal::status)?;
    let why = taken.why.as_deref().unwrap_or_default();
    let response = whither_otlp::Response { refused: taken.refused, why };
    Ok(tonic::Response::new(response.to_protobuf()))
}

/// What tonic could not read, in OTLP's words.
fn unread(status: &Status, most: usize) -> Refusal {
    match status.code() {
        Code::ResourceExhausted | Code::OutOfRange => Refusal::TooLarge { most },
        _ => Refusal::Malformed(status.message().to_owned()),
    }
}

fn refused(intake: &Intake, refusal: Refusal) -> Response {
    let status = refusal.status();
    intake.counts().answered(Transport::Grpc, &Err(refusal));
    status.into_http()
}

async fn nowhere() -> Response {
    Status::unimplemented(
        "whither takes traces, by opentelemetry.proto.collector.trace.v1.TraceService/Export",
    )
    .into_http()
}

/// Messages as bytes.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = One;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> One {
        One { was: false }
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&message);
        Ok(())
    }
}

/// The message of a call. tonic would unpack those behind it, too, one after the other.
#[derive(Clone, Copy, Debug)]
struct One {
    was: bool,
}

impl Decoder for One {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        if std::mem::replace(&mut self.was, true) {
            return Err(Status::invalid_argument("there is more than one message in the call"));
        }
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}
