//! Following in fetch sessions: brokers are told what has changed, and answer for what has changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
use whither_kafka::fetch::{Follow, Head, Options};
use whither_kafka::{ByPartition, ClientConfig, Cluster, Refusal, TopicPartition};

use crate::server::{Server, answer, asked, start, versions};

const TOPIC_ID: Uuid = Uuid::from_u128(7);
/// What the broker calls its session.
const SESSION: i32 = 42;

/// A request as the broker sees it: session, epoch, offsets by partition, forgotten partitions.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Asked {
    session: (i32, i32),
    named: Vec<(i32, i64)>,
    forgotten: Vec<i32>,
}

/// A broker that answers for what it is told to, and writes down what it was asked.
#[derive(Default)]
struct Broker {
    asked: Vec<Asked>,
    /// Ends to answer with next, by partition; those that are named are answered for always.
    changed: BTreeMap<i32, i64>,
    /// It has no room for a session.
    keeps_none: bool,
    /// What to answer the next request with.
    refusal: Option<ResponseError>,
    /// What to refuse partitions with.
    refused: BTreeMap<i32, ResponseError>,
    partitions: i32,
}

type Shared = Arc<Mutex<Broker>>;

fn metadata(address: &str, partitions: i32) -> MetadataResponse {
    let (host, port) = address.split_once(':').unwrap();
    let broker = MetadataResponseBroker::default().with_node_id(BrokerId(1));
    let broker = broker.with_host(StrBytes::from_string(host.to_owned())).with_port(port.parse().unwrap());
    let partition = |p| {
        let one = MetadataResponsePartition::default().with_partition_index(p);
        one.with_leader_id(BrokerId(1)).with_leader_epoch(3)
    };
    let topic = MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_static_str("orders"))))
        .with_topic_id(TOPIC_ID)
        .with_partitions((0..partitions).map(partition).collect());
    MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![topic])
}

impl Broker {
    fn fetch(&mut self, request: &FetchRequest) -> FetchResponse {
        let named = request.topics.iter().flat_map(|t| &t.partitions);
        let named: Vec<(i32, i64)> = named.map(|p| (p.partition, p.fetch_offset)).collect();
        self.asked.push(Asked {
            session: (request.session_id, request.session_epoch),
            named: named.clone(),
            forgotten: request.forgotten_topics_data.iter().flat_map(|t| t.partitions.clone()).collect(),
        });
        if let Some(code) = self.refusal.take() {
            return FetchResponse::default().with_error_code(code.code());
        }
        let mut ends = std::mem::take(&mut self.changed);
        for (p, _) in named {
            ends.entry(p).or_insert(10);
        }
        let data = ends.into_iter().map(|(p, end)| {
            let code = self.refused.get(&p).map_or(0, ResponseError::code);
            let data = PartitionData::default().with_partition_index(p).with_error_code(code);
            data.with_high_watermark(end).with_last_stable_offset(end - 1).with_log_start_offset(2)
        });
        let topic = FetchableTopicResponse::default().with_topic_id(TOPIC_ID).with_partitions(data.collect());
        let session = if self.keeps_none { 0 } else { SESSION };
        FetchResponse::default().with_session_id(session).with_responses(vec![topic])
    }
}

async fn serve(mut socket: TcpStream, broker: Shared) {
    let address = socket.local_addr().unwrap().to_string();
    while let Some(request) = asked(&mut socket).await {
        match request.key {
            ApiVersionsRequest::KEY => answer(&mut socket, &request, &versions()).await,
            MetadataRequest::KEY => {
                let partitions = broker.lock().unwrap().partitions;
                answer(&mut socket, &request, &metadata(&address, partitions)).await;
            }
            FetchRequest::KEY => {
                let fetch = FetchRequest::decode(&mut request.body.clone(), request.version).unwrap();
                let response = broker.lock().unwrap().fetch(&fetch);
                answer(&mut socket, &request, &response).await;
            }
            key => panic!("asked for {key}"),
        }
    }
}

struct Scene {
    broker: Shared,
    follow: Follow,
    cluster: Arc<Cluster>,
    _server: Server,
}

impl Scene {
    async fn of(broker: Broker) -> Scene {
        let broker = Arc::new(Mutex::new(broker));
        let shared = broker.clone();
        let server = start(move |socket| serve(socket, shared.clone())).await;
        let cluster = Cluster::connect(ClientConfig::new(vec![server.address.clone()])).await.unwrap();
        let cluster = Arc::new(cluster);
        let options = Options { max_wait: Duration::ZERO, ..Options::default() };
        Scene { broker, follow: Follow::new(cluster.clone(), options), cluster, _server: server }
    }

