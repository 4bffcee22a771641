//! One piece of evidence as a sentence, and as a clause of one.

use whither_core::fact::{Committer, Convention, GroupState, WhyUnread};
use whither_core::verdict::{Evidence, SettingName, WhichCommit};
use whither_core::{Name, Offset, Span, Time};

use super::source::name_of;
use super::words::{self, class, count, moment, name, offset, range, span};
use super::{About, Scene};

/// The variant as JSON names it.
#[must_use]
pub const fn kind(evidence: &Evidence) -> &'static str {
    match evidence {
        Evidence::LogStart { .. } => "log_start",
        Evidence::LogEnd { .. } => "log_end",
        Evidence::LastStable { .. } => "last_stable",
        Evidence::Commit { .. } => "commit",
        Evidence::SharePosition { .. } => "share_position",
        Evidence::Tombstone { .. } => "tombstone",
        Evidence::Habit { .. } => "habit",
        Evidence::HistorySince { .. } => "history_since",
        Evidence::Setting { .. } => "setting",
        Evidence::SettingUnknown { .. } => "setting_unknown",
        Evidence::Read { .. } => "read",
        Evidence::MidBatch { .. } => "mid_batch",
        Evidence::RecordTime { .. } => "record_time",
        Evidence::EpochEnd { .. } => "epoch_end",
        Evidence::Incarnation { .. } => "incarnation",
        Evidence::Absent { .. } => "absent",
        Evidence::AbortMarker { .. } => "abort_marker",
        Evidence::OpenTransaction { .. } => "open_transaction",
        Evidence::GroupState { .. } => "group_state",
        Evidence::EmptySince { .. } => "empty_since",
        Evidence::DeadLetter { .. } => "dead_letter",
        Evidence::OriginMatches { .. } => "origin_matches",
        Evidence::GaveUp { .. } => "gave_up",
        Evidence::Broken { .. } => "broken",
        Evidence::NotRead { .. } => "not_read",
        Evidence::Pace { .. } => "pace",
    }
}

/// When it was observed, or happened; none where it holds without a time.
#[must_use]
pub fn at(evidence: &Evidence) -> Option<Time> {
    let at = match evidence {
        Evidence::LogStart { at, .. }
        | Evidence::LogEnd { at, .. }
        | Evidence::LastStable { at, .. }
        | Evidence::Commit { at, .. }
        | Evidence::SharePosition { at, .. }
        | Evidence::Tombstone { at, .. }
        | Evidence::RecordTime { at, .. }
        | Evidence::EpochEnd { at, .. }
        | Evidence::Incarnation { at, .. }
        | Evidence::Absent { at }
        | Evidence::AbortMarker { at, .. }
        | Evidence::GroupState { at, .. }
        | Evidence::EmptySince { at }
        | Evidence::DeadLetter { at, .. }
        | Evidence::GaveUp { at, .. }
        | Evidence::Broken { at } => Some(*at),
        Evidence::OpenTransaction { began, .. } => Some(*began),
        Evidence::HistorySince { at } => *at,
        Evidence::Habit { .. }
        | Evidence::Setting { .. }
        | Evidence::SettingUnknown { .. }
        | Evidence::Read { .. }
        | Evidence::MidBatch { .. }
        | Evidence::OriginMatches { .. }
        | Evidence::NotRead { .. }
        | Evidence::Pace { .. } => None,
    };
    at.filter(|at| words::known(*at).is_some())
}

/// The evidence in words, for a list that tells its time ([`at`]) beside it.
#[must_use]
pub fn text(evidence: &Evidence, about: &About<'_>, scene: &Scene<'_>) -> String {
    say(evidence, about, &Teller { now: scene.at, timed: false })
}

/// The evidence as a clause of a finding's sentence, with its time where that matters.
pub(super) fn clause(evidence: &Evidence, about: &About<'_>, scene: &Scene<'_>) -> String {
    say(evidence, about, &Teller { now: scene.at, timed: true })
}

struct Teller {
    now: Time,
    timed: bool,
}

impl Teller {
    /// `13:01:40Z`; nothing where it is told beside the text, or not known.
    fn moment(&self, at: Time) -> Option<String> {
        moment(at, self.now).filter(|_| self.timed)
    }

    /// ` (13:01:40Z)`.
    fn when(&self, at: Time) -> String {
        self.moment(at).map(|at| format!(" ({at})")).unwrap_or_default()
    }
}

