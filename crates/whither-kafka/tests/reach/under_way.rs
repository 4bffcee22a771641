//! Two requests of a fetch loop are under way at a broker at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI16, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiVersionsRequest, BrokerId, FetchRequest, FetchResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::{Decodable, Request, StrBytes};
use tokio::net::TcpStream;
use uuid::Uuid;
use whither_kafka::fetch::{Event, Fetcher, Options, Span};
use whither_kafka::{ClientConfig, Cluster, TopicPartition};

use crate::server::{Asked, Server, answer, asked, start, versions};

const PARTITIONS: i32 = 3;
const END: i64 = 100;
const TOPIC_ID: Uuid = Uuid::from_u128(7);

fn metadata(address: &str) -> MetadataResponse {
    let (host, port) = address.split_once(':').unwrap();
    let broker = MetadataResponseBroker::default().with_node_id(BrokerId(1));
    let broker = broker.with_host(StrBytes::from_string(host.to_owned())).with_port(port.parse().unwrap());
    let partition =
        |p| MetadataResponsePartition::default().with_partition_index(p).with_leader_id(BrokerId(1));
    let topic = MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_static_str("orders"))))
        .with_topic_id(TOPIC_ID)
        .with_partitions((0..PARTITIONS).map(partition).collect());
    MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![topic])
}

/// A header as far as it tells where to read on: one batch of a hundred records.
fn records() -> Bytes {
    let mut bytes = 0_i64.to_be_bytes().to_vec();
    bytes.extend(49_i32.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
    bytes.extend(i32::try_from(END - 1).unwrap().to_be_bytes());
    bytes.resize(12 + 49, 0);
    bytes.into()
}

/// The partitions that are asked for.
fn partitions(asked: &Asked) -> Vec<i32> {
    let request = FetchRequest::decode(&mut asked.body.clone(), asked.version).unwrap();
    request.topics.iter().flat_map(|t| &t.partitions).map(|p| p.partition).collect()
}

async fn fetched(socket: &mut TcpStream, asked: &Asked, code: i16) {
    let data = |p: i32| {
        let data = PartitionData::default().with_partition_index(p).with_error_code(code);
        data.with_high_watermark(END).with_records(Some(records()))
    };
    let some = partitions(asked).into_iter().map(data).collect();
    let topic = FetchableTopicResponse::default().with_topic_id(TOPIC_ID).with_partitions(some);
    answer(socket, asked, &FetchResponse::default().with_responses(vec![topic])).await;
}

/// Answers no Fetch for several partitions before another one has come on the same connection; the first one
/// is answered with `code`, once.
async fn serve(mut socket: TcpStream, code: Arc<AtomicI16>) {
    let address = socket.local_addr().unwrap().to_string();
    while let Some(request) = asked(&mut socket).await {
        match request.key {
            ApiVersionsRequest::KEY => answer(&mut socket, &request, &versions()).await,
            MetadataRequest::KEY => answer(&mut socket, &request, &metadata(&address)).await,
            FetchRequest::KEY if partitions(&request).len() == 1 => fetched(&mut socket, &request, 0).await,
            FetchRequest::KEY => {
                let Some(second) = asked(&mut socket).await else { return };
                fetched(&mut socket, &request, code.swap(0, Ordering::SeqCst)).await;
                fetched(&mut socket, &second, 0).await;
            }
            key => panic!("asked for {key}"),
        }
    }
}

/// What became of each partition.
async fn read(server: &Server) -> Vec<(i32, Event)> {
    let config = ClientConfig::new(vec![server.address.clone()]);
    let config = ClientConfig { request_timeout: Duration::from_secs(2), ..config };
    let cluster = Arc::new(Cluster::connect(config).await.unwrap());
    let span = |p| Span {
        partition: TopicPartition { topic: "orders".into(), partition: p },
        from: 0,
        to: Some(END),
    };
    let mut fetcher = Fetcher::start(cluster, (0..PARTITIONS).map(span).collect(), Options::default());
    let mut seen = Vec::new();
    while let Some(some) = fetcher.next().await {
        seen.extend(some.into_iter().map(|f| (f.partition.partition, f.event)));
    }
    seen
}

/// Reads `orders` where the first answer has this code, and expects every partition to be read once.
async fn read_once(code: i16) {
    let code = Arc::new(AtomicI16::new(code));
    let server = start(move |socket| serve(socket, code.clone())).await;
    let seen = read(&server).await;
    for p in 0..PARTITIONS {
        let events: Vec<&Event> = seen.iter().filter(|(of, _)| *of == p).map(|(_, e)| e).collect();
        assert!(matches!(events[..], [Event::Records { from: 0, .. }, Event::Done]), "{p}: {events:?}");
    }
}

#[tokio::test]
async fn the_second_is_sent_before_the_first_is_answered() {
    read_once(0).await;
}

/// What the broker does not lead any more is looked for anew, what the other request was for is not read twice.
#[tokio::test]
async fn partitions_that_move_do_not_disturb_the_others() {
    read_once(ResponseError::NotLeaderOrFollower.code()).await;
    read_once(ResponseError::FencedLeaderEpoch.code()).await;
    read_once(ResponseError::UnknownTopicId.code()).await;
}
