//! Records laid out as Kafka 4.3.1 and older brokers write them, and what must be read from them.

use uuid::Uuid;
use whither_kafka::coordinator::{
    Assigned, Assignment, ClassicGroup, ClassicMember, CoordinatorError, CoordinatorFault, CoordinatorRecord,
    CurrentAssignment, GroupKind, Member, OffsetCommit, Part, Subscription, TargetEpoch, Tasks,
    TopicIdPartitions, TopicPartitions,
};

const TOPIC_ID: [u8; 16] = *b"\xd9\x01\x02\x03\x04\x05\x46\x07\x88\x09\x0a\x0b\x0c\x0d\x0e\x0f";
const AT: i64 = 1_795_230_787_980;

/// Writes Kafka's primitive types; `compact` ones are those of flexible versions.
#[derive(Clone, Default)]
pub(crate) struct Bytes(Vec<u8>);

impl Bytes {
    pub(crate) fn i8(self, value: i8) -> Self {
        self.raw(&value.to_be_bytes())
    }
    pub(crate) fn i16(self, value: i16) -> Self {
        self.raw(&value.to_be_bytes())
    }
    pub(crate) fn i32(self, value: i32) -> Self {
        self.raw(&value.to_be_bytes())
    }
    pub(crate) fn i64(self, value: i64) -> Self {
        self.raw(&value.to_be_bytes())
    }
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
    pub(crate) fn string(self, text: &str) -> Self {
        self.i16(i16::try_from(text.len()).unwrap()).raw(text.as_bytes())
    }
    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        self.i32(i32::try_from(bytes.len()).unwrap()).raw(bytes)
    }
    pub(crate) fn uvarint(mut self, mut value: usize) -> Self {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
        self
    }
    pub(crate) fn compact(self, text: &str) -> Self {
        self.compact_bytes(text.as_bytes())
    }
    pub(crate) fn compact_bytes(self, bytes: &[u8]) -> Self {
        self.uvarint(bytes.len() + 1).raw(bytes)
    }
    /// A compact array's count, or a compact string that is null (0).
    pub(crate) fn count(self, count: usize) -> Self {
        self.uvarint(count + 1)
    }
    pub(crate) fn null(self) -> Self {
        self.uvarint(0)
    }
    pub(crate) fn no_tags(self) -> Self {
        self.uvarint(0)
    }
    pub(crate) fn tag(self, tag: usize, bytes: &[u8]) -> Self {
        self.uvarint(1).uvarint(tag).uvarint(bytes.len()).raw(bytes)
    }
    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

pub(crate) fn version(version: i16) -> Bytes {
    Bytes::default().i16(version)
}

/// A key: its type, then strings.
pub(crate) fn key(record_type: i16, strings: &[&str]) -> Vec<u8> {
    strings.iter().fold(Bytes::default().i16(record_type), |key, text| key.string(text)).done()
}

pub(crate) fn offset_key(record_type: i16) -> Vec<u8> {
    Bytes::default().i16(record_type).string("billing").string("orders").i32(3).done()
}

fn decode<'a>(key: &'a [u8], value: &'a [u8]) -> CoordinatorRecord<'a> {
    CoordinatorRecord::decode(key, Some(value)).unwrap()
}

fn commit(value: &[u8]) -> OffsetCommit<'_> {
    let key = offset_key(1).leak();
    let CoordinatorRecord::Offset { group, topic, partition, commit } = decode(key, value) else { panic!() };
    assert_eq!((group, topic, partition), ("billing", "orders", 3));
    commit.unwrap()
}

