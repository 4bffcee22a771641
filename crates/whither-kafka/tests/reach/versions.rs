//! Every question is asked in every version that is spoken, of a broker that speaks just that one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, BrokerId, ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse, DescribeConfigsRequest, DescribeConfigsResponse, DescribeGroupsRequest,
    DescribeGroupsResponse, DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeProducersRequest,
    DescribeProducersResponse, DescribeTransactionsRequest, DescribeTransactionsResponse, FetchRequest,
    FetchResponse, FindCoordinatorRequest, FindCoordinatorResponse, ListGroupsRequest, ListGroupsResponse,
    ListOffsetsRequest, ListOffsetsResponse, ListTransactionsRequest, ListTransactionsResponse,
    MetadataRequest, MetadataResponse, OffsetFetchRequest, OffsetFetchResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse, ShareGroupDescribeRequest, ShareGroupDescribeResponse, TopicName,
    TransactionalId, api_versions_response::ApiVersion,
};
use kafka_protocol::protocol::{Decodable, Request, StrBytes};
use tokio::net::TcpStream;
use uuid::Uuid;
use whither_kafka::fetch::{Event, Fetcher, Options, Span};
use whither_kafka::{
    AskedEpoch, ClientConfig, Cluster, DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse,
    ReadOnly, StreamsGroupDescribeRequest, StreamsGroupDescribeResponse, TopicPartition, When,
};

use crate::server::{Asked, answer, asked, start};

const TOPIC_ID: Uuid = Uuid::from_u128(7);

/// Kinds of requests with the lowest and the highest version spoken.
fn spoken() -> Vec<(i16, i16, i16)> {
    fn of<R: ReadOnly>() -> (i16, i16, i16) {
        (R::KEY, R::LOWEST, R::HIGHEST)
    }
    vec![
        of::<MetadataRequest>(),
        of::<ListOffsetsRequest>(),
        of::<FetchRequest>(),
        of::<OffsetForLeaderEpochRequest>(),
        of::<FindCoordinatorRequest>(),
        of::<ListGroupsRequest>(),
        of::<DescribeGroupsRequest>(),
        of::<ConsumerGroupDescribeRequest>(),
        of::<ShareGroupDescribeRequest>(),
        of::<StreamsGroupDescribeRequest>(),
        of::<DescribeShareGroupOffsetsRequest>(),
        of::<OffsetFetchRequest>(),
        of::<DescribeConfigsRequest>(),
        of::<DescribeProducersRequest>(),
        of::<ListTransactionsRequest>(),
        of::<DescribeTransactionsRequest>(),
        of::<DescribeLogDirsRequest>(),
    ]
}

#[derive(Default)]
struct Broker {
    /// How far above the lowest versions it goes.
    step: i16,
    address: Mutex<String>,
    heard: Mutex<BTreeSet<(i16, i16)>>,
}

impl Broker {
    async fn serve(self: Arc<Self>, mut socket: TcpStream) {
        while let Some(request) = asked(&mut socket).await {
            if request.key != ApiVersionsRequest::KEY {
                self.heard.lock().unwrap().insert((request.key, request.version));
            }
            self.answer(&mut socket, &request).await;
        }
    }

    fn versions(&self) -> ApiVersionsResponse {
        let keys = spoken().into_iter().map(|(key, lowest, highest)| {
            let only = (lowest + self.step).min(highest);
            ApiVersion::default().with_api_key(key).with_min_version(only).with_max_version(only)
        });
        ApiVersionsResponse::default().with_api_keys(keys.collect())
    }

