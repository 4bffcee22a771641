//! What group coordinators write into `__consumer_offsets`: commits, groups, members, assignments.
//!
//! A record's key begins with a type number, its value with a version number. The types of Kafka 0.9 to 4.3 are
//! decoded as far as they say who read what; a type that is not known is [`CoordinatorRecord::Unknown`], never
//! an error, since new ones come with minor releases. Bytes behind the known fields are passed over, as KIP-915
//! asks of readers.
//!
//! Commits of transactions look like all others: whether they count is decided by the control batch that ends
//! their batch's transaction.
//!
//! Schemas: `group-coordinator/src/main/resources/common/message` in Kafka's source; KIP-848 (consumer groups),
//! KIP-932 (share groups), KIP-1071 (Streams groups).

mod commit;
mod classic;
mod member;
mod assignment;
mod consumer_protocol;
mod fields;
mod error;

pub use assignment::{Assignment, CurrentAssignment, TargetEpoch, Tasks, TopicIdPartitions};
pub use classic::{ClassicGroup, ClassicMember};
pub use commit::OffsetCommit;
pub use consumer_protocol::{Assigned, Subscription, TopicPartitions, assignment, subscription};
pub use error::{CoordinatorError, CoordinatorFault, Part};
pub use member::Member;

use fields::Fields;

/// A protocol whose groups are described by the same five kinds of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// KIP-848, `group.protocol=consumer`.
    Consumer,
    /// KIP-932. Positions of share groups are in `__share_group_state`, not here.
    Share,
    /// KIP-1071, `group.protocol=streams`.
    Streams,
}