#[test]
fn commits_of_every_version() {
    let expected = OffsetCommit {
        offset: 88_210,
        leader_epoch: None,
        metadata: "note",
        commit_timestamp_ms: AT,
        expire_timestamp_ms: None,
        topic_id: None,
    };
    let v0 = version(0).i64(88_210).string("note").i64(AT).done();
    assert_eq!(commit(&v0), expected);
    let v1 = version(1).i64(88_210).string("note").i64(AT).i64(AT + 60_000).done();
    assert_eq!(commit(&v1), OffsetCommit { expire_timestamp_ms: Some(AT + 60_000), ..expected });
    let v1 = version(1).i64(88_210).string("note").i64(AT).i64(-1).done();
    assert_eq!(commit(&v1), expected);
    let v2 = version(2).i64(88_210).string("note").i64(AT).done();
    assert_eq!(commit(&v2), expected);
    let v3 = version(3).i64(88_210).i32(6).string("note").i64(AT).done();
    assert_eq!(commit(&v3), OffsetCommit { leader_epoch: Some(6), ..expected });
    let v4 = version(4).i64(88_210).i32(6).compact("note").i64(AT).tag(0, &TOPIC_ID).done();
    let topic_id = Some(Uuid::from_bytes(TOPIC_ID));
    assert_eq!(commit(&v4), OffsetCommit { leader_epoch: Some(6), topic_id, ..expected });
    // A transactional commit: no epoch, no topic id.
    let v4 = version(4).i64(88_210).i32(-1).compact("note").i64(AT).no_tags().done();
    assert_eq!(commit(&v4), expected);
}

#[test]
fn a_commit_byte_for_byte() {
    let key = b"\x00\x01\x00\x07billing\x00\x06orders\x00\x00\x00\x03";
    let value = b"\x00\x04\x00\x00\x00\x00\x00\x01\x58\x92\x00\x00\x00\x06\x01\x00\x00\x01\xa1\xfc\x17\xe9\x8c\x01\x00\x10\
        \xd9\x01\x02\x03\x04\x05\x46\x07\x88\x09\x0a\x0b\x0c\x0d\x0e\x0f";
    let CoordinatorRecord::Offset { group: "billing", topic: "orders", partition: 3, commit: Some(commit) } =
        decode(key, value)
    else {
        panic!()
    };
    assert_eq!((commit.offset, commit.leader_epoch, commit.metadata), (88_210, Some(6), ""));
    assert_eq!((commit.commit_timestamp_ms, commit.topic_id), (AT, Some(Uuid::from_bytes(TOPIC_ID))));
}

#[test]
fn metadata_longer_than_one_length_byte_and_tags_of_tomorrow() {
    let long = "AgAAAah8GMcp".repeat(300);
    let value = version(4).i64(1).i32(0).compact(&long).i64(AT);
    let value =
        value.uvarint(2).uvarint(0).uvarint(16).raw(&TOPIC_ID).uvarint(9).uvarint(3).raw(b"new").done();
    assert_eq!(commit(&value).metadata, long);
    assert_eq!(commit(&value).topic_id, Some(Uuid::from_bytes(TOPIC_ID)));
}

#[test]
fn tombstones_of_every_type() {
    for record_type in 0..=24 {
        let key = match record_type {
            0 | 1 => offset_key(record_type),
            _ => key(record_type, &["billing", "member"]),
        };
        let record = CoordinatorRecord::decode(&key, None).unwrap();
        assert_eq!(record.group_id(), Some("billing"));
        let is_tombstone = match record {
            CoordinatorRecord::Offset { commit, .. } => commit.is_none(),
            CoordinatorRecord::ClassicGroup { state, .. } => state.is_none(),
            CoordinatorRecord::Group { epoch, .. } => epoch.is_none(),
            CoordinatorRecord::Member { member, member_id, .. } => member.is_none() && member_id == "member",
            CoordinatorRecord::Target { target, .. } => target.is_none(),
            CoordinatorRecord::TargetMember { assignment, .. } => assignment.is_none(),
            CoordinatorRecord::Current { current, .. } => current.is_none(),
            CoordinatorRecord::ResolvedRegex { topics, regex, .. } => topics.is_none() && regex == "member",
            CoordinatorRecord::Other { is_tombstone, .. } => is_tombstone,
            CoordinatorRecord::Unknown { .. } => false,
        };
        assert!(is_tombstone, "type {record_type}");
    }
}

