//! Who was a member at this point of an offsets partition (R6).

use crate::fact::{Change, Committer, Member, MemberChange, Members};
use crate::key::{Name, Partition};
use crate::time::Time;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The groups of one offsets partition and their members in force.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Membership {
    pub(crate) groups: BTreeMap<Name, InForce>,
    /// When each group was first heard of.
    pub(crate) first_heard: BTreeMap<Name, Time>,
}

/// One group's members in force.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct InForce {
    pub(crate) members: Vec<Member>,
    pub(crate) empty_since: Option<Time>,
}

impl Membership {
    /// When `group` was first heard of; it is now, if it was not before.
    pub(crate) fn first_heard(&mut self, group: &Name, at: Time) -> Time {
        match self.first_heard.get(group) {
            Some(first) => *first,
            None => {
                self.first_heard.insert(group.clone(), at);
                at
            }
        }
    }

    pub(crate) fn whole(&mut self, record: &Members) {
        self.first_heard(&record.group, record.at);
        let Some(members) = &record.members else {
            self.groups.remove(&record.group);
            return;
        };
        let group = self.groups.entry(record.group.clone()).or_default();
        group.members.clone_from(members);
        group.note_empty(record.at);
    }

    pub(crate) fn change(&mut self, record: &MemberChange) {
        self.first_heard(&record.group, record.at);
        let group = self.groups.entry(record.group.clone()).or_default();
        let at = group.members.iter().position(|m| m.member_id == record.member_id);
        match (&record.change, at) {
            (Change::Left, Some(i)) => {
                group.members.remove(i);
            }
            (Change::Left, None) => {}
            (Change::Joined { client_id, host }, Some(i)) => {
                if let Some(member) = group.members.get_mut(i) {
                    member.client_id = client_id.clone();
                    member.host = host.clone();
                }
            }
            (Change::Joined { client_id, host }, None) => group.members.push(Member {
                member_id: record.member_id.clone(),
                client_id: client_id.clone(),
                host: host.clone(),
                assigned: Vec::new(),
            }),
            (Change::Assigned(partitions), Some(i)) => {
                if let Some(member) = group.members.get_mut(i) {
                    member.assigned.clone_from(partitions);
                }
            }
            // The joining record was compacted away; the member is in force all the same.
            (Change::Assigned(partitions), None) => group.members.push(Member {
                member_id: record.member_id.clone(),
                client_id: Name::from(""),
                host: Name::from(""),
                assigned: partitions.clone(),
            }),
        }
        group.note_empty(record.at);
    }

    /// Who commits for `partition` now. A group without any membership record has no member: the record that
    /// says otherwise would stand before the commit, within the part of the log that is complete.
    pub(crate) fn committer(&self, group: &Name, partition: &Partition) -> Committer {
        let Some(group) = self.groups.get(group) else {
            return Committer::NoMember { empty_since: None };
        };
        if group.members.is_empty() {
            return Committer::NoMember { empty_since: group.empty_since };
        }
        let assigned = group.members.iter().find(|m| m.assigned.contains(partition));
        let only = if group.members.len() == 1 { group.members.first() } else { None };
        match assigned.or(only) {
            Some(m) => Committer::Member { client_id: m.client_id.clone(), host: m.host.clone() },
            None => Committer::SomeMember,
        }
    }
}

impl InForce {
    fn note_empty(&mut self, at: Time) {
        match (self.members.is_empty(), self.empty_since) {
            (true, None) => self.empty_since = Some(at),
            (false, _) => self.empty_since = None,
            (true, Some(_)) => {}
        }
    }
}
