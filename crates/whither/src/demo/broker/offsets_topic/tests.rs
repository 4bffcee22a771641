//! Against records that a Kafka 4.3.1 wrote: a group's whole life, byte for byte.
use std::collections::BTreeMap;
use std::fmt::Write;

use bytes::Bytes;

use super::*;
use crate::demo::broker::dispatch::Client;
use crate::demo::broker::groups::{Answer, Join, Leaver, Sync};

const MEMBER: &str = "cc-0ca84dd2-066c-45dd-a3a1-f3b0a69604ea";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn unhex(text: &str) -> Bytes {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

/// The only record, as (key, value).
fn written(group: &mut Group) -> (String, String) {
    let records = group.take_records();
    assert_eq!(records.len(), 1, "{records:?}");
    (hex(records[0].key.as_deref().unwrap()), records[0].value.as_deref().map(hex).unwrap_or_default())
}

fn committed(at_ms: i64, leader_epoch: i32, metadata: &str, topic_id: Option<&str>) -> Committed {
    Committed {
        offset: 11,
        leader_epoch,
        metadata: metadata.to_owned(),
        committed_ms: at_ms,
        expires_ms: None,
        topic_id: topic_id.map(|id| uuid::Uuid::from_slice(&unhex(id)).unwrap()),
    }
}

fn join() -> Join {
    Join {
        version: 3,
        client: Client { id: "cc".to_owned(), host: "/127.0.0.1".to_owned() },
        member_id: String::new(),
        new_member_id: MEMBER.to_owned(),
        instance_id: None,
        rebalance_timeout_ms: 300_000,
        session_timeout_ms: 6_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), unhex("00030000000100027431ffffffff00000000ffffffffffff"))],
        max_members: 10,
    }
}

#[test]
fn a_group_from_its_first_member_to_its_last() {
    let mut group = Group::new("g-classic", 0x01a1_fc17_e902, 0);
    group.record_metadata();
    let key = "00020009672d636c6173736963";
    assert_eq!(
        written(&mut group),
        (key.to_owned(), "0003000000000000ffffffff000001a1fc17e90200000000".to_owned())
    );

    let Answer::Later(mut joined) = group.join(&join(), 0x01a1_fc17_e905) else { panic!("refused") };
    assert_eq!(joined.try_recv().unwrap().generation_id, 1);
    assert!(group.take_records().is_empty(), "nothing is written before the leader has assigned");
    let sync = Sync {
        member_id: MEMBER.to_owned(),
        instance_id: None,
        generation: 1,
        protocol_type: None,
        protocol: None,
        assignments: BTreeMap::from([(
            MEMBER.to_owned(),
            unhex("00030000000100027431000000020000000000000001ffffffff"),
        )]),
    };
    assert!(matches!(group.sync(sync, 0x01a1_fc17_e910), Answer::Later(_)));
    let stable = "00030008636f6e73756d657200000001000572616e6765002763632d30636138346464322d303636632d343564642d613361312d663362306136393630346561000001a1fc17e91000000001002763632d30636138346464322d303636632d343564642d613361312d663362306136393630346561ffff00026363000a2f3132372e302e302e31000493e0000017700000001800030000000100027431ffffffff00000000ffffffffffff0000001a00030000000100027431000000020000000000000001ffffffff";
    assert_eq!(written(&mut group), (key.to_owned(), stable.to_owned()));

    group.commit("t1", 1, committed(0x01a1_fc17_e98c, 0, "", Some("d9ef8a430b444291862e896bf838282e")));
    let commit = (
        "00010009672d636c61737369630002743100000001",
        "0004000000000000000b0000000001000001a1fc17e98c010010d9ef8a430b444291862e896bf838282e",
    );
    assert_eq!(written(&mut group), (commit.0.to_owned(), commit.1.to_owned()));

    let leaver = Leaver { member_id: MEMBER.to_owned(), instance_id: None };
    assert_eq!(group.leave(&[leaver], 0x01a1_fc17_f173), [Ok(())]);
    let empty = "00030008636f6e73756d657200000002ffffffff000001a1fc17f17300000000";
    assert_eq!(written(&mut group), (key.to_owned(), empty.to_owned()));

    assert_eq!(group.drop_offsets(|_, _, _| true), 1);
    group.record_end();
    let ends: Vec<_> = group.take_records();
    let keys: Vec<String> = ends.iter().map(|record| hex(record.key.as_deref().unwrap())).collect();
    assert_eq!(keys, [commit.0, key]);
    assert!(ends.iter().all(|record| record.value.is_none()));
}

#[test]
fn a_transactional_commit_has_no_topic_id() {
    let mut group = Group::new("g-tx", 0, 0);
    group.commit_pending(0, "t1", 1, committed(0x01a1_fc18_2f66, -1, "tx-meta", None));
    let expected = (
        "00010004672d74780002743100000001",
        "0004000000000000000bffffffff0874782d6d657461000001a1fc182f6600",
    );
    assert_eq!(written(&mut group), (expected.0.to_owned(), expected.1.to_owned()));
}

#[test]
fn groups_lie_where_kafka_puts_them() {
    let seen = [
        ("g-848", 0),
        ("g-share", 0),
        ("g-tx", 0),
        ("g-classic", 1),
        ("g-txa", 1),
        ("console-consumer-17416", 1),
        ("app-sg", 2),
        ("g-txh", 2),
        ("console-consumer-54284", 2),
    ];
    for (group, partition) in seen {
        assert_eq!(partition_of(group, 3), partition, "{group}");
    }
    assert_eq!(partition_of("polygenelubricants", 50), 0, "a hash of i32::MIN");
}