#[test]
fn a_type_of_tomorrow_is_no_error() {
    for record_type in [25, 99, i16::MAX, -1, i16::MIN] {
        let key = [&record_type.to_be_bytes()[..], b"\xff\xff\xff"].concat();
        let expected = CoordinatorRecord::Unknown { record_type, is_tombstone: false };
        assert_eq!(decode(&key, b""), expected);
        assert_eq!(expected.group_id(), None);
    }
}

/// `ConsumerProtocolSubscription` version 3: topics, user data, owned partitions, generation, rack.
pub(crate) fn subscription() -> Vec<u8> {
    let topics = version(3).i32(2).string("orders").string("refunds");
    topics.i32(-1).i32(0).i32(-1).i16(-1).done()
}

/// `ConsumerProtocolAssignment` version 3: partitions by topic, user data.
pub(crate) fn assignment() -> Vec<u8> {
    let orders = version(3).i32(2).string("orders").i32(2).i32(0).i32(2);
    orders.string("refunds").i32(0).i32(-1).done()
}

fn consumer_member() -> ClassicMember<'static> {
    ClassicMember {
        member_id: "billing-1-e5",
        instance_id: Some("static-1"),
        client_id: "billing-1",
        client_host: "/10.0.0.7",
        rebalance_timeout_ms: Some(300_000),
        session_timeout_ms: 45_000,
        subscription: Subscription::Topics(vec!["orders", "refunds"]),
        assignment: Assigned::Partitions(vec![
            TopicPartitions { topic: "orders", partitions: vec![0, 2] },
            TopicPartitions { topic: "refunds", partitions: vec![] },
        ]),
    }
}

/// A classic group with one member, in any non-flexible version.
pub(crate) fn classic(v: i16, protocol_type: &str, subscription: &[u8], assignment: &[u8]) -> Vec<u8> {
    let mut value = version(v).string(protocol_type).i32(12).string("range").string("billing-1-e5");
    if v >= 2 {
        value = value.i64(AT);
    }
    value = value.i32(1).string("billing-1-e5");
    if v >= 3 {
        value = value.string("static-1");
    }
    value = value.string("billing-1").string("/10.0.0.7");
    if v >= 1 {
        value = value.i32(300_000);
    }
    value.i32(45_000).bytes(subscription).bytes(assignment).done()
}

fn group(value: &[u8]) -> ClassicGroup<'_> {
    let key = key(2, &["billing"]).leak();
    let CoordinatorRecord::ClassicGroup { group: "billing", state } = decode(key, value) else { panic!() };
    state.unwrap()
}

#[test]
fn classic_groups_of_every_version() {
    for v in 0..=3 {
        let value = classic(v, "consumer", &subscription(), &assignment());
        let mut member = consumer_member();
        if v < 3 {
            member.instance_id = None;
        }
        if v < 1 {
            member.rebalance_timeout_ms = None;
        }
        let expected = ClassicGroup {
            protocol_type: "consumer",
            generation: 12,
            protocol: Some("range"),
            leader: Some("billing-1-e5"),
            state_timestamp_ms: (v >= 2).then_some(AT),
            members: vec![member],
        };
        assert_eq!(group(&value), expected, "version {v}");
    }
    let value =
        version(4).compact("consumer").i32(12).compact("range").compact("billing-1-e5").i64(AT).count(1);
    let value = value.compact("billing-1-e5").compact("static-1").compact("billing-1").compact("/10.0.0.7");
    let value = value.i32(300_000).i32(45_000).compact_bytes(&subscription()).compact_bytes(&assignment());
    let value = value.no_tags().no_tags().done();
    assert_eq!(group(&value).members, [consumer_member()]);
}

#[test]
fn an_empty_group_has_no_protocol_leader_or_members() {
    let value = version(3).string("").i32(0).i16(-1).i16(-1).i64(AT).i32(0).done();
    let expected = ClassicGroup {
        protocol_type: "",
        generation: 0,
        protocol: None,
        leader: None,
        state_timestamp_ms: Some(AT),
        members: vec![],
    };
    assert_eq!(group(&value), expected);
}