/// One decoded record. Where the part behind the key is `None`, the record is a tombstone: the coordinator
/// deleted what the key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoordinatorRecord<'a> {
    /// Types 0 and 1, of groups of every kind and of readers that only commit. A tombstone is written alike when
    /// offsets expire, when they are deleted, with their group and with their topic.
    Offset { group: &'a str, topic: &'a str, partition: i32, commit: Option<OffsetCommit<'a>> },
    /// Type 2. Also tombstoned when a group migrates to KIP-848, which deletes no offsets.
    ClassicGroup { group: &'a str, state: Option<ClassicGroup<'a>> },
    /// Types 3, 11 and 17: the group exists; its epoch grows with every change of members or subscriptions.
    Group { kind: GroupKind, group: &'a str, epoch: Option<i32> },
    /// Types 5, 10 and 19.
    Member { kind: GroupKind, group: &'a str, member_id: &'a str, member: Option<Member<'a>> },
    /// Types 6, 12 and 20: the epoch of the assignment that members are moving to.
    Target { kind: GroupKind, group: &'a str, target: Option<TargetEpoch> },
    /// Types 7, 13 and 21: what a member is to have.
    TargetMember { kind: GroupKind, group: &'a str, member_id: &'a str, assignment: Option<Assignment<'a>> },
    /// Types 8, 14 and 22: what a member has.
    Current { kind: GroupKind, group: &'a str, member_id: &'a str, current: Option<CurrentAssignment<'a>> },
    /// Type 16: the topics that a subscribed pattern stands for.
    ResolvedRegex { group: &'a str, regex: &'a str, topics: Option<Vec<&'a str>> },
    /// Types 4, 9, 15, 18, 23 and 24: what a coordinator notes for itself about a group's topics.
    Other { record_type: i16, group: &'a str, is_tombstone: bool },
    /// A type that came after Kafka 4.3.
    Unknown { record_type: i16, is_tombstone: bool },
}

impl<'a> CoordinatorRecord<'a> {
    /// # Errors
    /// If key or value end early, hold a string that is not UTF-8 or a length that can't be, or if the value's
    /// version is newer than Kafka 4.3 writes. The error names the field and the byte.
    pub fn decode(key: &'a [u8], value: Option<&'a [u8]>) -> Result<Self, CoordinatorError> {
        let mut fields = Fields::of_key(key)?;
        let record_type = fields.record_type();
        let value = Value { record_type, bytes: value };
        match record_type {
            0 | 1 => Self::offset(&mut fields, value),
            2 => {
                Ok(Self::ClassicGroup { group: fields.string("group")?, state: value.map(classic::decode)? })
            }
            3 => Self::group(GroupKind::Consumer, &mut fields, value),
            11 => Self::group(GroupKind::Share, &mut fields, value),
            17 => Self::group(GroupKind::Streams, &mut fields, value),
            5 => Self::member(GroupKind::Consumer, &mut fields, value),
            10 => Self::member(GroupKind::Share, &mut fields, value),
            19 => Self::member(GroupKind::Streams, &mut fields, value),
            6 => Self::target(GroupKind::Consumer, &mut fields, value),
            12 => Self::target(GroupKind::Share, &mut fields, value),
            20 => Self::target(GroupKind::Streams, &mut fields, value),
            7 => Self::target_member(GroupKind::Consumer, &mut fields, value),
            13 => Self::target_member(GroupKind::Share, &mut fields, value),
            21 => Self::target_member(GroupKind::Streams, &mut fields, value),
            8 => Self::current(GroupKind::Consumer, &mut fields, value),
            14 => Self::current(GroupKind::Share, &mut fields, value),
            22 => Self::current(GroupKind::Streams, &mut fields, value),
            16 => Self::resolved_regex(&mut fields, value),
            4 | 9 | 15 | 18 | 23 | 24 => Ok(Self::Other {
                record_type,
                group: fields.string("group")?,
                is_tombstone: value.is_tombstone(),
            }),
            _ => Ok(Self::Unknown { record_type, is_tombstone: value.is_tombstone() }),
        }
    }

    /// The group that the record is about; `None` if its type is unknown.
    #[must_use]
    pub const fn group_id(&self) -> Option<&'a str> {
        match self {
            Self::Offset { group, .. }
            | Self::ClassicGroup { group, .. }
            | Self::Group { group, .. }
            | Self::Member { group, .. }
            | Self::Target { group, .. }
            | Self::TargetMember { group, .. }
            | Self::Current { group, .. }
            | Self::ResolvedRegex { group, .. }
            | Self::Other { group, .. } => Some(group),
            Self::Unknown { .. } => None,
        }
    }

    fn offset(key: &mut Fields<'a>, value: Value<'a>) -> Result<Self, CoordinatorError> {
        let (group, topic) = (key.string("group")?, key.string("topic")?);
        let partition = key.i32("partition")?;
        Ok(Self::Offset { group, topic, partition, commit: value.map(commit::decode)? })
    }

    fn group(kind: GroupKind, key: &mut Fields<'a>, value: Value<'a>) -> Result<Self, CoordinatorError> {
        let group = key.string("group")?;
        // What follows the epoch differs between 4.0 and 4.3 under the same version.
        let epoch = value.map(|value| value.flexible()?.i32("epoch"))?;
        Ok(Self::Group { kind, group, epoch })
    }

    fn member(kind: GroupKind, key: &mut Fields<'a>, value: Value<'a>) -> Result<Self, CoordinatorError> {
        let (group, member_id) = (key.string("group")?, key.string("member id")?);
        let member = value.map(|value| member::decode(kind, value))?;
        Ok(Self::Member { kind, group, member_id, member })
    }

    fn target(kind: GroupKind, key: &mut Fields<'a>, value: Value<'a>) -> Result<Self, CoordinatorError> {
        let group = key.string("group")?;
        Ok(Self::Target { kind, group, target: value.map(assignment::decode_target_epoch)? })
    }

    fn target_member(
        kind: GroupKind,
        key: &mut Fields<'a>,
        value: Value<'a>,
    ) -> Result<Self, CoordinatorError> {
        let (group, member_id) = (key.string("group")?, key.string("member id")?);
        let assignment = value.map(|value| assignment::decode_target(kind, value))?;
        Ok(Self::TargetMember { kind, group, member_id, assignment })
    }

    fn current(kind: GroupKind, key: &mut Fields<'a>, value: Value<'a>) -> Result<Self, CoordinatorError> {
        let (group, member_id) = (key.string("group")?, key.string("member id")?);
        let current = value.map(|value| assignment::decode_current(kind, value))?;
        Ok(Self::Current { kind, group, member_id, current })
    }

    fn resolved_regex(key: &mut Fields<'a>, value: Value<'a>) -> Result<Self, CoordinatorError> {
        let (group, regex) = (key.string("group")?, key.string("regular expression")?);
        let topics = value.map(|value| value.flexible()?.strings("topics"))?;
        Ok(Self::ResolvedRegex { group, regex, topics })
    }
}

/// The value beside a key; absent in a tombstone.
#[derive(Clone, Copy)]
struct Value<'a> {
    record_type: i16,
    bytes: Option<&'a [u8]>,
}

impl<'a> Value<'a> {
    const fn is_tombstone(self) -> bool {
        self.bytes.is_none()
    }

    fn map<T>(
        self,
        decode: impl FnOnce(ValueBytes<'a>) -> Result<T, CoordinatorError>,
    ) -> Result<Option<T>, CoordinatorError> {
        let record_type = self.record_type;
        self.bytes.map(|bytes| decode(ValueBytes { record_type, bytes })).transpose()
    }
}

/// A value that is there.
#[derive(Clone, Copy)]
struct ValueBytes<'a> {
    record_type: i16,
    bytes: &'a [u8],
}

impl<'a> ValueBytes<'a> {
    /// The fields of a value with versions 0 to `last`, flexible (KIP-482) from `first_flexible` on.
    fn fields(self, last: i16, first_flexible: i16) -> Result<(i16, Fields<'a>), CoordinatorError> {
        Fields::of_value(self.record_type, self.bytes, last, first_flexible)
    }

    /// The fields of a value that has version 0 only, and is flexible.
    fn flexible(self) -> Result<Fields<'a>, CoordinatorError> {
        self.fields(0, 0).map(|(_, fields)| fields)
    }
}
