//! One connection: requests are written as they come, answers arrive in the same order.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

use crate::config::{ClientConfig, MAX_RESPONSE_BYTES};
use crate::error::{Api, Error};
use crate::read_only::ReadOnly;

/// Requests under way on one connection; brokers queue what comes beyond a few anyway.
const IN_FLIGHT: usize = 16;

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that has told its versions and, where that is asked for, who it is.
pub(crate) struct Connection {
    address: String,
    client_id: StrBytes,
    request_timeout: Duration,
    versions: BTreeMap<i16, (i16, i16)>,
    shared: Arc<Shared>,
    writer: tokio::sync::Mutex<WriteHalf<Box<dyn Stream>>>,
    slots: Semaphore,
    next_id: AtomicI32,
    reader: JoinHandle<()>,
}

/// What the reading task and the callers share.
struct Shared {
    waiting: Mutex<VecDeque<Waiting>>,
    closed: AtomicBool,
    answered: AtomicBool,
    failure: Mutex<Option<Error>>,
}

struct Waiting {
    correlation_id: i32,
    answer: oneshot::Sender<Bytes>,
}

impl Connection {
    /// Connects, and learns which versions the broker speaks.
    pub(crate) async fn open(address: &str, config: &ClientConfig) -> Result<Connection, Error> {
        let opening = Connection::open_patiently(address, config);
        tokio::time::timeout(config.connect_timeout, opening).await.map_err(|_| Error::Timeout {
            address: address.into(),
            what: "connecting",
            seconds: config.connect_timeout.as_secs(),
        })?
    }

    async fn open_patiently(address: &str, config: &ClientConfig) -> Result<Connection, Error> {
        let unreachable =
            |source: io::Error| Error::Unreachable { address: address.into(), source: Arc::new(source) };
        let socket = TcpStream::connect(address).await.map_err(unreachable)?;
        socket.set_nodelay(true).map_err(unreachable)?;
        let stream: Box<dyn Stream> = Box::new(socket);
        let (read, write) = tokio::io::split(stream);
        let shared = Arc::new(Shared {
            waiting: Mutex::new(VecDeque::new()),
            closed: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            failure: Mutex::new(None),
        });
        let reader = tokio::spawn(read_answers(read, address.to_owned(), shared.clone()));
        let mut connection = Connection {
            address: address.into(),
            client_id: StrBytes::from_string(config.client_id.clone()),
            request_timeout: config.request_timeout,
            versions: BTreeMap::new(),
            shared,
            writer: tokio::sync::Mutex::new(write),
            slots: Semaphore::new(IN_FLIGHT),
            next_id: AtomicI32::new(1),
            reader,
        };
        connection.learn_versions().await?;
        Ok(connection)
    }