    async fn answer(&self, socket: &mut TcpStream, request: &Asked) {
        match request.key {
            ApiVersionsRequest::KEY => answer(socket, request, &self.versions()).await,
            MetadataRequest::KEY => answer(socket, request, &self.metadata(request.version)).await,
            ListOffsetsRequest::KEY => answer(socket, request, &list_offsets()).await,
            FetchRequest::KEY => answer(socket, request, &fetch(request.version)).await,
            OffsetForLeaderEpochRequest::KEY => answer(socket, request, &epochs()).await,
            FindCoordinatorRequest::KEY => answer(socket, request, &coordinator(request)).await,
            ListGroupsRequest::KEY => answer(socket, request, &ListGroupsResponse::default()).await,
            DescribeGroupsRequest::KEY => answer(socket, request, &DescribeGroupsResponse::default()).await,
            ConsumerGroupDescribeRequest::KEY => {
                answer(socket, request, &ConsumerGroupDescribeResponse::default()).await;
            }
            ShareGroupDescribeRequest::KEY => {
                answer(socket, request, &ShareGroupDescribeResponse::default()).await;
            }
            StreamsGroupDescribeRequest::KEY => {
                answer(socket, request, &StreamsGroupDescribeResponse::default()).await;
            }
            DescribeShareGroupOffsetsRequest::KEY => {
                answer(socket, request, &DescribeShareGroupOffsetsResponse::default()).await;
            }
            OffsetFetchRequest::KEY => answer(socket, request, &OffsetFetchResponse::default()).await,
            DescribeConfigsRequest::KEY => answer(socket, request, &DescribeConfigsResponse::default()).await,
            DescribeProducersRequest::KEY => answer(socket, request, &producers()).await,
            ListTransactionsRequest::KEY => answer(socket, request, &transactions()).await,
            DescribeTransactionsRequest::KEY => {
                answer(socket, request, &DescribeTransactionsResponse::default()).await;
            }
            DescribeLogDirsRequest::KEY => answer(socket, request, &DescribeLogDirsResponse::default()).await,
            other => panic!("asked for {other}"),
        }
    }

    fn metadata(&self, version: i16) -> MetadataResponse {
        use kafka_protocol::messages::metadata_response::{
            MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
        };
        let address = self.address.lock().unwrap().clone();
        let (host, port) = address.split_once(':').unwrap();
        let broker = MetadataResponseBroker::default()
            .with_node_id(BrokerId(1))
            .with_host(StrBytes::from_string(host.to_owned()))
            .with_port(port.parse().unwrap());
        let partition = MetadataResponsePartition::default().with_leader_id(BrokerId(1)).with_leader_epoch(3);
        let mut one =
            MetadataResponseTopic::default().with_name(Some(orders())).with_partitions(vec![partition]);
        if version >= 10 {
            one = one.with_topic_id(TOPIC_ID);
        }
        MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![one])
    }
}

fn orders() -> TopicName {
    TopicName(StrBytes::from_static_str("orders"))
}

fn list_offsets() -> ListOffsetsResponse {
    use kafka_protocol::messages::list_offsets_response::{
        ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
    };
    let partition = ListOffsetsPartitionResponse::default().with_offset(42);
    let one = ListOffsetsTopicResponse::default().with_name(orders()).with_partitions(vec![partition]);
    ListOffsetsResponse::default().with_topics(vec![one])
}

fn fetch(version: i16) -> FetchResponse {
    use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
    let one = FetchableTopicResponse::default().with_partitions(vec![PartitionData::default()]);
    let one = if version >= 13 { one.with_topic_id(TOPIC_ID) } else { one.with_topic(orders()) };
    FetchResponse::default().with_responses(vec![one])
}

fn epochs() -> OffsetForLeaderEpochResponse {
    use kafka_protocol::messages::offset_for_leader_epoch_response::{
        EpochEndOffset, OffsetForLeaderTopicResult,
    };
    let end = EpochEndOffset::default().with_leader_epoch(3).with_end_offset(42);
    let one = OffsetForLeaderTopicResult::default().with_topic(orders()).with_partitions(vec![end]);
    OffsetForLeaderEpochResponse::default().with_topics(vec![one])
}

