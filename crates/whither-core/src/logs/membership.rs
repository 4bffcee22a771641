//! Who was a member at this point of an offsets partition (R6).

use crate::fact::{Change, Committer, Member, MemberChange, Members};
use crate::key::{Name, Partition};
use crate::limits::Limits;
use crate::time::Time;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The groups of one offsets partition and their members in force.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Membership {
    pub(crate) groups: BTreeMap<Name, InForce>,
    /// A group was left out for want of room: of one that is not here, nothing is known.
    pub(crate) left_out: bool,
}

/// One group's members in force. A group that changes protocol has its members removed from one list and
/// written to the other, in records of either order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InForce {
    /// When the group was first heard of.
    pub(crate) first_heard: Time,
    /// By the classic protocol (type 2).
    pub(crate) classic: Vec<Member>,
    /// By KIP-848 and KIP-1071 (types 5 and 8, 19 and 22).
    pub(crate) modern: Vec<Member>,
    /// Whether any record told of members.
    pub(crate) told: bool,
    pub(crate) empty_since: Option<Time>,
}

impl Membership {
    /// When `group` was first heard of; it is now, if it was not before.
    pub(crate) fn first_heard(&mut self, group: &Name, at: Time, limits: &Limits) -> Time {
        self.entry(group, at, limits).map_or(at, |g| g.first_heard)
    }

    fn entry(&mut self, group: &Name, at: Time, limits: &Limits) -> Option<&mut InForce> {
        if !self.groups.contains_key(group) {
            if self.groups.len() >= limits.members_groups {
                self.left_out = true;
                return None;
            }
            self.groups.insert(group.clone(), InForce::since(at));
        }
        self.groups.get_mut(group)
    }

    /// A type 2 record. Its tombstone ends the classic protocol for the group: the group itself, unless it has
    /// members by another one (migration).
    pub(crate) fn whole(&mut self, record: &Members, limits: &Limits) {
        let Some(members) = &record.members else {
            let alone = self.groups.get(&record.group).is_some_and(|g| g.modern.is_empty());
            if alone {
                self.groups.remove(&record.group);
            } else if let Some(group) = self.groups.get_mut(&record.group) {
                group.classic.clear();
            }
            return;
        };
        if let Some(group) = self.entry(&record.group, record.at, limits) {
            group.classic.clone_from(members);
            group.note_empty(record.at);
        }
    }

    pub(crate) fn change(&mut self, record: &MemberChange, limits: &Limits) {
        let Some(group) = self.entry(&record.group, record.at, limits) else { return };
        let at = group.modern.iter().position(|m| m.member_id == record.member_id);
        if let Change::Left = record.change {
            if let Some(i) = at {
                group.modern.remove(i);
            }
            return group.note_empty(record.at);
        }
        let i = at.unwrap_or(group.modern.len());
        if at.is_none() {
            // An assignment without a joining record: that one was compacted away, the member is in force.
            let none = Name::from("");
            let member_id = record.member_id.clone();
            group.modern.push(Member {
                member_id,
                client_id: none.clone(),
                host: none,
                assigned: Vec::new(),
            });
        }
        if let Some(member) = group.modern.get_mut(i) {
            match &record.change {
                Change::Joined { client_id, host } => {
                    member.client_id = client_id.clone();
                    member.host = host.clone();
                }
                Change::Assigned(partitions) => member.assigned.clone_from(partitions),
                Change::Left => {}
            }
        }
        group.note_empty(record.at);
    }

    /// Who commits for `partition` now. `from_start`: the offsets partition was read from its start. Then a
    /// group without any membership record has no member, in the part of the log that is complete: the record
    /// that says otherwise would stand before the commit.
    pub(crate) fn committer(&self, group: &Name, partition: &Partition, from_start: bool) -> Committer {
        let Some(group) = self.groups.get(group).filter(|g| g.told) else {
            let known = from_start && !self.left_out;
            return if known { Committer::NoMember { empty_since: None } } else { Committer::Unknown };
        };
        let mut members = group.classic.iter().chain(&group.modern);
        let assigned = members.clone().find(|m| m.assigned.contains(partition));
        let one = match (members.next(), members.next()) {
            (None, _) => return Committer::NoMember { empty_since: group.empty_since },
            (one, None) => one,
            _ => None,
        };
        match assigned.or(one) {
            Some(m) => Committer::Member { client_id: m.client_id.clone(), host: m.host.clone() },
            None => Committer::SomeMember,
        }
    }
}

impl InForce {
    fn since(at: Time) -> InForce {
        InForce { first_heard: at, classic: Vec::new(), modern: Vec::new(), told: false, empty_since: None }
    }

    fn note_empty(&mut self, at: Time) {
        self.told = true;
        if !(self.classic.is_empty() && self.modern.is_empty()) {
            self.empty_since = None;
        } else {
            self.empty_since.get_or_insert(at);
        }
    }
}
