//! Facts as lines and back: which words there are. A fact that the core learns to take must be added here
//! before the program builds; what stages tell each other is no observation and has no line.

use serde::Serialize;
use serde::de::DeserializeOwned;
use whither_core::{Fact, Partition, Time};

use super::asked_facts::{Config, EpochEnd, Size, Topic, Transaction};
use super::group_facts::{Commit, Group, MemberChange, Members, SharePosition};
use super::line::{Fields, Wrong};
use super::log_facts::{Batch, Bounds, Corrupt, DeadLetter, Marker, Opened, Reading, Record, Unread};
use super::values::When;

/// What a line may leave to its surroundings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// The clock above the line: what a time is that was left out.
    pub(super) now: Time,
    /// The partition its key names.
    pub(super) partition: &'a Partition,
}

impl Around<'_> {
    pub(super) fn or_now(&self, at: Option<When>) -> Time {
        at.map_or(self.now, |When(at)| at)
    }

    pub(super) fn unless_now(&self, at: Time) -> Option<When> {
        (at != self.now).then_some(When(at))
    }
}

/// One kind of fact as it stands in a line.
pub(super) trait Body: Serialize + DeserializeOwned {
    /// The core's own type for it.
    type Core;

    fn of(core: &Self::Core, around: &Around<'_>) -> Self;

    /// # Errors
    /// What contradicts itself, for people to read.
    fn core(self, around: &Around<'_>) -> Result<Self::Core, &'static str>;
}

/// Any fact that a source may give, as it stands in a line.
#[derive(Serialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub(super) enum Line {
    Bounds(Bounds),
    Reading(Reading),
    Batch(Batch),
    Marker(Marker),
    Opened(Opened),
    Unread(Unread),
    Corrupt(Corrupt),
    DeadLetter(DeadLetter),
    Commit(Commit),
    Members(Members),
    MemberChange(MemberChange),
    Record(Record),
    Config(Config),
    Topic(Topic),
    Size(Size),
    EpochEnd(EpochEnd),
    Transaction(Transaction),
    Group(Group),
    SharePosition(SharePosition),
}

/// The word each kind of fact has in a line.
pub(super) const NAMES: [&str; 19] = [
    "bounds",
    "reading",
    "batch",
    "marker",
    "opened",
    "unread",
    "corrupt",
    "dead_letter",
    "commit",
    "members",
    "member_change",
    "record",
    "config",
    "topic",
    "size",
    "epoch_end",
    "transaction",
    "group",
    "share_position",
];

/// The line for a fact; none for what stages tell each other.
pub(super) fn line(fact: &Fact, around: &Around<'_>) -> Option<Line> {
    Some(match fact {
        Fact::Bounds(f) => Line::Bounds(Body::of(f, around)),
        Fact::Reading(f) => Line::Reading(Body::of(f, around)),
        Fact::Batch(f) => Line::Batch(Body::of(f, around)),
        Fact::Marker(f) => Line::Marker(Body::of(f, around)),
        Fact::Opened(f) => Line::Opened(Body::of(f, around)),
        Fact::Unread(f) => Line::Unread(Body::of(f, around)),
        Fact::Corrupt(f) => Line::Corrupt(Body::of(f, around)),
        Fact::DeadLetter(f) => Line::DeadLetter(Body::of(f, around)),
        Fact::Commit(f) => Line::Commit(Body::of(f, around)),
        Fact::Members(f) => Line::Members(Body::of(f, around)),
        Fact::MemberChange(f) => Line::MemberChange(Body::of(f, around)),
        Fact::Record(f) => Line::Record(Body::of(f, around)),
        Fact::Config(f) => Line::Config(Body::of(f, around)),
        Fact::Topic(f) => Line::Topic(Body::of(f, around)),
        Fact::Size(f) => Line::Size(Body::of(f, around)),
        Fact::EpochEnd(f) => Line::EpochEnd(Body::of(f, around)),
        Fact::Transaction(f) => Line::Transaction(Body::of(f, around)),
        Fact::Group(f) => Line::Group(Body::of(f, around)),
        Fact::SharePosition(f) => Line::SharePosition(Body::of(f, around)),
        Fact::Run(_)
        | Fact::Cut(_)
        | Fact::Progress(_)
        | Fact::Committed(_)
        | Fact::Tail(_)
        | Fact::GaveUp(_)
        | Fact::Station(_)
        | Fact::RolledBack(_)
        | Fact::Truncated(_)
        | Fact::Purged(_)
        | Fact::RoutedAway(_) => return None,
    })
}

/// The fact that a line of this name tells; none for a name that is none.
pub(super) fn fact(name: &str, fields: Fields, around: &Around<'_>) -> Option<Result<Fact, Wrong>> {
    Some(match name {
        "bounds" => read::<Bounds>(fields, around).map(Fact::Bounds),
        "reading" => read::<Reading>(fields, around).map(Fact::Reading),
        "batch" => read::<Batch>(fields, around).map(Fact::Batch),
        "marker" => read::<Marker>(fields, around).map(Fact::Marker),
        "opened" => read::<Opened>(fields, around).map(Fact::Opened),
        "unread" => read::<Unread>(fields, around).map(Fact::Unread),
        "corrupt" => read::<Corrupt>(fields, around).map(Fact::Corrupt),
        "dead_letter" => read::<DeadLetter>(fields, around).map(Fact::DeadLetter),
        "commit" => read::<Commit>(fields, around).map(Fact::Commit),
        "members" => read::<Members>(fields, around).map(Fact::Members),
        "member_change" => read::<MemberChange>(fields, around).map(Fact::MemberChange),
        "record" => read::<Record>(fields, around).map(Fact::Record),
        "config" => read::<Config>(fields, around).map(Fact::Config),
        "topic" => read::<Topic>(fields, around).map(Fact::Topic),
        "size" => read::<Size>(fields, around).map(Fact::Size),
        "epoch_end" => read::<EpochEnd>(fields, around).map(Fact::EpochEnd),
        "transaction" => read::<Transaction>(fields, around).map(Fact::Transaction),
        "group" => read::<Group>(fields, around).map(Fact::Group),
        "share_position" => read::<SharePosition>(fields, around).map(Fact::SharePosition),
        _ => return None,
    })
}

fn read<B: Body>(fields: Fields, around: &Around<'_>) -> Result<B::Core, Wrong> {
    let body: B = fields.read()?;
    body.core(around).map_err(|why| Wrong::Field(why.to_owned()))
}

/// A fieldless enum of the core under the words it has in a line, checked both ways by the compiler.
macro_rules! words {
    ($name:ident = $core:path { $($variant:ident),+ $(,)? }) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($variant),+ }

        impl From<$core> for $name {
            fn from(core: $core) -> $name {
                use $core as Core;
                match core { $(Core::$variant => $name::$variant),+ }
            }
        }

        impl From<$name> for $core {
            fn from(word: $name) -> $core {
                use $core as Core;
                match word { $($name::$variant => Core::$variant),+ }
            }
        }
    };
}
pub(super) use words;

/// -1, Kafka's "none" for epochs, producers and sequences.
pub(super) fn none<T: From<i8>>() -> T {
    T::from(-1)
}

/// Whether a number is Kafka's "none".
pub(super) fn is_none<T: From<i8> + PartialEq>(number: &T) -> bool {
    *number == none::<T>()
}

/// Whether a flag is off, as most are.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_off(flag: &bool) -> bool {
    !flag
}
