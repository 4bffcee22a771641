//! What groups did and how they are described, as it stands in a line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use whither_core::{Name, Offset, Partition, fact};

use super::facts::{Around, Body, is_none, is_off, none, words};
use super::values::{Id, Place, When};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commit {
    source_offset: Offset,
    group: String,
    partition: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<i64>,
    #[serde(default, skip_serializing_if = "is_off")]
    of_letters: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<Offset>,
    #[serde(default = "none", skip_serializing_if = "is_none")]
    leader_epoch: i32,
    #[serde(default, skip_serializing_if = "Id::is_unknown")]
    topic_id: Id,
    #[serde(default, skip_serializing_if = "is_off")]
    tombstone: bool,
}

impl Body for Commit {
    type Core = fact::Commit;

    fn of(core: &fact::Commit, around: &Around<'_>) -> Commit {
        let fact::Commit { source_offset, group, partition, at, seen, transaction, of_letters, value } = core;
        let (offset, leader_epoch, topic_id) = match *value {
            Some(fact::CommitValue { offset, leader_epoch, topic_id }) => {
                (Some(offset), leader_epoch, Id(topic_id))
            }
            None => (None, none(), Id::default()),
        };
        Commit {
            source_offset: *source_offset,
            group: group.to_string(),
            partition: Place(partition.clone()),
            at: around.unless_now(*at),
            seen: around.unless_now(*seen),
            transaction: *transaction,
            of_letters: *of_letters,
            offset,
            leader_epoch,
            topic_id,
            tombstone: offset.is_none(),
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Commit, &'static str> {
        let value = match (self.offset, self.tombstone) {
            (Some(offset), false) => {
                Some(fact::CommitValue { offset, leader_epoch: self.leader_epoch, topic_id: self.topic_id.0 })
            }
            (None, true) if is_none(&self.leader_epoch) && self.topic_id.is_unknown() => None,
            _ => return Err("a commit has either `offset`, or `tombstone` and nothing of a value"),
        };
        Ok(fact::Commit {
            source_offset: self.source_offset,
            group: Name::from(self.group),
            partition: self.partition.0,
            at: around.or_now(self.at),
            seen: around.or_now(self.seen),
            transaction: self.transaction,
            of_letters: self.of_letters,
            value,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    member_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    client_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    host: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    assigned: Vec<Place>,
}

impl Member {
    fn of(core: &fact::Member) -> Member {
        let fact::Member { member_id, client_id, host, assigned } = core;
        Member {
            member_id: member_id.to_string(),
            client_id: client_id.to_string(),
            host: host.to_string(),
            assigned: places(assigned),
        }
    }

    fn core(self) -> fact::Member {
        fact::Member {
            member_id: Name::from(self.member_id),
            client_id: Name::from(self.client_id),
            host: Name::from(self.host),
            assigned: partitions(self.assigned),
        }
    }
}

fn places(partitions: &[Partition]) -> Vec<Place> {
    partitions.iter().cloned().map(Place).collect()
}

fn partitions(places: Vec<Place>) -> Vec<Partition> {
    places.into_iter().map(|Place(partition)| partition).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    source_offset: Offset,
    group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<Member>>,
    #[serde(default, skip_serializing_if = "is_off")]
    tombstone: bool,
}

impl Body for Members {
    type Core = fact::Members;

    fn of(core: &fact::Members, around: &Around<'_>) -> Members {
        let fact::Members { source_offset, group, at, members } = core;
        Members {
            source_offset: *source_offset,
            group: group.to_string(),
            at: around.unless_now(*at),
            members: members.as_ref().map(|all| all.iter().map(Member::of).collect()),
            tombstone: members.is_none(),
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Members, &'static str> {
        if self.members.is_some() == self.tombstone {
            return Err("either `members` ([] where none is left), or `tombstone` where the group is gone");
        }
        Ok(fact::Members {
            source_offset: self.source_offset,
            group: Name::from(self.group),
            at: around.or_now(self.at),
            members: self.members.map(|all| all.into_iter().map(Member::core).collect()),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Change {
    Joined {
        #[serde(default, skip_serializing_if = "String::is_empty")]
        client_id: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        host: String,
    },
    Assigned(Vec<Place>),
    Left,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberChange {
    source_offset: Offset,
    group: String,
    member_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    change: Change,
}

impl Body for MemberChange {
    type Core = fact::MemberChange;

    fn of(core: &fact::MemberChange, around: &Around<'_>) -> MemberChange {
        let fact::MemberChange { source_offset, group, member_id, at, change } = core;
        let change = match change {
            fact::Change::Joined { client_id, host } => {
                Change::Joined { client_id: client_id.to_string(), host: host.to_string() }
            }
            fact::Change::Assigned(to) => Change::Assigned(places(to)),
            fact::Change::Left => Change::Left,
        };
        MemberChange {
            source_offset: *source_offset,
            group: group.to_string(),
            member_id: member_id.to_string(),
            at: around.unless_now(*at),
            change,
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::MemberChange, &'static str> {
        let change = match self.change {
            Change::Joined { client_id, host } => {
                fact::Change::Joined { client_id: Name::from(client_id), host: Name::from(host) }
            }
            Change::Assigned(to) => fact::Change::Assigned(partitions(to)),
            Change::Left => fact::Change::Left,
        };
        Ok(fact::MemberChange {
            source_offset: self.source_offset,
            group: Name::from(self.group),
            member_id: Name::from(self.member_id),
            at: around.or_now(self.at),
            change,
        })
    }
}

words!(GroupState = fact::GroupState { Empty, Stable, Rebalancing, Dead, Unknown });
words!(GroupKind = fact::GroupKind { Classic, Consumer, OtherClassic, Share, Streams });

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    group: String,
    state: GroupState,
    kind: GroupKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<Member>,
    #[serde(default, skip_serializing_if = "is_off")]
    subscribed: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    expected: bool,
}

impl Body for Group {
    type Core = fact::Group;

    fn of(core: &fact::Group, around: &Around<'_>) -> Group {
        let fact::Group { at, group, state, kind, member, subscribed, expected } = core;
        Group {
            at: around.unless_now(*at),
            group: group.to_string(),
            state: (*state).into(),
            kind: (*kind).into(),
            member: member.as_deref().map(Member::of),
            subscribed: *subscribed,
            expected: *expected,
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Group, &'static str> {
        Ok(fact::Group {
            at: around.or_now(self.at),
            group: Name::from(self.group),
            state: self.state.into(),
            kind: self.kind.into(),
            member: self.member.map(|m| Arc::new(m.core())),
            subscribed: self.subscribed,
            expected: self.expected,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharePosition {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    group: String,
    #[serde(default, skip_serializing_if = "Id::is_unknown")]
    topic_id: Id,
    start: Offset,
    settled: u64,
}

impl Body for SharePosition {
    type Core = fact::SharePosition;

    fn of(core: &fact::SharePosition, around: &Around<'_>) -> SharePosition {
        let fact::SharePosition { at, group, topic_id, start, settled } = core;
        SharePosition {
            at: around.unless_now(*at),
            group: group.to_string(),
            topic_id: Id(*topic_id),
            start: *start,
            settled: *settled,
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::SharePosition, &'static str> {
        Ok(fact::SharePosition {
            at: around.or_now(self.at),
            group: Name::from(self.group),
            topic_id: self.topic_id.0,
            start: self.start,
            settled: self.settled,
        })
    }
}
