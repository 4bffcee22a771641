//! One connection: requests are written as they come, answers arrive in the same order.

mod reader;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, RequestHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::answer;
use crate::config::ClientConfig;
use crate::dial::Stream;
use crate::error::{Api, Error, VERSIONS};
use crate::read_only::ReadOnly;
use reader::{Shared, Waiting, read_answers};

/// Requests under way on one connection; brokers queue what comes beyond a few anyway.
const IN_FLIGHT: usize = 16;
/// After a write has failed: what the broker said before it hung up tells more than the broken pipe.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A connection that has told its versions and, where that is asked for, who it is.
pub(crate) struct Connection {
    client_id: StrBytes,
    request_timeout: Duration,
    versions: BTreeMap<i16, (i16, i16)>,
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<(BytesMut, Waiting)>,
    slots: Semaphore,
    next_id: AtomicI32,
    tasks: [JoinHandle<()>; 2],
}

impl Connection {
    /// Takes over a stream. Before anything else it must [learn the versions](Connection::learn_versions).
    pub(crate) fn over(stream: Box<dyn Stream>, address: &str, config: &ClientConfig) -> Connection {
        let (read, write) = tokio::io::split(stream);
        let has_certificate = config.security.tls.as_ref().is_some_and(|t| t.identity.is_some());
        let shared = Arc::new(Shared::new(address, has_certificate));
        let (outgoing, requests) = mpsc::channel(IN_FLIGHT);
        Connection {
            client_id: StrBytes::from_string(config.client_id.clone()),
            request_timeout: config.request_timeout,
            versions: BTreeMap::new(),
            tasks: [
                tokio::spawn(read_answers(read, shared.clone())),
                tokio::spawn(write_requests(write, requests, shared.clone())),
            ],
            shared,
            outgoing,
            slots: Semaphore::new(IN_FLIGHT),
            next_id: AtomicI32::new(1),
        }
    }

    /// KIP-511: a broker that does not know our version answers in version 0 with UNSUPPORTED_VERSION.
    pub(crate) async fn learn_versions(&mut self) -> Result<(), Error> {
        const UNSUPPORTED_VERSION: i16 = 35;
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("whither"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let api = Api { name: VERSIONS, version: 3 };
        let bytes = self.exchange(api, &request).await?;
        let code = bytes.get(4..6).and_then(|b| b.try_into().ok()).map(i16::from_be_bytes);
        if code == Some(UNSUPPORTED_VERSION) {
            return Err(Error::Unsupported { address: self.shared.address.clone(), name: VERSIONS });
        }
        let answer: ApiVersionsResponse = self.decode(ApiVersionsRequest::KEY, api, bytes)?;
        self.versions = answer.api_keys.iter().map(|k| (k.api_key, (k.min_version, k.max_version))).collect();
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Whether the broker told its versions and hung up at the next request.
    pub(crate) fn fell_silent_after_versions(&self) -> bool {
        self.is_closed() && self.shared.answered() == 1
    }

    /// The version both sides speak; none if there is none.
    pub(crate) fn version_of<R: ReadOnly>(&self) -> Option<i16> {
        let (min, max) = self.versions.get(&R::KEY)?;
        let version = (*max).min(R::HIGHEST);
        (version >= *min && version >= R::LOWEST).then_some(version)
    }

    /// Sends a request made for the version both sides speak, and waits for the answer.
    pub(crate) async fn call<R: ReadOnly>(
        &self,
        request: impl FnOnce(i16) -> R,
    ) -> Result<(R::Response, Api), Error> {
        let version = self
            .version_of::<R>()
            .ok_or_else(|| Error::Unsupported { address: self.shared.address.clone(), name: R::NAME })?;
        let api = Api { name: R::NAME, version };
        let bytes = self.exchange(api, &request(version)).await?;
        Ok((self.decode(R::KEY, api, bytes)?, api))
    }

    /// Sends what belongs to saying who we are: it changes nothing, and is not for users of this crate.
    pub(crate) async fn handshake<R: Request>(&self, api: Api, request: &R) -> Result<R::Response, Error> {
        let bytes = self.exchange(api, request).await?;
        self.decode(R::KEY, api, bytes)
    }

    async fn exchange<R: Request>(&self, api: Api, request: &R) -> Result<Bytes, Error> {
        let waiting = async {
            let _slot = self.slots.acquire().await.map_err(|_| self.shared.gone())?;
            let correlation_id = self.next_id.fetch_add(1, Ordering::Relaxed);
            let frame = self.frame(api, correlation_id, request)?;
            let (answer, receiver) = oneshot::channel();
            let waiting = Waiting { correlation_id, limit: answer::limit(R::KEY), answer };
            self.outgoing.send((frame, waiting)).await.map_err(|_| self.shared.gone())?;
            receiver.await.map_err(|_| self.shared.gone())
        };
        tokio::time::timeout(self.request_timeout, waiting).await.unwrap_or_else(|_| {
            let timeout = Error::Timeout {
                address: self.shared.address.clone(),
                what: api.name,
                seconds: self.request_timeout.as_secs(),
            };
            // Answers come in order: whatever is asked next would wait behind this one.
            self.shared.end(Some(timeout.clone()));
            Err(timeout)
        })
    }

    fn frame<R: Request>(&self, api: Api, correlation_id: i32, request: &R) -> Result<BytesMut, Error> {
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

    fn decode<T: Decodable + HeaderVersion>(&self, key: i16, api: Api, bytes: Bytes) -> Result<T, Error> {
        answer::decode(key, api.version, bytes).map_err(|what| self.malformed(api, what))
    }

    fn malformed(&self, api: Api, what: String) -> Error {
        Error::Malformed { address: self.shared.address.clone(), api, what }
    }
}

/// Writes requests whole, one after the other. A task of its own, so that a caller who gives up in the middle
/// does not leave half a frame to the others.
async fn write_requests(
    mut write: WriteHalf<Box<dyn Stream>>,
    mut requests: mpsc::Receiver<(BytesMut, Waiting)>,
    shared: Arc<Shared>,
) {
    while let Some((frame, waiting)) = requests.recv().await {
        if !shared.wait(waiting) {
            return;
        }
        if write.write_all(&frame).await.is_err() || write.flush().await.is_err() {
            tokio::time::sleep(LAST_WORDS).await;
            return shared.end(None);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("address", &self.shared.address).finish_non_exhaustive()
    }
}