fn coordinator(request: &Asked) -> FindCoordinatorResponse {
    use kafka_protocol::messages::find_coordinator_response::Coordinator;
    let asked = FindCoordinatorRequest::decode(&mut request.body.clone(), request.version).unwrap();
    if request.version < 4 {
        assert_eq!(asked.key.as_str(), "billing");
        return FindCoordinatorResponse::default().with_node_id(BrokerId(1));
    }
    let known = asked.coordinator_keys.into_iter();
    let known = known.map(|key| Coordinator::default().with_key(key).with_node_id(BrokerId(1)));
    FindCoordinatorResponse::default().with_coordinators(known.collect())
}

fn producers() -> DescribeProducersResponse {
    use kafka_protocol::messages::describe_producers_response::{PartitionResponse, TopicResponse};
    let one =
        TopicResponse::default().with_name(orders()).with_partitions(vec![PartitionResponse::default()]);
    DescribeProducersResponse::default().with_topics(vec![one])
}

fn transactions() -> ListTransactionsResponse {
    use kafka_protocol::messages::list_transactions_response::TransactionState;
    let one =
        TransactionState::default().with_transactional_id(TransactionalId(StrBytes::from_static_str("pay")));
    ListTransactionsResponse::default().with_transaction_states(vec![one])
}

async fn ask_everything(cluster: Arc<Cluster>) {
    let topic: Arc<str> = "orders".into();
    let partition = TopicPartition { topic: topic.clone(), partition: 0 };
    let one = std::slice::from_ref(&partition);
    let groups = [(Arc::<str>::from("billing"), 1)];
    assert!(cluster.look_up(std::slice::from_ref(&topic)).await.unwrap().refused.is_empty());
    for when in [When::Earliest, When::Latest, When::LastStable, When::At(5)] {
        assert_eq!(cluster.list_offsets(one, when).await[&partition].as_ref().unwrap().offset, 42);
    }
    let epochs = [(partition.clone(), AskedEpoch { epoch: 3, leader_epoch: 4 })].into();
    assert_eq!(*cluster.epoch_ends(&epochs).await[&partition].as_ref().unwrap(), (3, 42));
    assert!(cluster.list_groups().await.1.is_empty());
    assert!(cluster.describe_classic(&groups).await.is_empty());
    assert!(cluster.describe_consumer(&groups).await.is_empty());
    assert!(cluster.describe_share(&groups).await.is_empty());
    assert!(cluster.describe_streams(&groups).await.is_empty());
    assert!(cluster.share_positions(&groups).await.is_empty());
    assert!(cluster.committed("billing").await.unwrap().is_empty());
    cluster.topic_configs(&[topic], &["retention.ms"]).await.unwrap();
    cluster.broker_configs(1, &["offsets.retention.minutes"]).await.unwrap().unwrap();
    assert!(cluster.open_transactions(one).await[&partition].as_ref().unwrap().is_empty());
    assert!(cluster.coordinated(&[4011]).await.1.is_empty());
    cluster.sizes().await;
    let span = Span { partition, from: 0, to: Some(0) };
    let mut fetcher = Fetcher::start(cluster, vec![span], Options::default());
    let fetched = fetcher.next().await.unwrap();
    assert!(matches!(fetched[0].event, Event::Done), "{fetched:?}");
    assert!(fetcher.next().await.is_none());
}

#[tokio::test]
async fn every_question_can_be_asked_in_every_version() {
    let mut heard = BTreeSet::new();
    for step in 0..4 {
        let broker = Arc::new(Broker { step, ..Broker::default() });
        let server = {
            let broker = broker.clone();
            start(move |socket| broker.clone().serve(socket)).await
        };
        broker.address.lock().unwrap().clone_from(&server.address);
        let config = ClientConfig::new(vec![server.address.clone()]);
        ask_everything(Arc::new(Cluster::connect(config).await.unwrap())).await;
        heard.append(&mut broker.heard.lock().unwrap());
    }
    let expected = spoken().into_iter().flat_map(|(key, low, high)| (low..=high).map(move |v| (key, v)));
    assert_eq!(heard, expected.collect());
}
