//! Records of `__consumer_offsets` to facts.

use std::collections::{HashMap, HashSet};

use whither_core::fact::{Change, Commit, CommitValue, Member, MemberChange, Members};
use whither_core::{Fact, Name, Offset, Partition, Time, TopicId};
use whither_kafka::coordinator::{Assigned, Assignment, ClassicGroup, CoordinatorRecord};

/// Topic names by id: KIP-848 assignments name topics by id only.
#[derive(Clone, Debug, Default)]
pub struct TopicNames {
    by_id: HashMap<u128, Name>,
    of_letters: HashSet<Name>,
}

impl TopicNames {
    /// Adds a topic; `of_letters`: one that dead letters wait in.
    pub fn add(&mut self, id: u128, name: Name, of_letters: bool) {
        if of_letters {
            self.of_letters.insert(name.clone());
        }
        self.by_id.insert(id, name);
    }

    /// The topic's name, if it still exists.
    #[must_use]
    pub fn name(&self, id: u128) -> Option<&Name> {
        self.by_id.get(&id)
    }
}

/// One record's place and circumstances.
#[derive(Clone, Copy, Debug)]
pub struct Coordinator<'a> {
    pub offset: Offset,
    pub at: Time,
    pub seen: Time,
    pub transaction: Option<i64>,
    pub names: &'a TopicNames,
}

impl Coordinator<'_> {
    /// Appends what a record says, if it says anything about positions or members. False if it can't be decoded.
    pub fn fact(&self, key: Option<&[u8]>, value: Option<&[u8]>, out: &mut Vec<Fact>) -> bool {
        let Some(key) = key else { return false };
        let Ok(record) = CoordinatorRecord::decode(key, value) else { return false };
        if let Some(fact) = self.known(record) {
            out.push(fact);
        }
        true
    }

    fn known(&self, record: CoordinatorRecord<'_>) -> Option<Fact> {
        match record {
            CoordinatorRecord::Offset { group, topic, partition, commit } => {
                let at = commit.as_ref().map_or(self.at, |c| Time(c.commit_timestamp_ms));
                let value = commit.map(|c| CommitValue {
                    offset: c.offset,
                    leader_epoch: c.leader_epoch.unwrap_or(-1),
                    topic_id: TopicId(c.topic_id.map_or(0, |id| id.as_u128())),
                });
                Some(Fact::Commit(Commit {
                    source_offset: self.offset,
                    group: group.into(),
                    partition: Partition::new(topic, partition),
                    at,
                    seen: self.seen,
                    transaction: self.transaction,
                    of_letters: self.names.of_letters.contains(topic),
                    value,
                }))
            }
            CoordinatorRecord::ClassicGroup { group, state } => Some(Fact::Members(Members {
                source_offset: self.offset,
                group: group.into(),
                at: self.at,
                members: state.as_ref().map(classic_members),
            })),
            CoordinatorRecord::Member { group, member_id, member, .. } => {
                let change = member.map_or(Change::Left, |m| Change::Joined {
                    client_id: m.client_id.into(),
                    host: host(m.client_host),
                });
                Some(self.change(group, member_id, change))
            }
            CoordinatorRecord::Current { group, member_id, current: Some(current), .. } => {
                let Assignment::Partitions(topics) = current.assigned else { return None };
                let assigned = topics.iter().flat_map(|t| {
                    let name = self.names.name(t.topic_id.as_u128()).cloned();
                    let partitions = if name.is_some() { t.partitions.as_slice() } else { &[] };
                    let name = name.unwrap_or_else(|| Name::from(""));
                    partitions.iter().map(move |p| Partition::new(name.clone(), *p))
                });
                Some(self.change(group, member_id, Change::Assigned(assigned.collect())))
            }
            CoordinatorRecord::Current { .. }
            | CoordinatorRecord::Group { .. }
            | CoordinatorRecord::Target { .. }
            | CoordinatorRecord::TargetMember { .. }
            | CoordinatorRecord::ResolvedRegex { .. }
            | CoordinatorRecord::Other { .. }
            | CoordinatorRecord::Unknown { .. } => None,
        }
    }

    fn change(&self, group: &str, member_id: &str, change: Change) -> Fact {
        Fact::MemberChange(MemberChange {
            source_offset: self.offset,
            group: group.into(),
            member_id: member_id.into(),
            at: self.at,
            change,
        })
    }
}

fn classic_members(group: &ClassicGroup<'_>) -> Vec<Member> {
    let member = |m: &whither_kafka::coordinator::ClassicMember<'_>| {
        let assigned = match &m.assignment {
            Assigned::Partitions(topics) => {
                topics.iter().flat_map(|t| t.partitions.iter().map(|p| Partition::new(t.topic, *p))).collect()
            }
            Assigned::Opaque(_) => Vec::new(),
        };
        Member {
            member_id: m.member_id.into(),
            client_id: m.client_id.into(),
            host: host(m.client_host),
            assigned,
        }
    };
    group.members.iter().map(member).collect()
}

/// Brokers write Java's `/10.0.0.1`.
fn host(told: &str) -> Name {
    told.trim_start_matches('/').into()
}