    async fn poll(&mut self, positions: &[(i32, i64)]) -> ByPartition<Head> {
        self.follow
            .poll(&self.cluster.metadata(), positions.iter().map(|(p, next)| (orders(*p), *next)))
            .await
    }

    fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.broker.lock().unwrap().asked)
    }
}

fn orders(partition: i32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition }
}

fn of(session: (i32, i32), named: &[(i32, i64)], forgotten: &[i32]) -> Asked {
    Asked { session, named: named.to_vec(), forgotten: forgotten.to_vec() }
}

#[tokio::test]
async fn a_broker_is_told_what_has_changed_and_asked_for_no_more() {
    let mut scene = Scene::of(Broker { partitions: 3, ..Broker::default() }).await;
    let all = scene.poll(&[(0, 5), (1, 6)]).await;
    let head = all[&orders(0)].as_ref().unwrap();
    assert_eq!((head.log_start, head.last_stable, head.high_watermark, head.leader_epoch), (2, 9, 10, 3));
    assert_eq!(all.len(), 2);
    assert!(scene.poll(&[(0, 5), (1, 6)]).await.is_empty(), "nothing has changed");
    scene.broker.lock().unwrap().changed.insert(0, 12);
    let some = scene.poll(&[(0, 5), (1, 6)]).await;
    assert_eq!(some.keys().collect::<Vec<_>>(), [&orders(0)]);
    assert_eq!(some[&orders(0)].as_ref().unwrap().high_watermark, 12);
    scene.poll(&[(0, 12), (2, 0)]).await;
    assert_eq!(
        scene.asked(),
        [
            of((0, 0), &[(0, 5), (1, 6)], &[]),
            of((SESSION, 1), &[], &[]),
            of((SESSION, 2), &[], &[]),
            of((SESSION, 3), &[(0, 12), (2, 0)], &[1]),
        ]
    );
}

#[tokio::test]
async fn a_session_that_the_broker_has_forgotten_is_begun_anew() {
    for code in [ResponseError::FetchSessionIdNotFound, ResponseError::InvalidFetchSessionEpoch] {
        let mut scene = Scene::of(Broker { partitions: 2, ..Broker::default() }).await;
        scene.poll(&[(0, 5), (1, 6)]).await;
        scene.asked();
        scene.broker.lock().unwrap().refusal = Some(code);
        assert_eq!(scene.poll(&[(0, 8), (1, 6)]).await.len(), 2, "all are told of anew");
        let expected = [of((SESSION, 1), &[(0, 8)], &[]), of((0, 0), &[(0, 8), (1, 6)], &[])];
        assert_eq!(scene.asked(), expected);
    }
}

#[tokio::test]
async fn a_broker_that_keeps_no_session_is_asked_for_everything() {
    let mut scene = Scene::of(Broker { partitions: 2, keeps_none: true, ..Broker::default() }).await;
    for _ in 0..2 {
        assert_eq!(scene.poll(&[(0, 5), (1, 6)]).await.len(), 2);
    }
    let everything = of((0, 0), &[(0, 5), (1, 6)], &[]);
    assert_eq!(scene.asked(), [everything.clone(), everything]);
}

#[tokio::test]
async fn many_partitions_are_named_in_several_requests() {
    for keeps_none in [false, true] {
        let mut scene = Scene::of(Broker { partitions: 2_500, keeps_none, ..Broker::default() }).await;
        let all: Vec<(i32, i64)> = (0..2_500).map(|p| (p, 1)).collect();
        assert_eq!(scene.poll(&all).await.len(), 2_500);
        let asked = scene.asked();
        assert_eq!(asked.iter().map(|a| a.named.len()).collect::<Vec<_>>(), [1_000, 1_000, 500]);
        let sessions: Vec<(i32, i32)> = asked.iter().map(|a| a.session).collect();
        let kept = [(0, 0), (SESSION, 1), (SESSION, 2)];
        assert_eq!(sessions, if keeps_none { [(0, 0); 3] } else { kept });
    }
}

#[tokio::test]
async fn a_refused_partition_does_not_fail_the_others() {
    let refused = [(1, ResponseError::FencedLeaderEpoch)].into();
    let mut scene = Scene::of(Broker { partitions: 2, refused, ..Broker::default() }).await;
    let told = scene.poll(&[(0, 5), (1, 6)]).await;
    assert!(told[&orders(0)].is_ok());
    assert!(matches!(told[&orders(1)], Err(Refusal::Code(ResponseError::FencedLeaderEpoch))));
    let gone = scene.poll(&[(7, 0)]).await;
    assert!(matches!(gone[&orders(7)], Err(Refusal::Failed(_))), "it has no leader");
}