    /// KIP-511: a broker that does not know our version answers in version 0 with UNSUPPORTED_VERSION.
    async fn learn_versions(&mut self) -> Result<(), Error> {
        const UNSUPPORTED_VERSION: i16 = 35;
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("whither"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let api = Api { name: "ApiVersions", version: 3 };
        let bytes = self.exchange(api, &request).await?;
        let code = bytes.get(4..6).and_then(|b| b.try_into().ok()).map(i16::from_be_bytes);
        let answer = if code == Some(UNSUPPORTED_VERSION) {
            let api = Api { name: "ApiVersions", version: 0 };
            let bytes = self.exchange(api, &ApiVersionsRequest::default()).await?;
            self.decode::<ApiVersionsResponse>(api, bytes)?
        } else {
            self.decode::<ApiVersionsResponse>(api, bytes)?
        };
        self.versions = answer.api_keys.iter().map(|k| (k.api_key, (k.min_version, k.max_version))).collect();
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// The version both sides speak; none if there is none.
    pub(crate) fn version_of<R: ReadOnly>(&self) -> Option<i16> {
        let (min, max) = self.versions.get(&R::KEY)?;
        let ours = R::VERSIONS;
        let version = (*max).min(ours.max).min(R::HIGHEST);
        (version >= *min && version >= ours.min).then_some(version)
    }

    /// Sends a request made for the version both sides speak, and waits for the answer.
    pub(crate) async fn call<R: ReadOnly>(
        &self,
        request: impl FnOnce(i16) -> R,
    ) -> Result<(R::Response, Api), Error> {
        let version = self
            .version_of::<R>()
            .ok_or_else(|| Error::Unsupported { address: self.address.clone(), name: R::NAME })?;
        let api = Api { name: R::NAME, version };
        let bytes = self.exchange(api, &request(version)).await?;
        Ok((self.decode::<R::Response>(api, bytes)?, api))
    }

    async fn exchange<R: ReadOnly>(&self, api: Api, request: &R) -> Result<Bytes, Error> {
        let waiting = async {
            let _slot = self.slots.acquire().await.map_err(|_| self.gone())?;
            let answer = self.send(api, request).await?;
            answer.await.map_err(|_| self.gone())
        };
        tokio::time::timeout(self.request_timeout, waiting).await.map_err(|_| Error::Timeout {
            address: self.address.clone(),
            what: api.name,
            seconds: self.request_timeout.as_secs(),
        })?
    }

    async fn send<R: ReadOnly>(&self, api: Api, request: &R) -> Result<oneshot::Receiver<Bytes>, Error> {
        let correlation_id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = self.frame(api, correlation_id, request)?;
        let (answer, receiver) = oneshot::channel();
        // The order of writes is the order of answers, so both change under one lock.
        let mut writer = self.writer.lock().await;
        if self.is_closed() {
            return Err(self.gone());
        }
        lock(&self.shared.waiting).push_back(Waiting { correlation_id, answer });
        if writer.write_all(&frame).await.is_err() || writer.flush().await.is_err() {
            self.shared.closed.store(true, Ordering::Release);
            return Err(self.gone());
        }
        Ok(receiver)
    }

    fn frame<R: ReadOnly>(&self, api: Api, correlation_id: i32, request: &R) -> Result<BytesMut, Error> {
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(api.version)
            .with_correlation_id(correlation_id)
            .with_client_id(Some(self.client_id.clone()));
        let mut frame = BytesMut::zeroed(4);
        let encoded = header
            .encode(&mut frame, R::header_version(api.version))
            .and_then(|()| request.encode(&mut frame, api.version));
        encoded.map_err(|e| self.malformed(api, format!("can't be asked: {e}")))?;
        let length = u32::try_from(frame.len() - 4).unwrap_or(u32::MAX);
        if let Some(prefix) = frame.get_mut(..4) {
            prefix.copy_from_slice(&length.to_be_bytes());
        }
        Ok(frame)
    }

    fn decode<T: Decodable + HeaderVersion>(&self, api: Api, mut bytes: Bytes) -> Result<T, Error> {
        let header = ResponseHeader::decode(&mut bytes, T::header_version(api.version));
        header.map_err(|e| self.malformed(api, e.to_string()))?;
        T::decode(&mut bytes, api.version).map_err(|e| self.malformed(api, e.to_string()))
    }

    fn malformed(&self, api: Api, what: String) -> Error {
        Error::Malformed { address: self.address.clone(), api, what }
    }

    fn gone(&self) -> Error {
        let early = !self.shared.answered.load(Ordering::Acquire);
        lock(&self.shared.failure)
            .clone()
            .unwrap_or_else(|| Error::Closed { address: self.address.clone(), early })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("address", &self.address).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read_answers(mut read: ReadHalf<Box<dyn Stream>>, address: String, shared: Arc<Shared>) {
    let failure = loop {
        match read_answer(&mut read, &address).await {
            Ok(Some(frame)) => {
                shared.answered.store(true, Ordering::Release);
                let told = frame.get(..4).and_then(|b| b.try_into().ok()).map(i32::from_be_bytes);
                let next = lock(&shared.waiting).pop_front();
                match next {
                    Some(waiting) if told == Some(waiting.correlation_id) => {
                        // A caller that gave up is no reason to stop.
                        let _ = waiting.answer.send(frame);
                    }
                    _ => break None,
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    *lock(&shared.failure) = failure;
    shared.closed.store(true, Ordering::Release);
    lock(&shared.waiting).clear();
}

/// One frame; none at the end of the stream.
async fn read_answer(read: &mut ReadHalf<Box<dyn Stream>>, address: &str) -> Result<Option<Bytes>, Error> {
    let mut prefix = [0_u8; 4];
    if read.read_exact(&mut prefix).await.is_err() {
        return Ok(None);
    }
    let length = usize::try_from(i32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
    if length > MAX_RESPONSE_BYTES {
        return Err(stranger(prefix, address));
    }
    let mut frame = BytesMut::with_capacity(length);
    while frame.len() < length {
        let mut rest = (&mut *read).take((length - frame.len()) as u64);
        if rest.read_buf(&mut frame).await.unwrap_or(0) == 0 {
            return Ok(None);
        }
    }
    Ok(Some(frame.freeze()))
}

/// What answers with such a length is no Kafka listener, or not one for plain clients.
fn stranger(prefix: [u8; 4], address: &str) -> Error {
    let address = address.to_owned();
    match prefix {
        // A TLS record: alert or handshake, version 3.x.
        [0x15 | 0x16, 0x03, ..] => Error::ExpectsTls { address },
        [b'H', b'T', b'T', b'P'] => Error::NotKafka { address, like: "an HTTP server" },
        [b'S', b'S', b'H', b'-'] => Error::NotKafka { address, like: "an SSH server" },
        _ => Error::NotKafka { address, like: "nothing that Kafka would send" },
    }
}