fn say(evidence: &Evidence, about: &About<'_>, t: &Teller) -> String {
    match evidence {
        Evidence::LogStart { offset: o, .. } => format!("the log starts at {}", offset(*o)),
        Evidence::LogEnd { offset: o, .. } => format!("the log ends at {}", offset(*o)),
        Evidence::LastStable { offset: o, .. } => format!("the last stable offset is {}", offset(*o)),
        Evidence::Commit { which, offset, at, by, .. } => commit(*which, *offset, *at, by, about, t),
        Evidence::Tombstone { at, .. } => {
            format!("{}'s offset was removed{}", about.group_name(), t.when(*at))
        }
        Evidence::Habit { by_members, by_nobody, with_epoch } => {
            habit(*by_members, *by_nobody, *with_epoch, about)
        }
        Evidence::HistorySince { at } => history(*at, t),
        Evidence::Setting { name, value } => setting(*name, *value),
        Evidence::SettingUnknown { name } => format!("{} could not be read", name_of(*name)),
        Evidence::Read { from, to, records } => {
            format!("whither read {} in {}", words::records(*records), range(*from, *to))
        }
        Evidence::MidBatch { base, last } => {
            format!("the log start is inside the batch {base} to {last}, where only DeleteRecords puts it")
        }
        Evidence::RecordTime { offset, at } => record_time(*offset, *at, t),
        Evidence::EpochEnd { epoch, end, .. } => format!("leader epoch {epoch} ends at {}", offset(*end)),
        Evidence::Incarnation { topic_id, at } => {
            let topic = name(&about.partition.topic);
            format!("{topic} had topic id {}{}", words::topic_id(*topic_id), t.when(*at))
        }
        Evidence::Absent { at } => {
            let topic = name(&about.partition.topic);
            format!("a look-up by name says that {topic} does not exist{}", t.when(*at))
        }
        Evidence::AbortMarker { offset: o, producer_id, .. } => {
            let whose = of_producer(*producer_id);
            format!("the last of its abort markers{whose} is at {}", offset(*o))
        }
        Evidence::OpenTransaction {
            producer_id,
            start,
            transactional_id,
            began,
            timeout,
            coordinator_knows,
        } => {
            let open = open_transaction(*producer_id, transactional_id.as_ref(), *began, t.now);
            let from = offset(*start);
            format!("{open} from {from}{}{}", timeout_of(*timeout), known_of(*coordinator_knows))
        }
        Evidence::SharePosition { start, settled, .. } => share_position(*start, *settled, about),
        Evidence::GroupState { state, .. } => format!("{} is {}", about.group_name(), state_word(*state)),
        Evidence::EmptySince { at } => match moment(*at, t.now) {
            Some(since) => format!("{} has had no member since {since}", about.group_name()),
            None => format!("{} has no member", about.group_name()),
        },
        Evidence::DeadLetter { partition, offset, convention, stage, exception, connector, .. } => {
            let by = connector.as_ref().map(|c| format!(", connector {}", name(c))).unwrap_or_default();
            let headers = headers_of(*convention);
            let why = failure(stage.as_ref(), exception.as_ref());
            format!("{}@{offset} names it as its origin ({headers}{by}): {why}", words::partition(partition))
        }
        Evidence::OriginMatches { timestamp, key } => origin_matches(*timestamp, *key).to_owned(),
        Evidence::GaveUp { producer_id, producer_epoch, offset: o, .. } => {
            let o = offset(*o);
            format!("producer {producer_id} began again at {o} with epoch {producer_epoch} and sequence 0")
        }
        Evidence::Broken { at } => format!("checksum or structure is broken{}", t.when(*at)),
        Evidence::NotRead { why } => not_read(*why).to_owned(),
        Evidence::Pace { per_mille } => pace(*per_mille, about),
    }
}

fn share_position(start: Offset, settled: u64, about: &About<'_>) -> String {
    let (group, start) = (about.group_name(), offset(start));
    if settled == 0 {
        return format!(
            "{group} has acknowledged or archived what is below {start}, and nothing from there on"
        );
    }
    let settled = count(settled);
    format!("{group} has acknowledged or archived what is below {start}, and {settled} offsets from there on")
}

fn of_producer(producer_id: i64) -> String {
    if producer_id < 0 { String::new() } else { format!(" of producer {producer_id}") }
}

fn commit(which: WhichCommit, o: Offset, at: Time, by: &Committer, about: &About<'_>, t: &Teller) -> String {
    let (group, o, brackets) = (about.group_name(), offset(o), who_and_when(by, at, t));
    match (which, by) {
        (WhichCommit::First, _) => format!("{group}'s first known commit is {o}{brackets}"),
        (WhichCommit::Latest, _) => format!("{group}'s latest commit is {o}{brackets}"),
        (WhichCommit::Highest, _) => format!("{group}'s highest commit is {o}{brackets}"),
        (WhichCommit::Before, _) => format!("{group} was at {o}{brackets}"),
        (WhichCommit::This, Committer::NoMember { .. }) => {
            format!("a commit from outside the group put it at {o}{}", t.when(at))
        }
        (WhichCommit::This, _) => format!("{group} committed {o}{brackets}"),
    }
}

