//! A client that sends exactly what a test says.
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use whither::demo::broker::{Broker, Clock, Options};

/// 2026-01-01.
pub(crate) const START_MS: i64 = 1_767_225_600_000;

/// A broker whose time stands still, and that clock.
pub(crate) async fn still_broker() -> (Broker, Clock) {
    let clock = Clock::still(START_MS);
    let options = Options {
        clock: clock.clone(),
        seed: Some(7),
        tick_interval_ms: 0,
        initial_rebalance_delay_ms: 0,
        ..Options::default()
    };
    (Broker::start(options).await.unwrap(), clock)
}

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    next_id: i32,
}

impl Client {
    pub(crate) async fn connect(broker: &Broker) -> Self {
        Self { stream: TcpStream::connect(broker.address()).await.unwrap(), next_id: 0 }
    }

    /// Sends and waits for the answer.
    pub(crate) async fn ask(&mut self, key: ApiKey, version: i16, request: &RequestKind) -> ResponseKind {
        self.send(key, version, request).await;
        let mut frame = self.frame().await.expect("the broker closed the connection");
        let header = ResponseHeader::decode(&mut frame, key.response_header_version(version)).unwrap();
        assert_eq!(header.correlation_id, self.next_id);
        let response = ResponseKind::decode(key, &mut frame, version).unwrap();
        assert!(!frame.has_remaining(), "{key:?} v{version} left {} bytes", frame.remaining());
        response
    }

    pub(crate) async fn send(&mut self, key: ApiKey, version: i16, request: &RequestKind) {
        self.next_id += 1;
        let header = RequestHeader::default()
            .with_request_api_key(key as i16)
            .with_request_api_version(version)
            .with_correlation_id(self.next_id)
            .with_client_id(Some(text("raw")));
        let mut body = BytesMut::new();
        header.encode(&mut body, key.request_header_version(version)).unwrap();
        request.encode(&mut body, version).unwrap();
        self.send_frame(&body).await;
    }

    pub(crate) async fn send_frame(&mut self, body: &[u8]) {
        let mut frame = BytesMut::new();
        frame.put_i32(i32::try_from(body.len()).unwrap());
        frame.put_slice(body);
        self.send_bytes(&frame).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next answer as bytes; `None` when the broker has closed the connection.
    pub(crate) async fn frame(&mut self) -> Option<Bytes> {
        let length = self.stream.read_i32().await.ok()?;
        let mut frame = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut frame).await.ok()?;
        Some(Bytes::from(frame))
    }
}

/// `ask!(client, Metadata, 12, request)`: the answer of the same kind.
macro_rules! ask {
    ($client:expr, $kind:ident, $version:expr, $request:expr) => {
        match $client
            .ask(
                kafka_protocol::messages::ApiKey::$kind,
                $version,
                &kafka_protocol::messages::RequestKind::$kind($request),
            )
            .await
        {
            kafka_protocol::messages::ResponseKind::$kind(response) => response,
            other => panic!("not an answer to this: {other:?}"),
        }
    };
}
pub(crate) use ask;
