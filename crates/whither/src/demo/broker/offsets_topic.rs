//! The records of `__consumer_offsets`, byte for byte as Kafka 4.3 writes them.
//!
//! Keys: `group-coordinator/src/main/resources/common/message/OffsetCommitKey.json` (type 1) and
//! `GroupMetadataKey.json` (type 2). Values: `OffsetCommitValue.json` version 4, flexible, with the topic's id as
//! tag 0 (version 1 where a client asked for its own retention), and `GroupMetadataValue.json` version 3.
use bytes::{BufMut, Bytes, BytesMut};

use super::batch::NewRecord;
use super::groups::{Committed, Group, Member};

/// The topic.
pub(crate) const NAME: &str = "__consumer_offsets";

/// The partition that holds `group`: Java's `String.hashCode`, made positive, modulo `partitions`.
pub(crate) fn partition_of(group: &str, partitions: i32) -> i32 {
    let hash =
        group.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    hash.checked_abs().unwrap_or(0) % partitions.max(1)
}

/// A commit; `None` takes it back (a tombstone).
pub(crate) fn commit(group: &str, topic: &str, partition: i32, committed: Option<&Committed>) -> NewRecord {
    let mut key = BytesMut::new();
    key.put_i16(1);
    put_string(&mut key, group);
    put_string(&mut key, topic);
    key.put_i32(partition);
    NewRecord { key: Some(key.freeze()), value: committed.map(commit_value), ..NewRecord::default() }
}

/// The group as it is now.
pub(crate) fn metadata(group: &Group) -> NewRecord {
    NewRecord {
        key: Some(metadata_key(&group.id)),
        value: Some(metadata_value(group)),
        ..NewRecord::default()
    }
}

/// The group's end.
pub(crate) fn metadata_tombstone(group: &str) -> NewRecord {
    NewRecord { key: Some(metadata_key(group)), ..NewRecord::default() }
}

fn commit_value(committed: &Committed) -> Bytes {
    let mut value = BytesMut::new();
    if let Some(expires_ms) = committed.expires_ms {
        value.put_i16(1);
        value.put_i64(committed.offset);
        put_string(&mut value, &committed.metadata);
        value.put_i64(committed.committed_ms);
        value.put_i64(expires_ms);
        return value.freeze();
    }
    value.put_i16(4);
    value.put_i64(committed.offset);
    value.put_i32(committed.leader_epoch);
    put_unsigned_varint(&mut value, committed.metadata.len() + 1);
    value.put_slice(committed.metadata.as_bytes());
    value.put_i64(committed.committed_ms);
    match committed.topic_id {
        Some(id) => {
            value.put_slice(&[1, 0, 16]);
            value.put_slice(id.as_bytes());
        }
        None => value.put_u8(0),
    }
    value.freeze()
}

fn metadata_key(group: &str) -> Bytes {
    let mut key = BytesMut::new();
    key.put_i16(2);
    put_string(&mut key, group);
    key.freeze()
}

fn metadata_value(group: &Group) -> Bytes {
    let mut value = BytesMut::new();
    value.put_i16(3);
    put_string(&mut value, group.protocol_type.as_deref().unwrap_or_default());
    value.put_i32(group.generation);
    put_nullable_string(&mut value, group.protocol.as_deref());
    put_nullable_string(&mut value, group.leader.as_deref());
    value.put_i64(group.since_ms);
    value.put_i32(i32::try_from(group.members.len()).unwrap_or(i32::MAX));
    for member in group.members.values() {
        put_member(&mut value, member, group.protocol.as_deref().unwrap_or_default());
    }
    value.freeze()
}

fn put_member(value: &mut BytesMut, member: &Member, protocol: &str) {
    put_string(value, &member.id);
    put_nullable_string(value, member.instance_id.as_deref());
    put_string(value, &member.client.id);
    put_string(value, &member.client.host);
    value.put_i32(member.rebalance_timeout_ms);
    value.put_i32(member.session_timeout_ms);
    put_bytes(value, &member.metadata(protocol));
    put_bytes(value, &member.assignment);
}

/// Texts longer than the format allows are refused where they enter; the cut only keeps the record decodable.
fn put_string(out: &mut BytesMut, text: &str) {
    let end = text.floor_char_boundary(usize::from(i16::MAX.cast_unsigned()));
    let text = text.get(..end).unwrap_or_default();
    out.put_i16(i16::try_from(text.len()).unwrap_or(0));
    out.put_slice(text.as_bytes());
}

fn put_nullable_string(out: &mut BytesMut, text: Option<&str>) {
    match text {
        Some(text) => put_string(out, text),
        None => out.put_i16(-1),
    }
}

fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    out.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    out.put_slice(bytes);
}

fn put_unsigned_varint(out: &mut BytesMut, mut value: usize) {
    while value >= 0x80 {
        out.put_u8(low_bits(value) | 0x80);
        value >>= 7;
    }
    out.put_u8(low_bits(value));
}

fn low_bits(value: usize) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or(0)
}

#[cfg(test)]
mod tests;
