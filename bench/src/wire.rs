//! The few requests that prepare a cluster: topics, and commits that no client library would make so fast.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    CreateTopicsRequest, FindCoordinatorRequest, GroupId, OffsetCommitRequest, RequestHeader, ResponseHeader,
    TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

use crate::error::Error;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);
const CREATE_TOPICS: i16 = 7;
const FIND_COORDINATOR: i16 = 4;
/// The last version that names topics; the next one wants their ids.
const OFFSET_COMMIT: i16 = 9;

/// One blocking connection.
pub(crate) struct Wire {
    address: String,
    socket: TcpStream,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// Nothing listens there.
    pub(crate) fn connect(address: &str) -> Result<Self, Error> {
        let failed = |source| Error::Wire { address: address.into(), what: "connecting", source };
        let socket = TcpStream::connect(address).map_err(failed)?;
        socket.set_nodelay(true).map_err(failed)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        Ok(Self { address: address.into(), socket })
    }

    /// Creates topics of `partitions` each.
    ///
    /// # Errors
    /// The broker refuses one.
    pub(crate) fn create_topics(&mut self, names: &[String], partitions: u32) -> Result<(), Error> {
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        let config = |name: &'static str, value: &'static str| {
            CreatableTopicConfig::default()
                .with_name(StrBytes::from_static_str(name))
                .with_value(Some(StrBytes::from_static_str(value)))
        };
        let topics = names.iter().map(|name| {
            CreatableTopic::default()
                .with_name(topic_name(name))
                .with_num_partitions(partitions)
                .with_replication_factor(1)
                .with_configs(vec![config("retention.ms", "-1")])
        });
        let request = CreateTopicsRequest::default().with_topics(topics.collect()).with_timeout_ms(60_000);
        let answer = self.ask("CreateTopics", CREATE_TOPICS, &request)?;
        refused("CreateTopics", answer.topics.iter().map(|t| t.error_code))
    }

    /// Waits until groups can commit: the first look-up makes `__consumer_offsets`.
    ///
    /// # Errors
    /// It is not there within a minute.
    pub(crate) fn await_coordinator(&mut self, groups: &[String]) -> Result<(), Error> {
        let until = Instant::now() + PATIENCE;
        loop {
            let keys = groups.iter().map(|g| StrBytes::from_string(g.clone())).collect();
            let request = FindCoordinatorRequest::default().with_coordinator_keys(keys);
            let answer = self.ask("FindCoordinator", FIND_COORDINATOR, &request)?;
            let told = refused("FindCoordinator", answer.coordinators.iter().map(|c| c.error_code));
            if told.is_ok() || Instant::now() > until {
                return told;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Commits `offset` of every partition of every topic in one request, as a member of nothing.
    ///
    /// # Errors
    /// The coordinator refuses, for longer than it needs to load its groups.
    pub(crate) fn commit(
        &mut self,
        group: &str,
        topics: &[String],
        partitions: u32,
        offset: i64,
    ) -> Result<(), Error> {
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        let one = |p| {
            OffsetCommitRequestPartition::default()
                .with_partition_index(p)
                .with_committed_offset(offset)
                .with_committed_leader_epoch(0)
                .with_committed_metadata(Some(StrBytes::default()))
        };
        let topics = topics.iter().map(|name| {
            OffsetCommitRequestTopic::default()
                .with_name(topic_name(name))
                .with_partitions((0..partitions).map(one).collect())
        });
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(StrBytes::from_string(group.to_owned())))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(topics.collect());
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask("OffsetCommit", OFFSET_COMMIT, &request)?;
            let codes = answer.topics.iter().flat_map(|t| &t.partitions).map(|p| p.error_code);
            let told = refused("OffsetCommit", codes);
            if told.is_ok() || Instant::now() > until {
                return told;
            }
            thread::sleep(PAUSE);
        }
    }

    fn ask<R: Request>(
        &mut self,
        what: &'static str,
        version: i16,
        request: &R,
    ) -> Result<R::Response, Error> {
        let address = self.address.clone();
        self.exchange(version, request).map_err(|source| Error::Wire { address, what, source })
    }

    fn exchange<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_client_id(Some(StrBytes::from_static_str("bench")));
        let mut body = BytesMut::new();
        header.encode(&mut body, R::header_version(version)).map_err(io::Error::other)?;
        request.encode(&mut body, version).map_err(io::Error::other)?;
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        self.socket.write_all(&length.to_be_bytes())?;
        self.socket.write_all(&body)?;
        let mut length = [0; 4];
        self.socket.read_exact(&mut length)?;
        let mut answer = Vec::new();
        let announced = u64::from(u32::from_be_bytes(length));
        (&mut self.socket).take(announced).read_to_end(&mut answer)?;
        let mut answer = Bytes::from(answer);
        ResponseHeader::decode(&mut answer, R::Response::header_version(version))
            .map_err(io::Error::other)?;
        R::Response::decode(&mut answer, version).map_err(io::Error::other)
    }
}

fn refused(what: &'static str, codes: impl Iterator<Item = i16>) -> Result<(), Error> {
    codes.into_iter().find(|code| *code != 0).map_or(Ok(()), |code| Err(Error::Refused { what, code }))
}

fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}