/// ` (billing-2, 13:01:40Z)`.
fn who_and_when(by: &Committer, at: Time, t: &Teller) -> String {
    let who = match by {
        Committer::Member { client_id, .. } => Some(name(client_id)),
        Committer::SomeMember => Some("a member".to_owned()),
        Committer::NoMember { .. } => Some("not by a member".to_owned()),
        Committer::Unknown => None,
    };
    match (who, t.moment(at)) {
        (Some(who), Some(at)) => format!(" ({who}, {at})"),
        (Some(one), None) | (None, Some(one)) => format!(" ({one})"),
        (None, None) => String::new(),
    }
}

fn habit(by_members: u64, by_nobody: u64, with_epoch: u64, about: &About<'_>) -> String {
    let (members, nobody, epoch) = (count(by_members), count(by_nobody), count(with_epoch));
    let group = about.group_name();
    format!(
        "of {group}'s commits {members} were made while it had members, {nobody} while it had none; \
         {epoch} carry a leader epoch"
    )
}

fn history(since: Option<Time>, t: &Teller) -> String {
    match since.and_then(|since| moment(since, t.now)) {
        Some(since) => format!("commit history is complete since {since}"),
        None => "none of the commit history is complete".to_owned(),
    }
}

fn setting(name: SettingName, value: i64) -> String {
    let word = name_of(name);
    if value < 0 {
        return format!("{word} is unlimited");
    }
    match name {
        SettingName::RetentionMs => format!("{word} is {}", span(Span(value))),
        SettingName::RetentionBytes => format!("{word} is {}", words::bytes(value)),
        SettingName::OffsetsRetentionMinutes => {
            format!("{word} is {value} ({})", span(Span(value.saturating_mul(60_000))))
        }
    }
}

fn record_time(o: Offset, at: Time, t: &Teller) -> String {
    match moment(at, t.now) {
        Some(at) => format!("record {} is from {at}", offset(o)),
        None => format!("record {} carries no time", offset(o)),
    }
}

/// `transaction of `pay-7` (producer 4011) open for 40 s`.
pub(super) fn open_transaction(producer_id: i64, id: Option<&Name>, began: Time, now: Time) -> String {
    let id = id.map(|id| format!(" of `{}`", name(id))).unwrap_or_default();
    let age = words::known(began).map(|_| format!(" for {}", span(now.since(began)))).unwrap_or_default();
    format!("transaction{id} (producer {producer_id}) open{age}")
}

fn timeout_of(timeout: Option<Span>) -> String {
    timeout.map(|t| format!(", its own timeout is {}", span(t))).unwrap_or_default()
}

/// What the coordinator's knowledge means for an open transaction.
pub(super) const fn known_of(coordinator_knows: Option<bool>) -> &'static str {
    match coordinator_knows {
        Some(true) => "",
        Some(false) => ", no longer known to its coordinator",
        None => ", its coordinator did not tell how long it may be",
    }
}

/// A group's state in words.
#[must_use]
pub(super) const fn state_word(state: GroupState) -> &'static str {
    match state {
        GroupState::Empty => "empty",
        GroupState::Stable => "stable",
        GroupState::Rebalancing => "rebalancing",
        GroupState::Dead => "dead",
        GroupState::Unknown => "in a state that is not told",
    }
}

const fn headers_of(convention: Convention) -> &'static str {
    match convention {
        Convention::Connect => "Kafka Connect headers",
        Convention::Spring => "Spring headers",
        Convention::Streams => "Kafka Streams headers",
        Convention::Share => "share group headers",
        Convention::Mapped => "mapped headers",
    }
}

/// `DataException at VALUE_CONVERTER`.
#[must_use]
pub(super) fn failure(stage: Option<&Name>, exception: Option<&Name>) -> String {
    match (exception.map(|e| class(e)), stage.map(|s| name(s))) {
        (Some(exception), Some(stage)) => format!("{exception} at {stage}"),
        (Some(exception), None) => exception,
        (None, Some(stage)) => format!("failed at {stage}"),
        (None, None) => "no exception told".to_owned(),
    }
}

const fn origin_matches(timestamp: bool, key: bool) -> &'static str {
    match (timestamp, key) {
        (true, true) => "the origin has the same timestamp and key",
        (true, false) => "the origin has the same timestamp",
        (false, true) => "the origin has the same key",
        (false, false) => "the origin has another timestamp and key",
    }
}

/// Why a range was not read.
#[must_use]
pub(super) const fn not_read(why: WhyUnread) -> &'static str {
    match why {
        WhyUnread::Deadline => "not read: the deadline came first",
        WhyUnread::Tiered => "not read: it is in tiered storage only",
        WhyUnread::Unauthorized => "not read: no right to read the topic",
        WhyUnread::Unreachable => "not read: its leader could not be reached",
        WhyUnread::Gone => "not read: it went while whither was reading",
        WhyUnread::NotOpened => "not read: a boundary cuts a batch that has holes",
    }
}

fn pace(per_mille: i64, about: &About<'_>) -> String {
    let (whole, hundredths) = (per_mille.max(0) / 1_000, per_mille.max(0) % 1_000 / 10);
    format!("{} covers {whole}.{hundredths:02} s of records a second", about.group_name())
}