#[test]
fn what_is_no_consumer_protocol_stays_opaque() {
    let connect = group(classic(3, "connect", &subscription(), &assignment()).leak());
    assert!(
        matches!(&connect.members[0].subscription, Subscription::Opaque(bytes) if **bytes == subscription())
    );
    assert!(matches!(&connect.members[0].assignment, Assigned::Opaque(bytes) if **bytes == assignment()));
    // A client that says "consumer" but encodes as it likes loses its own topics, not the group's record.
    let homemade = group(classic(3, "consumer", b"{\"topics\":[]}", b"\0").leak());
    assert_eq!(homemade.members[0].subscription, Subscription::Opaque(b"{\"topics\":[]}"));
    assert_eq!(homemade.members[0].assignment, Assigned::Opaque(b"\0"));
    let joining = group(classic(3, "consumer", &subscription(), b"").leak());
    assert_eq!(joining.members[0].assignment, Assigned::Partitions(vec![]));
}

#[test]
fn group_epochs_of_three_kinds() {
    let kinds = [(3, GroupKind::Consumer), (11, GroupKind::Share), (17, GroupKind::Streams)];
    for (record_type, kind) in kinds {
        let key = key(record_type, &["billing"]);
        let expected = CoordinatorRecord::Group { kind, group: "billing", epoch: Some(9) };
        for rest in [&[0][..], &[1, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8], &[1, 2, 3, 4, 5, 6, 7, 8, 0]] {
            assert_eq!(decode(&key, &version(0).i32(9).raw(rest).done()), expected);
        }
    }
}

fn member() -> Member<'static> {
    Member {
        instance_id: None,
        rack_id: None,
        client_id: "billing-1",
        client_host: "/10.0.0.7",
        subscribed_topics: vec!["orders"],
        subscribed_regex: None,
        rebalance_timeout_ms: Some(300_000),
        speaks_classic_protocol: false,
    }
}

