//! One connection: requests are answered one after the other, in the order in which they came.
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::messages::ResponseKind;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::dispatch::{Client, answer};
use super::state::Shared;
use super::wire::{self, Frame, Parsed};

/// Serves `stream` until the client goes or sends what can't be answered.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    stream: impl AsyncRead + AsyncWrite,
    peer: SocketAddr,
    max_request_bytes: usize,
) {
    if let Err(reason) = converse(&shared, stream, peer, max_request_bytes).await {
        shared.with(|state| state.say(format_args!("closed the connection of {peer}: {reason}")));
    }
}

async fn converse(
    shared: &Shared,
    stream: impl AsyncRead + AsyncWrite,
    peer: SocketAddr,
    max_request_bytes: usize,
) -> Result<(), String> {
    let (read, mut write) = tokio::io::split(stream);
    let mut read = BufReader::new(read);
    while let Some(frame) = next_frame(&mut read, max_request_bytes).await? {
        match wire::parse(frame).map_err(|error| error.to_string())? {
            Parsed::NewerApiVersions { correlation_id } => {
                let bytes = wire::encode_unsupported(correlation_id).map_err(|error| error.to_string())?;
                send(&mut write, &bytes).await?;
            }
            Parsed::Request(frame) => respond(shared, &mut write, *frame, peer).await?,
        }
    }
    Ok(())
}

async fn respond(
    shared: &Shared,
    write: &mut (impl AsyncWrite + Unpin),
    frame: Frame,
    peer: SocketAddr,
) -> Result<(), String> {
    let client = Client { id: frame.client_id, host: format!("/{}", peer.ip()) };
    let answered = answer(shared, &client, frame.version, frame.request).await;
    let response: Option<ResponseKind> = answered.map_err(|reason| format!("{reason:?}"))?;
    let Some(response) = response else { return Ok(()) };
    let bytes = wire::encode(frame.key, frame.version, frame.correlation_id, &response);
    send(write, &bytes.map_err(|error| error.to_string())?).await
}

async fn send(write: &mut (impl AsyncWrite + Unpin), bytes: &Bytes) -> Result<(), String> {
    write.write_all(bytes).await.map_err(|error| error.to_string())
}

/// `None` at the end of the stream. Memory grows with what arrives, not with what the length claims.
async fn next_frame(
    read: &mut (impl AsyncReadExt + Unpin),
    max_bytes: usize,
) -> Result<Option<Bytes>, String> {
    let Ok(length) = read.read_i32().await else { return Ok(None) };
    let wanted = usize::try_from(length).ok().filter(|length| *length <= max_bytes);
    let wanted = wanted.ok_or_else(|| format!("a request of {length} bytes"))?;
    let mut frame = Vec::new();
    let limit = u64::try_from(wanted).map_err(|error| error.to_string())?;
    let got = read.take(limit).read_to_end(&mut frame).await.map_err(|error| error.to_string())?;
    if got < wanted {
        return Ok(None);
    }
    Ok(Some(Bytes::from(frame)))
}
