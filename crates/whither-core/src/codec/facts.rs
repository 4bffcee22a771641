//! Facts: some are kept in states, all are kept in journals.

use super::wire::{Code, Reader, Writer, record, words};
use crate::engine::NotASnapshot;
use crate::fact::{
    Batch, Bounds, Change, Commit, CommitValue, Committed, Committer, Config, Convention, Coordinator,
    Corrupt, Cut, DeadLetter, EpochEnd, Fact, GaveUp, Group, GroupKind, GroupState, Marker, MarkerKind,
    Member, MemberChange, Members, Opened, Progress, Purged, Reading, Record, Role, RolledBack, RoutedAway,
    Run, RunKind, SharePosition, Size, Tail, Topic, TopicState, Transaction, Truncated, Unread, WhyUnread,
};
use crate::key::TopicId;
use crate::time::{Span, Time};

impl Code for TopicId {
    fn put(&self, w: &mut Writer<'_>) {
        self.0.put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<TopicId, NotASnapshot> {
        u128::get(r).map(TopicId)
    }
}

impl Code for Time {
    fn put(&self, w: &mut Writer<'_>) {
        self.0.put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<Time, NotASnapshot> {
        i64::get(r).map(Time)
    }
}

impl Code for Span {
    fn put(&self, w: &mut Writer<'_>) {
        self.0.put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<Span, NotASnapshot> {
        i64::get(r).map(Span)
    }
}

words! {
    MarkerKind { Commit = 0, Abort = 1, Other = 2 }
    WhyUnread { Deadline = 0, Tiered = 1, Unauthorized = 2, Unreachable = 3, Gone = 4, NotOpened = 5 }
    Role { Retry = 0, DeadLetter = 1 }
    Convention { Connect = 0, Spring = 1, Streams = 2, Share = 3, Mapped = 4 }
    GroupState { Empty = 0, Stable = 1, Rebalancing = 2, Dead = 3, Unknown = 4 }
    GroupKind { Classic = 0, Consumer = 1, OtherClassic = 2, Share = 3, Streams = 4 }
}

record! {
    Bounds { at, topic_id, log_start, local_start, last_stable, end, leader_epoch }
    Reading { topic_id, from }
    Batch {
        base, last, count, leader_epoch, producer_id, producer_epoch, base_sequence, transactional, first_at,
        max_at, bytes,
    }
    Marker { offset, at, producer_id, producer_epoch, kind }
    Unread { from, to, why }
    Commit { source_offset, group, partition, at, seen, transaction, value, of_letters }
    Members { source_offset, group, at, members }
    MemberChange { source_offset, group, member_id, at, change }
    Group { at, group, state, kind, member, subscribed, expected }
    Opened { from, to, present }
    Corrupt { from, to, at }
    Cut { base, last, log_start }
    GaveUp { producer_id, producer_epoch, offset, at }
    RolledBack { producer_id, from, to, records, marker, at }
    Truncated { from, to, epoch, at }
    Run { from, to, records, kind }
    Progress { topic_id, origin, to, covered, truncated, records, unread, newest, first, sample }
    Tail { offsets_partition, holes, since }
    CommitValue { offset, leader_epoch, topic_id }
    Member { member_id, client_id, host, assigned }
    Record { offset, exists, at, key_hash }
    SharePosition { at, group, topic_id, start, settled }
    Size { at, bytes }
    Topic { at, state }
    EpochEnd { topic_id, epoch, end, at }
    Transaction { at, producer_id, start, last_write, coordinator }
    RoutedAway { offset, stations, purged }
    Purged { partition, offset, log_start, at, watched }
    Config {
        retention_ms, retention_bytes, compacts, deletes, unclean_elections, offsets_retention,
    }
    DeadLetter {
        partition, offset, at, key_hash, role, convention, origin, origin_offset, origin_at, group, connector,
        stage, exception,
    }
    Committed {
        group, at, seen, offsets_partition, source_offset, holes_before, group_since, by, transactional, value,
    }
}

impl Code for RunKind {
    fn put(&self, w: &mut Writer<'_>) {
        let byte: u8 = match self {
            RunKind::Data => 0,
            RunKind::Sparse => 1,
            RunKind::Empty => 2,
            RunKind::Aborted => 3,
            RunKind::Open { .. } => 4,
            RunKind::Unread(_) => 5,
            RunKind::Corrupt => 6,
            RunKind::Unsettled => 7,
        };
        byte.put(w);
        match self {
            RunKind::Open { producer_id } => producer_id.put(w),
            RunKind::Unread(why) => why.put(w),
            _ => {}
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<RunKind, NotASnapshot> {
        Ok(match u8::get(r)? {
            0 => RunKind::Data,
            1 => RunKind::Sparse,
            2 => RunKind::Empty,
            3 => RunKind::Aborted,
            4 => RunKind::Open { producer_id: Code::get(r)? },
            5 => RunKind::Unread(Code::get(r)?),
            6 => RunKind::Corrupt,
            7 => RunKind::Unsettled,
            _ => return r.fail("a kind of run"),
        })
    }
}

impl Code for Committer {
    fn put(&self, w: &mut Writer<'_>) {
        match self {
            Committer::Member { client_id, host } => {
                0_u8.put(w);
                client_id.put(w);
                host.put(w);
            }
            Committer::SomeMember => 1_u8.put(w),
            Committer::NoMember { empty_since } => {
                2_u8.put(w);
                empty_since.put(w);
            }
            Committer::Unknown => 3_u8.put(w),
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<Committer, NotASnapshot> {
        Ok(match u8::get(r)? {
            0 => Committer::Member { client_id: Code::get(r)?, host: Code::get(r)? },
            1 => Committer::SomeMember,
            2 => Committer::NoMember { empty_since: Code::get(r)? },
            3 => Committer::Unknown,
            _ => return r.fail("a committer"),
        })
    }
}

impl Code for Coordinator {
    fn put(&self, w: &mut Writer<'_>) {
        match self {
            Coordinator::Unknown => 0_u8.put(w),
            Coordinator::Knows { transactional_id, began, timeout } => {
                1_u8.put(w);
                transactional_id.put(w);
                began.put(w);
                timeout.put(w);
            }
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<Coordinator, NotASnapshot> {
        Ok(match u8::get(r)? {
            0 => Coordinator::Unknown,
            1 => Coordinator::Knows {
                transactional_id: Code::get(r)?,
                began: Code::get(r)?,
                timeout: Code::get(r)?,
            },
            _ => return r.fail("a coordinator's answer"),
        })
    }
}

impl Code for TopicState {
    fn put(&self, w: &mut Writer<'_>) {
        match self {
            TopicState::Exists(id) => {
                0_u8.put(w);
                id.put(w);
            }
            TopicState::Absent => 1_u8.put(w),
            TopicState::Unauthorized => 2_u8.put(w),
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<TopicState, NotASnapshot> {
        Ok(match u8::get(r)? {
            0 => TopicState::Exists(Code::get(r)?),
            1 => TopicState::Absent,
            2 => TopicState::Unauthorized,
            _ => return r.fail("a topic's state"),
        })
    }
}

impl Code for Change {
    fn put(&self, w: &mut Writer<'_>) {
        match self {
            Change::Joined { client_id, host } => {
                0_u8.put(w);
                client_id.put(w);
                host.put(w);
            }
            Change::Assigned(partitions) => {
                1_u8.put(w);
                partitions.put(w);
            }
            Change::Left => 2_u8.put(w),
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<Change, NotASnapshot> {
        Ok(match u8::get(r)? {
            0 => Change::Joined { client_id: Code::get(r)?, host: Code::get(r)? },
            1 => Change::Assigned(Code::get(r)?),
            2 => Change::Left,
            _ => return r.fail("a member's change"),
        })
    }
}

/// A byte for the variant, then its fact.
macro_rules! facts {
    ($($variant:ident = $byte:literal),* $(,)?) => {
        impl Code for Fact {
            fn put(&self, w: &mut Writer<'_>) {
                match self {
                    $(Fact::$variant(fact) => {
                        let byte: u8 = $byte;
                        byte.put(w);
                        fact.put(w);
                    })*
                }
            }

            fn get(r: &mut Reader<'_>) -> Result<Fact, NotASnapshot> {
                match u8::get(r)? {
                    $($byte => Code::get(r).map(Fact::$variant),)*
                    _ => r.fail("a fact"),
                }
            }
        }
    };
}

facts! {
    Committed = 0, Bounds = 1, Reading = 2, Run = 3, Opened = 4, Batch = 5, Marker = 6, Unread = 7, Corrupt = 8,
    DeadLetter = 9, Commit = 10, Members = 11, MemberChange = 12, Record = 13, Config = 14, Topic = 15, Size = 16,
    EpochEnd = 17, Transaction = 18, Group = 19, Cut = 20, Progress = 21, Tail = 22, GaveUp = 23, RolledBack = 24,
    Truncated = 25, Station = 26, RoutedAway = 27, SharePosition = 28, Purged = 29,
}
