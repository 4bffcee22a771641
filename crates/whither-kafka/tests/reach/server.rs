//! A server that says what a test wants it to say.

use std::future::Future;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiVersionsResponse, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use whither_kafka::{ClientConfig, Cluster, Error};

pub(crate) struct Server {
    pub(crate) address: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves each connection by `serve`.
pub(crate) async fn start<F, S>(serve: S) -> Server
where
    S: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket));
        }
    });
    Server { address, task }
}

/// A request: its kind, version, correlation id and body.
pub(crate) struct Asked {
    pub(crate) key: i16,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) body: Bytes,
}

/// The next request; none when the client has gone.
pub(crate) async fn asked<S: AsyncRead + Unpin>(socket: &mut S) -> Option<Asked> {
    let length = usize::try_from(socket.read_i32().await.ok()?).unwrap();
    let mut frame = vec![0; length];
    socket.read_exact(&mut frame).await.ok()?;
    let mut body = Bytes::from(frame);
    // SaslHandshake is older than the header with tags.
    let old = body[..2] == 17_i16.to_be_bytes();
    let header = RequestHeader::decode(&mut body, if old { 1 } else { 2 }).unwrap();
    Some(Asked {
        key: header.request_api_key,
        version: header.request_api_version,
        correlation_id: header.correlation_id,
        body,
    })
}

pub(crate) async fn answer<S, T>(socket: &mut S, asked: &Asked, answer: &T)
where
    S: AsyncWrite + Unpin,
    T: Encodable + HeaderVersion,
{
    let mut frame = BytesMut::new();
    let header = ResponseHeader::default().with_correlation_id(asked.correlation_id);
    header.encode(&mut frame, T::header_version(asked.version)).unwrap();
    answer.encode(&mut frame, asked.version).unwrap();
    send(socket, &frame).await;
}

/// Sends a frame; a client that has gone is none of our business.
pub(crate) async fn send<S: AsyncWrite + Unpin>(socket: &mut S, frame: &[u8]) {
    let mut bytes = i32::try_from(frame.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(frame);
    let _ = socket.write_all(&bytes).await;
    let _ = socket.flush().await;
}

/// Hears the client out and says nothing; ends when it hangs up.
pub(crate) async fn silence(mut socket: TcpStream) {
    while asked(&mut socket).await.is_some() {}
}

/// The versions of Kafka 4.3, as far as the tests go.
pub(crate) fn versions() -> ApiVersionsResponse {
    let known = [(1, 4, 18), (2, 1, 11), (3, 0, 13), (16, 0, 5), (17, 0, 1), (18, 0, 4), (36, 0, 2)];
    let keys = known.map(|(key, min, max)| {
        ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max)
    });
    ApiVersionsResponse::default().with_api_keys(keys.to_vec())
}

/// Reaches the server with a connect timeout of a second; the time it took must stay within three.
pub(crate) async fn reach(config: ClientConfig) -> Result<Cluster, Error> {
    let config = ClientConfig { connect_timeout: Duration::from_secs(1), ..config };
    let config = ClientConfig { request_timeout: Duration::from_secs(2), ..config };
    let begun = Instant::now();
    let reached = Cluster::connect(config).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "took {:?}", begun.elapsed());
    reached
}

/// What a plain client is told.
pub(crate) async fn told(server: &Server) -> String {
    reach(ClientConfig::new(vec![server.address.clone()])).await.unwrap_err().to_string()
}
