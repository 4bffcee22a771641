//! What was read of partitions and asked about them, as it stands in a line.

use serde::{Deserialize, Serialize};
use whither_core::{Name, Offset, fact};

use super::facts::{Around, Body, is_none, none, words};
use super::values::{Hash, Id, Place, When};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounds {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    #[serde(default, skip_serializing_if = "Id::is_unknown")]
    topic_id: Id,
    log_start: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_start: Option<Offset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_stable: Option<Offset>,
    end: Offset,
    #[serde(default = "none", skip_serializing_if = "is_none")]
    leader_epoch: i32,
}

impl Body for Bounds {
    type Core = fact::Bounds;

    fn of(core: &fact::Bounds, around: &Around<'_>) -> Bounds {
        let fact::Bounds { at, topic_id, log_start, local_start, last_stable, end, leader_epoch } = *core;
        Bounds {
            at: around.unless_now(at),
            topic_id: Id(topic_id),
            log_start,
            local_start: (local_start != log_start).then_some(local_start),
            last_stable: (last_stable != end).then_some(last_stable),
            end,
            leader_epoch,
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Bounds, &'static str> {
        Ok(fact::Bounds {
            at: around.or_now(self.at),
            topic_id: self.topic_id.0,
            log_start: self.log_start,
            local_start: self.local_start.unwrap_or(self.log_start),
            last_stable: self.last_stable.unwrap_or(self.end),
            end: self.end,
            leader_epoch: self.leader_epoch,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reading {
    #[serde(default, skip_serializing_if = "Id::is_unknown")]
    topic_id: Id,
    from: Offset,
}

impl Body for Reading {
    type Core = fact::Reading;

    fn of(core: &fact::Reading, _: &Around<'_>) -> Reading {
        let fact::Reading { topic_id, from } = *core;
        Reading { topic_id: Id(topic_id), from }
    }

    fn core(self, _: &Around<'_>) -> Result<fact::Reading, &'static str> {
        Ok(fact::Reading { topic_id: self.topic_id.0, from: self.from })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    base: Offset,
    last: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(default = "none", skip_serializing_if = "is_none")]
    leader_epoch: i32,
    #[serde(default = "none", skip_serializing_if = "is_none")]
    producer_id: i64,
    #[serde(default = "none", skip_serializing_if = "is_none")]
    producer_epoch: i16,
    #[serde(default = "none", skip_serializing_if = "is_none")]
    base_sequence: i32,
    #[serde(default, skip_serializing_if = "super::facts::is_off")]
    transactional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_at: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_at: Option<When>,
    #[serde(default, skip_serializing_if = "no_bytes")]
    bytes: u32,
}

impl Body for Batch {
    type Core = fact::Batch;

    fn of(core: &fact::Batch, around: &Around<'_>) -> Batch {
        let fact::Batch {
            base,
            last,
            count,
            leader_epoch,
            producer_id,
            producer_epoch,
            base_sequence,
            transactional,
            first_at,
            max_at,
            bytes,
        } = *core;
        Batch {
            base,
            last,
            count: (dense(base, last) != Some(count)).then_some(count),
            leader_epoch,
            producer_id,
            producer_epoch,
            base_sequence,
            transactional,
            first_at: around.unless_now(first_at),
            max_at: (max_at != first_at).then_some(When(max_at)),
            bytes,
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Batch, &'static str> {
        let first_at = around.or_now(self.first_at);
        let count = self.count.or_else(|| dense(self.base, self.last));
        Ok(fact::Batch {
            base: self.base,
            last: self.last,
            count: count.ok_or("`count` can be left out only where it is last - base + 1")?,
            leader_epoch: self.leader_epoch,
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            base_sequence: self.base_sequence,
            transactional: self.transactional,
            first_at,
            max_at: self.max_at.map_or(first_at, |When(at)| at),
            bytes: self.bytes,
        })
    }
}

/// The records of a batch that has one at each offset.
fn dense(base: Offset, last: Offset) -> Option<u32> {
    u32::try_from(last.checked_sub(base)?.checked_add(1)?).ok()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn no_bytes(bytes: &u32) -> bool {
    *bytes == 0
}

words!(MarkerKind = fact::MarkerKind { Commit, Abort, Other });

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marker {
    offset: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    #[serde(default = "none", skip_serializing_if = "is_none")]
    producer_id: i64,
    #[serde(default = "none", skip_serializing_if = "is_none")]
    producer_epoch: i16,
    kind: MarkerKind,
}

impl Body for Marker {
    type Core = fact::Marker;

    fn of(core: &fact::Marker, around: &Around<'_>) -> Marker {
        let fact::Marker { offset, at, producer_id, producer_epoch, kind } = *core;
        Marker { offset, at: around.unless_now(at), producer_id, producer_epoch, kind: kind.into() }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Marker, &'static str> {
        Ok(fact::Marker {
            offset: self.offset,
            at: around.or_now(self.at),
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            kind: self.kind.into(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opened {
    from: Offset,
    to: Offset,
    present: Vec<(Offset, Offset)>,
}

impl Body for Opened {
    type Core = fact::Opened;

    fn of(core: &fact::Opened, _: &Around<'_>) -> Opened {
        let fact::Opened { from, to, present } = core;
        Opened { from: *from, to: *to, present: present.clone() }
    }

    fn core(self, _: &Around<'_>) -> Result<fact::Opened, &'static str> {
        Ok(fact::Opened { from: self.from, to: self.to, present: self.present })
    }
}

words!(WhyUnread = fact::WhyUnread { Deadline, Tiered, Unauthorized, Unreachable, Gone, NotOpened });

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unread {
    from: Offset,
    to: Offset,
    why: WhyUnread,
}

impl Body for Unread {
    type Core = fact::Unread;

    fn of(core: &fact::Unread, _: &Around<'_>) -> Unread {
        let fact::Unread { from, to, why } = *core;
        Unread { from, to, why: why.into() }
    }

    fn core(self, _: &Around<'_>) -> Result<fact::Unread, &'static str> {
        Ok(fact::Unread { from: self.from, to: self.to, why: self.why.into() })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Corrupt {
    from: Offset,
    to: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
}

impl Body for Corrupt {
    type Core = fact::Corrupt;

    fn of(core: &fact::Corrupt, around: &Around<'_>) -> Corrupt {
        let fact::Corrupt { from, to, at } = *core;
        Corrupt { from, to, at: around.unless_now(at) }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Corrupt, &'static str> {
        Ok(fact::Corrupt { from: self.from, to: self.to, at: around.or_now(self.at) })
    }
}

words!(Role = fact::Role { Retry, DeadLetter });
words!(Convention = fact::Convention { Connect, Spring, Streams, Share, Mapped });

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadLetter {
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<Place>,
    offset: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_hash: Option<Hash>,
    role: Role,
    convention: Convention,
    origin: Place,
    origin_offset: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_at: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<String>,
}

impl Body for DeadLetter {
    type Core = fact::DeadLetter;

    fn of(core: &fact::DeadLetter, around: &Around<'_>) -> DeadLetter {
        let fact::DeadLetter {
            partition,
            offset,
            at,
            key_hash,
            role,
            convention,
            origin,
            origin_offset,
            origin_at,
            group,
            connector,
            stage,
            exception,
        } = core;
        let text = |name: &Option<Name>| name.as_ref().map(ToString::to_string);
        DeadLetter {
            partition: (partition != around.partition).then(|| Place(partition.clone())),
            offset: *offset,
            at: around.unless_now(*at),
            key_hash: key_hash.map(Hash),
            role: (*role).into(),
            convention: (*convention).into(),
            origin: Place(origin.clone()),
            origin_offset: *origin_offset,
            origin_at: origin_at.map(When),
            group: text(group),
            connector: text(connector),
            stage: text(stage),
            exception: text(exception),
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::DeadLetter, &'static str> {
        Ok(fact::DeadLetter {
            partition: self.partition.map_or_else(|| around.partition.clone(), |Place(p)| p),
            offset: self.offset,
            at: around.or_now(self.at),
            key_hash: self.key_hash.map(|Hash(hash)| hash),
            role: self.role.into(),
            convention: self.convention.into(),
            origin: self.origin.0,
            origin_offset: self.origin_offset,
            origin_at: self.origin_at.map(|When(at)| at),
            group: self.group.map(Name::from),
            connector: self.connector.map(Name::from),
            stage: self.stage.map(Name::from),
            exception: self.exception.map(Name::from),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    offset: Offset,
    exists: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_hash: Option<Hash>,
}

impl Body for Record {
    type Core = fact::Record;

    fn of(core: &fact::Record, around: &Around<'_>) -> Record {
        let fact::Record { offset, exists, at, key_hash } = *core;
        Record { offset, exists, at: around.unless_now(at), key_hash: key_hash.map(Hash) }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Record, &'static str> {
        Ok(fact::Record {
            offset: self.offset,
            exists: self.exists,
            at: around.or_now(self.at),
            key_hash: self.key_hash.map(|Hash(hash)| hash),
        })
    }
}