fn read_member(record_type: i16, value: &[u8]) -> (GroupKind, Member<'_>) {
    let key = key(record_type, &["billing", "m1"]).leak();
    match decode(key, value) {
        CoordinatorRecord::Member { kind, group: "billing", member_id: "m1", member: Some(member) } => {
            (kind, member)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn members_of_three_kinds() {
    let consumer = |instance: Bytes, regex: Bytes, tags: Bytes| {
        let value = version(0).raw(&instance.done()).null().compact("billing-1").compact("/10.0.0.7");
        let value = value.count(1).compact("orders").raw(&regex.done()).i32(300_000).null();
        value.raw(&tags.done()).done()
    };
    let none = || Bytes::default().null();
    let empty = || Bytes::default().compact("");
    let plain = consumer(none(), empty(), Bytes::default().tag(0, &[0]));
    assert_eq!(read_member(5, &plain), (GroupKind::Consumer, member()));
    let classic_metadata = Bytes::default().i8(1).i32(45_000).count(0).no_tags().done();
    let migrating = consumer(
        Bytes::default().compact("static-1"),
        Bytes::default().compact("^ord.*"),
        Bytes::default().tag(0, &classic_metadata),
    );
    let expected = Member {
        instance_id: Some("static-1"),
        subscribed_regex: Some("^ord.*"),
        speaks_classic_protocol: true,
        ..member()
    };
    assert_eq!(read_member(5, &migrating).1, expected);

    let share =
        version(0).compact("rack-b").compact("billing-1").compact("/10.0.0.7").count(1).compact("orders");
    let expected = Member { rack_id: Some("rack-b"), rebalance_timeout_ms: None, ..member() };
    assert_eq!(read_member(10, &share.no_tags().done()), (GroupKind::Share, expected));

    let streams = version(0).null().null().compact("billing-1").compact("/10.0.0.7").i32(300_000).i32(0);
    let streams = streams.compact("process-id").i8(-1).count(0).no_tags().done();
    let expected = Member { subscribed_topics: vec![], ..member() };
    assert_eq!(read_member(19, &streams), (GroupKind::Streams, expected));
}

#[test]
fn target_epochs_with_and_without_their_time() {
    for (record_type, kind) in [(6, GroupKind::Consumer), (12, GroupKind::Share), (20, GroupKind::Streams)] {
        let key = key(record_type, &["billing"]);
        let dated = version(0).i32(4).tag(0, &AT.to_be_bytes()).done();
        let undated = version(0).i32(4).no_tags().done();
        for (value, timestamp_ms) in [(dated, Some(AT)), (undated, None)] {
            let target = Some(TargetEpoch { epoch: 4, timestamp_ms });
            assert_eq!(decode(&key, &value), CoordinatorRecord::Target { kind, group: "billing", target });
        }
    }
}

/// One topic with partitions 0 and 5, with or without the epochs of KIP-1251.
pub(crate) fn topics(with_epochs: bool) -> Bytes {
    let topics = Bytes::default().count(1).raw(&TOPIC_ID).count(2).i32(0).i32(5);
    if with_epochs {
        topics.tag(0, &Bytes::default().count(2).i32(2).i32(2).done())
    } else {
        topics.no_tags()
    }
}

fn partitions() -> Assignment<'static> {
    let topic_id = Uuid::from_bytes(TOPIC_ID);
    Assignment::Partitions(vec![TopicIdPartitions { topic_id, partitions: vec![0, 5] }])
}

/// One subtopology with active tasks 0 and 1; one standby task; no warm-up tasks.
pub(crate) fn tasks() -> Bytes {
    let active = Bytes::default().count(1).compact("0").count(2).i32(0).i32(1).no_tags();
    active.count(1).compact("1").count(1).i32(7).no_tags().count(0)
}

fn active() -> Assignment<'static> {
    Assignment::Tasks(vec![Tasks { subtopology: "0", partitions: vec![0, 1] }])
}

#[test]
fn target_assignments_of_members() {
    let of_topics = version(0).raw(&topics(false).done()).no_tags().done();
    let of_tasks = version(0).raw(&tasks().done()).no_tags().done();
    for (record_type, kind, value, expected) in [
        (7, GroupKind::Consumer, &of_topics, partitions()),
        (13, GroupKind::Share, &of_topics, partitions()),
        (21, GroupKind::Streams, &of_tasks, active()),
    ] {
        let key = key(record_type, &["billing", "m1"]);
        let (group, member_id, assignment) = ("billing", "m1", Some(expected));
        assert_eq!(
            decode(&key, value),
            CoordinatorRecord::TargetMember { kind, group, member_id, assignment }
        );
    }
}

#[test]
fn current_assignments_of_members() {
    let head = version(0).i32(3).i32(2).i8(1);
    let none = Assignment::Partitions(vec![]);
    let consumer = head.clone().raw(&topics(true).done()).count(0).no_tags().done();
    let share = head.clone().raw(&topics(false).done()).no_tags().done();
    let streams = head.raw(&tasks().done()).raw(&tasks().done()).no_tags().done();
    for (record_type, kind, value, assigned, pending_revocation) in [
        (8, GroupKind::Consumer, &consumer, partitions(), Some(none)),
        (14, GroupKind::Share, &share, partitions(), None),
        (22, GroupKind::Streams, &streams, active(), Some(active())),
    ] {
        let key = key(record_type, &["billing", "m1"]);
        let current = Some(CurrentAssignment {
            member_epoch: 3,
            previous_member_epoch: 2,
            state: 1,
            assigned,
            pending_revocation,
        });
        let (group, member_id) = ("billing", "m1");
        assert_eq!(decode(&key, value), CoordinatorRecord::Current { kind, group, member_id, current });
    }
}

#[test]
fn a_regex_is_resolved_to_topics() {
    let key = key(16, &["billing", "^ord.*"]);
    let value = version(0).count(2).compact("orders").compact("ordinary").i64(77).i64(AT).no_tags().done();
    let topics = Some(vec!["orders", "ordinary"]);
    let expected = CoordinatorRecord::ResolvedRegex { group: "billing", regex: "^ord.*", topics };
    assert_eq!(decode(&key, &value), expected);
}

fn error(key: &[u8], value: &[u8]) -> CoordinatorError {
    CoordinatorRecord::decode(key, Some(value)).unwrap_err()
}

#[test]
fn errors_name_the_part_the_field_and_the_byte() {
    use CoordinatorFault::{Length, NotUtf8, Truncated, UnknownVersion};
    let value = version(4).i64(1).i32(0).compact("note").i64(AT).no_tags().done();
    let at = |record_type, part, field, at, fault| CoordinatorError { record_type, part, field, at, fault };
    assert_eq!(error(&[0], &value), at(None, Part::Key, "type", 0, Truncated));
    assert_eq!(error(&[0, 1, 0, 9, b'g'], &value), at(Some(1), Part::Key, "group", 2, Truncated));
    assert_eq!(error(&[0, 1, 0xff, 0xff], &value), at(Some(1), Part::Key, "group", 2, Length));
    assert_eq!(error(&[0, 3, 0, 1, 0xff], &value), at(Some(3), Part::Key, "group", 2, NotUtf8));
    let key = offset_key(1);
    assert_eq!(error(&key[..key.len() - 1], &value), at(Some(1), Part::Key, "partition", 19, Truncated));
    assert_eq!(error(&key, &[]), at(Some(1), Part::Value, "version", 0, Truncated));
    assert_eq!(error(&key, &[0, 5]), at(Some(1), Part::Value, "version", 0, UnknownVersion(5)));
    assert_eq!(error(&key, &[0xff, 0xff]), at(Some(1), Part::Value, "version", 0, UnknownVersion(-1)));
    assert_eq!(error(&key, &value[..9]), at(Some(1), Part::Value, "offset", 2, Truncated));
    let null_metadata = version(4).i64(1).i32(0).null().i64(AT).no_tags().done();
    assert_eq!(error(&key, &null_metadata), at(Some(1), Part::Value, "metadata", 14, Length));
    let endless = version(4).i64(1).i32(0).raw(&[0xff; 6]).done();
    assert_eq!(error(&key, &endless), at(Some(1), Part::Value, "metadata", 14, Truncated));
}

#[test]
fn counts_that_lie_allocate_nothing() {
    let members = version(3).string("consumer").i32(1).i16(-1).i16(-1).i64(AT).i32(i32::MAX).done();
    let fault = error(&key(2, &["billing"]), &members);
    assert_eq!((fault.field, fault.fault), ("members", CoordinatorFault::Length));
    let topics = version(0).uvarint(u32::MAX as usize).raw(&[0; 40]).done();
    let fault = error(&key(7, &["billing", "m1"]), &topics);
    assert_eq!((fault.field, fault.fault), ("topic partitions", CoordinatorFault::Length));
    let partitions = version(0).count(1).raw(&TOPIC_ID).uvarint(1_000).raw(&[0; 40]).done();
    assert_eq!(error(&key(7, &["billing", "m1"]), &partitions).field, "partitions");
}

#[test]
fn every_cut_is_an_error_that_says_so() {
    let head = version(0).i32(3).i32(2).i8(1);
    for (key, value) in [
        (offset_key(1), version(4).i64(1).i32(0).compact("note").i64(AT).tag(0, &TOPIC_ID).done()),
        (key(2, &["billing"]), classic(3, "consumer", &subscription(), &assignment())),
        (key(8, &["billing", "m1"]), head.raw(&topics(true).done()).count(0).done()),
        (key(21, &["billing", "m1"]), version(0).raw(&tasks().done()).done()),
    ] {
        for length in 0..value.len() {
            let fault = error(&key, &value[..length]);
            assert_eq!(fault.part, Part::Value);
            assert!(
                fault.at <= length && fault.to_string().contains("ends early")
                    || fault.fault == CoordinatorFault::Length
            );
        }
        assert!(CoordinatorRecord::decode(&key, Some(&value)).is_ok());
    }
}
