//! Versions, and requests that no client should send.
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, RequestHeader, RequestKind,
};
use kafka_protocol::protocol::{Decodable, Encodable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use whither::demo::broker::{Broker, NewRecord, Options};

use crate::client::{Client, ask, still_broker, text};
use crate::requests::filled;

/// Every request and version that the broker says it answers.
async fn offered(broker: &Broker) -> Vec<(ApiKey, i16)> {
    let mut client = Client::connect(broker).await;
    let keys = ask!(client, ApiVersions, 0, ApiVersionsRequest::default()).api_keys;
    assert!(keys.len() >= 34, "{}", keys.len());
    let versions = |key: ApiKey, min: i16, max: i16| (min..=max).map(move |version| (key, version));
    keys.iter()
        .flat_map(|key| versions(ApiKey::try_from(key.api_key).unwrap(), key.min_version, key.max_version))
        .collect()
}

fn frame(key: ApiKey, version: i16, request: &RequestKind) -> (usize, BytesMut) {
    let header = RequestHeader::default()
        .with_request_api_key(key as i16)
        .with_request_api_version(version)
        .with_client_id(Some(text("raw")));
    let mut body = BytesMut::new();
    header.encode(&mut body, key.request_header_version(version)).unwrap();
    let header_bytes = body.len();
    request.encode(&mut body, version).unwrap();
    (header_bytes, body)
}

#[tokio::test]
async fn every_offered_version_is_answered() {
    let (broker, _) = still_broker().await;
    let mut client = Client::connect(&broker).await;
    for (key, version) in offered(&broker).await {
        // There is something to tell about: a topic with a record, a group with a position.
        if broker.faults().create_topic("filled", 1, &[]).is_ok() {
            let mut producer = broker.handle().producer().await.unwrap();
            producer.send("filled", 0, &[NewRecord::default()]).await.unwrap();
        }
        broker.faults().reset_offset("filled", "filled", 0, 1).await.unwrap();
        let request = filled(key, version).unwrap_or_else(|| panic!("no request for {key:?}"));
        client.ask(key, version, &request).await;
    }
}

#[tokio::test]
async fn a_newer_api_versions_is_answered_in_version_0() {
    let (broker, _) = still_broker().await;
    let mut client = Client::connect(&broker).await;
    let mut request = BytesMut::new();
    request.put_i16(ApiKey::ApiVersions as i16);
    request.put_i16(99);
    request.put_i32(5);
    request.put_slice(b"nothing that version 4 could read");
    client.send_frame(&request).await;
    let mut answer = client.frame().await.unwrap();
    assert_eq!(answer.split_to(4), 5i32.to_be_bytes().as_slice());
    let response = ApiVersionsResponse::decode(&mut answer, 0).unwrap();
    assert_eq!(response.error_code, ResponseError::UnsupportedVersion.code());
    assert!(
        response.api_keys.iter().any(|key| key.api_key == ApiKey::ApiVersions as i16 && key.max_version == 4)
    );
    ask!(client, ApiVersions, 0, ApiVersionsRequest::default());
}

#[tokio::test]
async fn a_client_without_a_proper_name_is_refused() {
    let (broker, _) = still_broker().await;
    let mut client = Client::connect(&broker).await;
    let named = |name: &str| {
        ApiVersionsRequest::default()
            .with_client_software_name(text(name))
            .with_client_software_version(text("1.0"))
    };
    assert_eq!(ask!(client, ApiVersions, 3, named("librdkafka")).error_code, 0);
    for bad in ["", "-x", "a b", "x."] {
        let answer = ask!(client, ApiVersions, 3, named(bad));
        assert_eq!(answer.error_code, ResponseError::InvalidRequest.code(), "{bad:?}");
    }
}

#[tokio::test]
async fn unknown_requests_and_versions_close_the_connection() {
    let (broker, _) = still_broker().await;
    for (key, version) in
        [(ApiKey::Metadata as i16, 99), (ApiKey::SaslHandshake as i16, 1), (12345, 0), (-1, -1)]
    {
        let mut client = Client::connect(&broker).await;
        let mut request = BytesMut::new();
        request.put_i16(key);
        request.put_i16(version);
        request.put_i32(1);
        request.put_i16(-1);
        client.send_frame(&request).await;
        assert!(client.frame().await.is_none(), "{key} v{version}");
    }
}

#[tokio::test]
async fn frames_of_impossible_length_close_the_connection() {
    let (broker, _) = still_broker().await;
    for bytes in [&[0x7f, 0xff, 0xff, 0xff, 0, 0][..], &[0xff; 8], &[0, 0, 0, 0], &[0, 0, 0, 3, 1, 2, 3]] {
        let mut client = Client::connect(&broker).await;
        client.send_bytes(bytes).await;
        assert!(client.frame().await.is_none(), "{bytes:?}");
    }
}

/// Sends a frame and waits until the broker has dealt with it.
async fn sent(broker: &Broker, body: &[u8]) {
    let mut stream = TcpStream::connect(broker.address()).await.unwrap();
    let mut bytes = BytesMut::new();
    bytes.put_i32(i32::try_from(body.len()).unwrap());
    bytes.put_slice(body);
    stream.write_all(&bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _waits = tokio::time::timeout(Duration::from_millis(30), stream.read_to_end(&mut answer)).await;
}

/// A length of two thousand million, in both ways to write one, in every place of every request: a decoder that
/// believes it reserves hundreds of gigabytes and takes the process down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_length_is_believed() {
    let broker = Broker::start(Options { max_partitions: 50, ..Options::default() }).await.unwrap();
    let mut newest: Vec<(ApiKey, i16)> = Vec::new();
    let offered = offered(&broker).await;
    for (at, (key, version)) in offered.iter().enumerate() {
        let is_last = offered.get(at + 1).is_none_or(|(next, _)| next != key);
        let is_first = at == 0 || offered[at - 1].0 != *key;
        if is_first || is_last {
            newest.push((*key, *version));
        }
    }
    for (key, version) in newest {
        let (start, body) = frame(key, version, &filled(key, version).unwrap());
        for at in start..body.len() {
            for length in [&[0x7f, 0xff, 0xff, 0xff][..], &[0xff, 0xff, 0xff, 0xff, 0x0f]] {
                let mut hostile = body.clone();
                hostile.truncate(at);
                hostile.put_slice(length);
                hostile.put_slice(body.get(at + length.len()..).unwrap_or_default());
                sent(&broker, &hostile).await;
            }
        }
    }
    let mut client = Client::connect(&broker).await;
    ask!(client, Metadata, 12, MetadataRequest::default().with_topics(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_cut_anywhere_does_no_harm() {
    let broker = Broker::start(Options::default()).await.unwrap();
    for key in [ApiKey::Produce, ApiKey::Fetch, ApiKey::JoinGroup, ApiKey::OffsetCommit, ApiKey::CreateTopics]
    {
        let version = offered(&broker)
            .await
            .iter()
            .filter(|(of, _)| *of == key)
            .map(|(_, version)| *version)
            .max()
            .unwrap();
        let (_, body) = frame(key, version, &filled(key, version).unwrap());
        for end in 0..body.len() {
            let mut client = Client::connect(&broker).await;
            client.send_frame(&body[..end]).await;
            assert!(client.frame().await.is_none(), "{key:?} v{version} cut at {end} of {}", body.len());
        }
    }
}

#[tokio::test]
async fn stopping_closes_connections_and_frees_the_port() {
    let (broker, _) = still_broker().await;
    let address = broker.address();
    let mut client = Client::connect(&broker).await;
    ask!(client, ApiVersions, 0, ApiVersionsRequest::default());
    broker.stop().await;
    assert!(client.frame().await.is_none());
    let again = Broker::start(Options { listen: address, ..Options::default() }).await.unwrap();
    assert_eq!(again.address(), address);
}

#[tokio::test]
async fn only_loopback_is_served() {
    let open = Options { listen: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    assert!(Broker::start(open).await.unwrap_err().to_string().contains("loopback"));
}

#[tokio::test]
async fn it_says_that_it_is_a_demo() {
    let (broker, _) = still_broker().await;
    let mut client = Client::connect(&broker).await;
    let metadata = ask!(client, Metadata, 12, MetadataRequest::default().with_topics(None));
    assert!(metadata.cluster_id.unwrap().starts_with("whither-demo-"));
}
