//! From a request to whoever answers it: the one way in, for the network and for [`super::Handle`] alike.
use kafka_protocol::messages::{
    JoinGroupResponse, ProduceRequest, RequestKind, ResponseKind, SyncGroupResponse,
};
use tokio::sync::oneshot;

use super::api;
use super::groups::Answer;
use super::state::{Shared, State};

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: String,
    /// As Kafka writes it: a slash, then the address.
    pub(crate) host: String,
}

/// Nothing can be answered: the connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswerable {
    /// A request that this broker does not know.
    Unknown,
    /// The member was replaced while it waited.
    Abandoned,
}

/// An answer, or a promise of one.
enum Reply {
    Now(Box<ResponseKind>),
    Join(oneshot::Receiver<JoinGroupResponse>),
    Sync(oneshot::Receiver<SyncGroupResponse>),
}

/// Answers `request`; `None` where the client wants no answer (`acks=0`).
pub(crate) async fn answer(
    shared: &Shared,
    client: &Client,
    version: i16,
    request: RequestKind,
) -> Result<Option<ResponseKind>, Unanswerable> {
    if let RequestKind::Fetch(request) = &request {
        return Ok(Some(ResponseKind::Fetch(api::fetch(shared, request, version).await)));
    }
    let silent = matches!(&request, RequestKind::Produce(ProduceRequest { acks: 0, .. }));
    let reply = shared.with(|state| handle(state, client, version, request)).ok_or(Unanswerable::Unknown)?;
    let response = match reply {
        Reply::Now(response) => *response,
        Reply::Join(later) => ResponseKind::JoinGroup(later.await.map_err(|_| Unanswerable::Abandoned)?),
        Reply::Sync(later) => ResponseKind::SyncGroup(later.await.map_err(|_| Unanswerable::Abandoned)?),
    };
    Ok((!silent).then_some(response))
}

fn handle(state: &mut State, client: &Client, version: i16, request: RequestKind) -> Option<Reply> {
    use RequestKind as Ask;
    use ResponseKind as Tell;
    let response = match request {
        Ask::JoinGroup(asked) => match state.join_group(&asked, version, client) {
            Answer::Now(response) => Tell::JoinGroup(response),
            Answer::Later(later) => return Some(Reply::Join(later)),
        },
        Ask::SyncGroup(asked) => match state.sync_group(asked) {
            Answer::Now(response) => Tell::SyncGroup(response),
            Answer::Later(later) => return Some(Reply::Sync(later)),
        },
        Ask::ApiVersions(asked) => Tell::ApiVersions(state.api_versions(&asked, version)),
        Ask::Metadata(asked) => Tell::Metadata(state.metadata(&asked, version)),
        Ask::DescribeCluster(asked) => Tell::DescribeCluster(state.describe_cluster(&asked, version)),
        Ask::Produce(asked) => Tell::Produce(state.produce(&asked, version)),
        Ask::ListOffsets(asked) => Tell::ListOffsets(state.list_offsets(&asked, version)),
        Ask::OffsetForLeaderEpoch(asked) => Tell::OffsetForLeaderEpoch(state.offset_for_leader_epoch(&asked)),
        Ask::DeleteRecords(asked) => Tell::DeleteRecords(state.delete_records(&asked)),
        Ask::CreateTopics(asked) => Tell::CreateTopics(state.create_topics(&asked)),
        Ask::DeleteTopics(asked) => Tell::DeleteTopics(state.delete_topics(&asked, version)),
        Ask::CreatePartitions(asked) => Tell::CreatePartitions(state.create_partitions(&asked)),
        Ask::DescribeConfigs(asked) => Tell::DescribeConfigs(state.describe_configs(&asked)),
        Ask::AlterConfigs(asked) => Tell::AlterConfigs(state.alter_configs(&asked)),
        Ask::IncrementalAlterConfigs(asked) => {
            Tell::IncrementalAlterConfigs(state.incremental_alter_configs(&asked))
        }
        Ask::DescribeLogDirs(asked) => Tell::DescribeLogDirs(state.describe_log_dirs(&asked)),
        Ask::DescribeProducers(asked) => Tell::DescribeProducers(state.describe_producers(&asked)),
        Ask::FindCoordinator(asked) => Tell::FindCoordinator(state.find_coordinator(&asked, version)),
        Ask::Heartbeat(asked) => Tell::Heartbeat(state.heartbeat(&asked)),
        Ask::LeaveGroup(asked) => Tell::LeaveGroup(state.leave_group(&asked, version)),
        Ask::OffsetCommit(asked) => Tell::OffsetCommit(state.offset_commit(&asked)),
        Ask::OffsetFetch(asked) => Tell::OffsetFetch(state.offset_fetch(&asked, version)),
        Ask::OffsetDelete(asked) => Tell::OffsetDelete(state.offset_delete(&asked)),
        Ask::ListGroups(asked) => Tell::ListGroups(state.list_groups(&asked)),
        Ask::DescribeGroups(asked) => Tell::DescribeGroups(state.describe_groups(&asked, version)),
        Ask::DeleteGroups(asked) => Tell::DeleteGroups(state.delete_groups(&asked)),
        Ask::InitProducerId(asked) => Tell::InitProducerId(state.init_producer_id(&asked, version)),
        Ask::AddPartitionsToTxn(asked) => {
            Tell::AddPartitionsToTxn(state.add_partitions_to_txn(&asked, version))
        }
        Ask::AddOffsetsToTxn(asked) => Tell::AddOffsetsToTxn(state.add_offsets_to_txn(&asked, version)),
        Ask::EndTxn(asked) => Tell::EndTxn(state.end_txn(&asked, version)),
        Ask::TxnOffsetCommit(asked) => Tell::TxnOffsetCommit(state.txn_offset_commit(&asked, version)),
        Ask::ListTransactions(asked) => Tell::ListTransactions(state.list_transactions(&asked)),
        Ask::DescribeTransactions(asked) => Tell::DescribeTransactions(state.describe_transactions(&asked)),
        _ => return None,
    };
    Some(Reply::Now(Box::new(response)))
}
