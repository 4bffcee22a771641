//! A cluster that changes while it is read.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiVersionsRequest, BrokerId, FetchRequest, FetchResponse, ListGroupsResponse, MetadataRequest,
    MetadataResponse, TopicName,
};
use kafka_protocol::protocol::{Request, StrBytes};
use tokio::net::TcpStream;
use uuid::Uuid;
use whither_kafka::fetch::{Event, Fetcher, Options, Span};
use whither_kafka::{ClientConfig, Cluster, Error, TopicPartition};

use crate::server::{Server, answer, asked, silence, start, versions};

/// One broker with the topic `orders`, and what it says of it.
struct Broker {
    address: Mutex<String>,
    /// Where broker 2 is, which leads nothing.
    second: Mutex<Option<String>>,
    exists: AtomicBool,
    incarnation: AtomicU32,
    fetches: AtomicU32,
    code: i16,
    records: Bytes,
}

impl Broker {
    fn new(code: i16, records: Vec<u8>) -> Arc<Broker> {
        Arc::new(Broker {
            address: Mutex::default(),
            second: Mutex::default(),
            exists: AtomicBool::new(true),
            incarnation: AtomicU32::new(1),
            fetches: AtomicU32::new(0),
            code,
            records: records.into(),
        })
    }

    async fn start(self: &Arc<Self>) -> Server {
        let broker = self.clone();
        let server = start(move |socket| broker.clone().serve(socket)).await;
        self.address.lock().unwrap().clone_from(&server.address);
        server
    }

    async fn serve(self: Arc<Self>, mut socket: TcpStream) {
        while let Some(request) = asked(&mut socket).await {
            match request.key {
                ApiVersionsRequest::KEY => answer(&mut socket, &request, &versions()).await,
                MetadataRequest::KEY => answer(&mut socket, &request, &self.metadata()).await,
                FetchRequest::KEY => answer(&mut socket, &request, &self.fetch()).await,
                _ => answer(&mut socket, &request, &ListGroupsResponse::default()).await,
            }
        }
    }

    fn topic_id(&self) -> Uuid {
        Uuid::from_u128(self.incarnation.load(Ordering::SeqCst).into())
    }

    fn metadata(&self) -> MetadataResponse {
        let first = Some(self.address.lock().unwrap().clone());
        let second = self.second.lock().unwrap().clone();
        let brokers = (1..).zip([first, second]).filter_map(|(id, address)| {
            let address = address?;
            let (host, port) = address.split_once(':')?;
            let broker = MetadataResponseBroker::default().with_node_id(BrokerId(id));
            let broker = broker.with_host(StrBytes::from_string(host.to_owned()));
            Some(broker.with_port(port.parse().unwrap()))
        });
        let partition = MetadataResponsePartition::default().with_leader_id(BrokerId(1));
        let topic = MetadataResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_static_str("orders"))))
            .with_topic_id(self.topic_id())
            .with_partitions(vec![partition]);
        let topics = if self.exists.load(Ordering::SeqCst) { vec![topic] } else { Vec::new() };
        MetadataResponse::default().with_brokers(brokers.collect()).with_topics(topics)
    }

    fn fetch(&self) -> FetchResponse {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let data = PartitionData::default()
            .with_error_code(self.code)
            .with_high_watermark(100)
            .with_records(Some(self.records.clone()));
        let topic =
            FetchableTopicResponse::default().with_topic_id(self.topic_id()).with_partitions(vec![data]);
        FetchResponse::default().with_responses(vec![topic])
    }
}

fn orders() -> Vec<Span> {
    vec![Span { partition: TopicPartition { topic: "orders".into(), partition: 0 }, from: 0, to: Some(100) }]
}

async fn connect(server: &Server) -> Arc<Cluster> {
    Arc::new(Cluster::connect(ClientConfig::new(vec![server.address.clone()])).await.unwrap())
}

/// What the reading of `orders` ends with.
async fn end(fetcher: &mut Fetcher) -> Event {
    let mut last = None;
    while let Some(fetched) = fetcher.next().await {
        last = fetched.into_iter().last();
    }
    last.unwrap().event
}

#[tokio::test]
async fn a_topic_that_is_gone_is_given_up_soon() {
    let broker = Broker::new(ResponseError::UnknownTopicId.code(), Vec::new());
    let server = broker.start().await;
    let cluster = connect(&server).await;
    broker.exists.store(false, Ordering::SeqCst);
    let begun = Instant::now();
    let event = end(&mut Fetcher::start(cluster, orders(), Options::default())).await;
    let Event::Failed(Error::Refused { code, .. }) = event else { panic!("{event:?}") };
    assert_eq!(code, ResponseError::UnknownTopicId);
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_topic_made_anew_is_not_read_on() {
    let broker = Broker::new(ResponseError::UnknownTopicId.code(), Vec::new());
    let server = broker.start().await;
    let cluster = connect(&server).await;
    broker.incarnation.store(2, Ordering::SeqCst);
    let event = end(&mut Fetcher::start(cluster, orders(), Options::default())).await;
    assert!(
        matches!(&event, Event::Failed(Error::TopicReplaced { topic }) if topic == "orders"),
        "{event:?}"
    );
}

#[tokio::test]
async fn bytes_that_lead_nowhere_end_the_reading() {
    for records in [vec![0xff; 500], vec![0; 500], vec![7; 3]] {
        let broker = Broker::new(0, records);
        let server = broker.start().await;
        let cluster = connect(&server).await;
        let event = end(&mut Fetcher::start(cluster, orders(), Options::default())).await;
        assert!(matches!(&event, Event::Failed(Error::Unreadable { .. })), "{event:?}");
        assert!(broker.fetches.load(Ordering::SeqCst) < 20);
    }
}

#[tokio::test]
async fn a_broker_that_is_silent_does_not_hold_up_the_others() {
    let silent = start(silence).await;
    let broker = Broker::new(0, Vec::new());
    let server = broker.start().await;
    *broker.second.lock().unwrap() = Some(silent.address.clone());
    let cluster = connect(&server).await;
    let (slow, begun) = (cluster.clone(), Instant::now());
    let slow = tokio::spawn(async move { slow.broker_configs(2, &["x"]).await });
    tokio::task::yield_now().await;
    cluster.refresh().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "took {:?}", begun.elapsed());
    let told = slow.await.unwrap().unwrap_err();
    assert!(matches!(&told, Error::Timeout { .. }), "{told:?}");
    assert!(begun.elapsed() < Duration::from_secs(12), "took {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_spoil_the_connection() {
    let broker = Broker::new(0, Vec::new());
    let server = broker.start().await;
    let cluster = connect(&server).await;
    for patience in 0..200 {
        let asking = cluster.refresh();
        let _ = tokio::time::timeout(Duration::from_micros(patience * 5), asking).await;
    }
    assert_eq!(cluster.refresh().await.unwrap().topics.len(), 1);
}
