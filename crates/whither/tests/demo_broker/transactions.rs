//! Transactions: markers, the last stable offset, the aborted list, time-outs, offsets that wait for a marker.
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::{
    DescribeProducersRequest, DescribeTransactionsRequest, EndTxnRequest, GroupId, ListTransactionsRequest,
    OffsetFetchRequest, ProducerId, TopicName, TransactionalId,
};
use whither::demo::broker::{Broker, NewRecord, Producer};

use crate::client::{Client, ask, still_broker, text};
use crate::records::{Writer, batch, fetch, produce_request, records, values};

async fn producer(broker: &Broker, id: &str) -> Producer {
    broker.handle().transactional_producer(id, 60_000).await.unwrap()
}

fn record(value: &'static str) -> NewRecord {
    NewRecord { value: Some(value.into()), ..NewRecord::default() }
}

#[tokio::test]
async fn the_aborted_list_names_what_a_reader_must_skip() {
    let (broker, _) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut one = producer(&broker, "one").await;
    let mut two = producer(&broker, "two").await;
    one.send("t", 0, &[record("gone")]).await.unwrap();
    two.send("t", 0, &[record("kept")]).await.unwrap();
    one.end(false).await.unwrap();
    let mut client = Client::connect(&broker).await;
    let open = fetch(&mut client, "t", 0, 1).await;
    assert_eq!((open.high_watermark, open.last_stable_offset), (3, 1), "two is open since offset 1");
    two.end(true).await.unwrap();
    one.send("t", 0, &[record("kept too")]).await.unwrap();
    one.end(true).await.unwrap();
    let data = fetch(&mut client, "t", 0, 1).await;
    assert_eq!((data.high_watermark, data.last_stable_offset), (6, 6));
    let aborted: Vec<_> = data
        .aborted_transactions
        .clone()
        .unwrap()
        .iter()
        .map(|gone| (gone.producer_id.0, gone.first_offset))
        .collect();
    assert_eq!(aborted, [(0, 0)]);
    let markers: Vec<_> = records(&data).into_iter().filter(|record| record.control).collect();
    let seen: Vec<_> = markers
        .iter()
        .map(|marker| (marker.offset, marker.producer_id, marker.key.as_ref().unwrap()[3]))
        .collect();
    assert_eq!(seen, [(2, 0, 0), (3, 1, 1), (5, 0, 1)], "offset, producer, 0 abort or 1 commit");
    assert!(fetch(&mut client, "t", 0, 0).await.aborted_transactions.is_none_or(|list| list.is_empty()));
    let behind = fetch(&mut client, "t", 3, 1).await;
    assert!(behind.aborted_transactions.unwrap().is_empty(), "the abort ended before offset 3");
    let mut reader = broker.handle().consumer("readers", &["t"]);
    let got = reader.poll(10, Duration::from_millis(1)).await.unwrap();
    assert_eq!(got.iter().map(|read| read.offset).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(reader.positions()[&("t".to_owned(), 0)], 6, "behind the last marker");
}

#[tokio::test]
async fn a_transaction_over_its_time_is_aborted_and_its_producer_fenced() {
    let (broker, clock) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut slow = producer(&broker, "slow").await;
    slow.send("t", 0, &[record("late")]).await.unwrap();
    clock.advance(Duration::from_millis(59_999));
    broker.tick();
    let mut client = Client::connect(&broker).await;
    assert_eq!(fetch(&mut client, "t", 0, 1).await.last_stable_offset, 0);
    clock.advance(Duration::from_millis(1));
    broker.tick();
    let data = fetch(&mut client, "t", 0, 1).await;
    assert_eq!((data.last_stable_offset, data.aborted_transactions.unwrap().len()), (2, 1));
    assert_eq!(slow.end(true).await.unwrap_err().error, ResponseError::ProducerFenced);
    assert_eq!(
        slow.send("t", 0, &[record("zombie")]).await.unwrap_err().error,
        ResponseError::ProducerFenced
    );
    let mut again = producer(&broker, "slow").await;
    again.send("t", 0, &[record("fine")]).await.unwrap();
    again.end(true).await.unwrap();
}

#[tokio::test]
async fn a_forgotten_transaction_hangs() {
    let (broker, clock) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut lost = producer(&broker, "lost").await;
    lost.send("t", 0, &[record("open")]).await.unwrap();
    assert!(broker.faults().forget_transaction("lost"));
    clock.advance(Duration::from_secs(3_600));
    broker.tick();
    let mut client = Client::connect(&broker).await;
    assert_eq!(fetch(&mut client, "t", 0, 1).await.last_stable_offset, 0);
    let asked = TopicRequest::default().with_name(TopicName(text("t"))).with_partition_indexes(vec![0]);
    let answer =
        ask!(client, DescribeProducers, 0, DescribeProducersRequest::default().with_topics(vec![asked]));
    let found = &answer.topics[0].partitions[0].active_producers[0];
    assert_eq!((found.producer_id.0, found.current_txn_start_offset, found.last_sequence), (0, 0, 0));
    let listed =
        ask!(client, ListTransactions, 1, ListTransactionsRequest::default().with_duration_filter(-1));
    assert!(listed.transaction_states.is_empty());
}

#[tokio::test]
async fn transactions_are_listed_and_described() {
    let (broker, clock) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut open = producer(&broker, "open").await;
    open.send("t", 0, &[record("a")]).await.unwrap();
    producer(&broker, "idle").await;
    clock.advance(Duration::from_secs(5));
    let mut client = Client::connect(&broker).await;
    let listed = |states: &[&str], older_than: i64| {
        ListTransactionsRequest::default()
            .with_state_filters(states.iter().map(|state| text(state)).collect())
            .with_duration_filter(older_than)
    };
    let names = |answer: kafka_protocol::messages::ListTransactionsResponse| -> Vec<String> {
        answer
            .transaction_states
            .iter()
            .map(|found| format!("{}:{}", &**found.transactional_id, &*found.transaction_state))
            .collect()
    };
    assert_eq!(names(ask!(client, ListTransactions, 1, listed(&[], -1))), ["idle:Empty", "open:Ongoing"]);
    assert_eq!(names(ask!(client, ListTransactions, 1, listed(&["Empty"], -1))), ["idle:Empty"]);
    assert_eq!(names(ask!(client, ListTransactions, 1, listed(&[], 4_999))), ["open:Ongoing"]);
    assert_eq!(names(ask!(client, ListTransactions, 1, listed(&[], 5_000))), [""; 0]);
    let unknown = ask!(client, ListTransactions, 1, listed(&["Fancy"], -1)).unknown_state_filters;
    assert_eq!(unknown, [text("Fancy")]);
    let ids = vec![TransactionalId(text("open")), TransactionalId(text("none"))];
    let described = ask!(
        client,
        DescribeTransactions,
        0,
        DescribeTransactionsRequest::default().with_transactional_ids(ids)
    );
    let found = &described.transaction_states[0];
    assert_eq!(
        (found.transaction_start_time_ms, found.transaction_timeout_ms),
        (crate::client::START_MS, 60_000)
    );
    assert_eq!((&**found.topics[0].topic, &found.topics[0].partitions[..]), ("t", &[0][..]));
    assert_eq!(described.transaction_states[1].error_code, ResponseError::TransactionalIdNotFound.code());
}

async fn position(client: &mut Client, require_stable: bool) -> (i16, i64) {
    let topic =
        OffsetFetchRequestTopics::default().with_name(TopicName(text("t"))).with_partition_indexes(vec![0]);
    let group =
        OffsetFetchRequestGroup::default().with_group_id(GroupId(text("g"))).with_topics(Some(vec![topic]));
    let request = OffsetFetchRequest::default().with_groups(vec![group]).with_require_stable(require_stable);
    let found = ask!(client, OffsetFetch, 9, request).groups[0].topics[0].partitions[0].clone();
    (found.error_code, found.committed_offset)
}

#[tokio::test]
async fn offsets_in_a_transaction_count_when_it_commits() {
    let (broker, _) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut client = Client::connect(&broker).await;
    let mut sender = producer(&broker, "ctp").await;
    let unstable = ResponseError::UnstableOffsetCommit.code();
    for (commit, after) in [(false, -1), (true, 7)] {
        sender.send_offsets("g", &[("t", 0, 7)]).await.unwrap();
        assert_eq!(position(&mut client, true).await, (unstable, -1));
        assert_eq!(position(&mut client, false).await, (0, -1));
        sender.end(commit).await.unwrap();
        assert_eq!(position(&mut client, true).await, (0, after));
    }
    let mut log = Vec::new();
    for partition in 0..4 {
        let mut request = crate::records::fetch_request("__consumer_offsets", 0, 0);
        request.topics[0].partitions[0].partition = partition;
        log.extend(records(&ask!(client, Fetch, 12, request).responses[0].partitions[0]));
    }
    let shape: Vec<_> = log
        .iter()
        .map(|record| (record.transactional, record.control, record.key.as_ref().unwrap()[3]))
        .collect();
    let commit_record = (true, false, 1u8);
    assert_eq!(shape.len(), 4);
    assert_eq!((shape[0].0, shape[0].1), (commit_record.0, commit_record.1));
    assert_eq!((shape[1], shape[3]), ((true, true, 0), (true, true, 1)), "an abort, then a commit marker");
}

#[tokio::test]
async fn batches_outside_their_transaction_are_refused() {
    let (broker, _) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut open = producer(&broker, "open").await;
    let mut client = Client::connect(&broker).await;
    let writer = Writer { id: 0, epoch: 0, sequence: 0, transactional: true };
    let mut codes = Vec::new();
    for id in [Some("open"), Some("other"), None] {
        let request = produce_request("t", batch(writer, &["x"]), id);
        codes.push(ask!(client, Produce, 11, request).responses[0].partition_responses[0].error_code);
    }
    let (state, mapping) =
        (ResponseError::InvalidTxnState.code(), ResponseError::InvalidProducerIdMapping.code());
    assert_eq!(codes, [state, mapping, state], "not added; not its id; no id");
    open.send("t", 0, &[record("in")]).await.unwrap();
    let outside = Writer { sequence: 1, transactional: false, ..writer };
    let request = produce_request("t", batch(outside, &["x"]), None);
    let refused = ask!(client, Produce, 11, request).responses[0].partition_responses[0].error_code;
    assert_eq!(refused, state);
    assert_eq!(values(&fetch(&mut client, "t", 0, 0).await), [(0, "in".to_owned())]);
}

#[tokio::test]
async fn ending_is_checked_and_may_be_repeated() {
    let (broker, _) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut sender = producer(&broker, "tx").await;
    assert_eq!(
        sender.end(true).await.unwrap_err().error,
        ResponseError::InvalidTxnState,
        "nothing was begun"
    );
    sender.send("t", 0, &[record("a")]).await.unwrap();
    sender.end(true).await.unwrap();
    sender.end(true).await.unwrap();
    assert_eq!(sender.end(false).await.unwrap_err().error, ResponseError::InvalidTxnState);
    let mut client = Client::connect(&broker).await;
    let old = |version: i16| {
        let request = EndTxnRequest::default().with_transactional_id(TransactionalId(text("tx")));
        (version, request.with_producer_id(ProducerId(0)).with_producer_epoch(5))
    };
    let (version, request) = old(1);
    assert_eq!(ask!(client, EndTxn, version, request).error_code, ResponseError::InvalidProducerEpoch.code());
    let (version, request) = old(4);
    assert_eq!(ask!(client, EndTxn, version, request).error_code, ResponseError::ProducerFenced.code());
    let too_long = broker.handle().transactional_producer("long", 900_001).await.unwrap_err();
    assert_eq!(too_long.error, ResponseError::InvalidTransactionTimeout);
}
