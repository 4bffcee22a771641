//! `check`, `balance`, `finding`, `drop` and `evidence`.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use whither_core::verdict::{Evidence, Outcome, ShownAs};
use whither_core::{Balance, Time, Verdict};

use super::words::{self as said, Counts};
use crate::prose::{self, About, Scene, Source, words};
use crate::report::{NotSeen, Report};

/// Times as they are written: RFC 3339 in UTC with milliseconds, null where none is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times(pub Option<i64>);

impl From<Time> for Times {
    fn from(at: Time) -> Times {
        Times(words::known(at).map(|_| at.0))
    }
}

impl From<Option<Time>> for Times {
    fn from(at: Option<Time>) -> Times {
        at.map_or(Times(None), Times::from)
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.and_then(|ms| words::rfc3339(Time(ms))) {
            Some(text) => serializer.serialize_str(&text),
            None => serializer.serialize_none(),
        }
    }
}

/// The whole answer of `whither check`.
#[derive(Debug)]
pub struct Check<'a> {
    report: &'a Report,
    scene: Scene<'a>,
}

impl<'a> Check<'a> {
    /// The answer for a report.
    #[must_use]
    pub fn of(report: &'a Report) -> Check<'a> {
        Check { report, scene: Scene::of(report) }
    }
}

impl PartialSchema for Check<'_> {
    fn schema() -> RefOr<Schema> {
        let list = |of: &str| ArrayBuilder::new().items(Ref::from_schema_name(of));
        let check = ObjectBuilder::new()
            .property("cluster", String::schema())
            .property("at", Ref::from_schema_name(Times::name()))
            .property("complete_since", Ref::from_schema_name(Times::name()))
            .property("balance", list("Balance"))
            .property("findings", list("Finding"))
            .property("drops", list("Finding"))
            .property("not_seen", list("NotSeen"));
        let each = ["cluster", "at", "complete_since", "balance", "findings", "drops", "not_seen"];
        let check = each.into_iter().fold(check, ObjectBuilder::required);
        check.description(Some("What `whither check --format json` writes.")).into()
    }
}

impl ToSchema for Check<'_> {}

impl Serialize for Check<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let r = self.report;
        let findings = |only: Option<ShownAs>| {
            let of = move |v: &&Verdict| only.is_none_or(|shown_as| v.shown_as == shown_as);
            Seq(move || r.findings.iter().filter(of).map(|v| Finding::of(v, r, &self.scene)))
        };
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("cluster", &r.cluster)?;
        map.serialize_entry("at", &Times::from(r.at))?;
        map.serialize_entry("complete_since", &Times::from(r.complete_since))?;
        map.serialize_entry("balance", &Seq(|| r.balance.iter().map(|b| Row::of(b, &r.cluster))))?;
        map.serialize_entry("findings", &findings(None))?;
        map.serialize_entry("drops", &findings(Some(ShownAs::Loss)))?;
        map.serialize_entry("not_seen", &Seq(|| r.not_seen.iter().map(NotSeenItem::of)))?;
        map.end()
    }
}

/// A list that is made while it is written.
struct Seq<F>(F);

impl<F, I> Serialize for Seq<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for item in (self.0)() {
            seq.serialize_element(&item)?;
        }
        seq.end()
    }
}

/// `balance`: one group's records of one partition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Balance)]
pub struct Row<'a> {
    cluster: &'a str,
    group: &'a str,
    topic: &'a str,
    partition: i32,
    from: i64,
    to: i64,
    records: u64,
    /// Part of the range was gone before it could be read.
    at_most: bool,
    /// Records by verdict; those that count nothing are left out.
    #[schema(value_type = Counts)]
    verdicts: Verdicts<'a>,
    /// Records that the reader counted less those of all verdicts: 0.
    residual: i64,
}

impl<'a> Row<'a> {
    /// The row as it is written.
    #[must_use]
    pub fn of(b: &'a Balance, cluster: &'a str) -> Row<'a> {
        let residual = b.residual();
        Row {
            cluster,
            group: &b.group,
            topic: &b.partition.topic,
            partition: b.partition.index,
            from: b.from,
            to: b.to,
            records: b.records,
            at_most: b.at_most,
            verdicts: Verdicts(b),
            residual: i64::try_from(residual).unwrap_or(if residual < 0 { i64::MIN } else { i64::MAX }),
        }
    }
}

/// The words of a row that count anything.
#[derive(Debug)]
struct Verdicts<'a>(&'a Balance);

impl Serialize for Verdicts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counted = Outcome::ALL.map(|outcome| (outcome, self.0.count(outcome)));
        serializer.collect_map(counted.iter().filter(|(_, n)| *n > 0).map(|(outcome, n)| (outcome.word(), n)))
    }
}

/// `finding`, and `drop` where it is shown as loss.
#[derive(Debug, Serialize, ToSchema)]
pub struct Finding<'a> {
    /// 16 hexadecimal digits, which stay while the range grows.
    id: String,
    #[schema(value_type = said::ShownAs)]
    shown_as: &'static str,
    text: String,
    next: NextStep,
    cluster: &'a str,
    group: Option<&'a str>,
    topic: &'a str,
    partition: i32,
    from: i64,
    to: i64,
    records: u64,
    at_most: bool,
    #[schema(value_type = said::Verdict)]
    verdict: &'static str,
    #[schema(value_type = said::Certainty)]
    certainty: &'static str,
    #[schema(value_type = said::Cause)]
    cause: &'static str,
    #[schema(value_type = said::Certainty)]
    cause_certainty: &'static str,
    recoverable: bool,
    duplicate: bool,
    first_seen: Times,
    last_seen: Times,
    evidence: Vec<EvidenceItem>,
    coverage: Coverage,
}

impl<'a> Finding<'a> {
    /// The finding as it is written.
    #[must_use]
    pub fn of(v: &'a Verdict, report: &'a Report, scene: &Scene<'_>) -> Finding<'a> {
        let about = About::of(v);
        Finding {
            id: format!("{:016x}", v.id),
            shown_as: v.shown_as.word(),
            text: prose::finding(v, scene).text(),
            next: NextStep::of(prose::next(v, scene)),
            cluster: &report.cluster,
            group: v.group.as_deref(),
            topic: &v.partition.topic,
            partition: v.partition.index,
            from: v.from,
            to: v.to,
            records: v.records,
            at_most: v.at_most,
            verdict: v.outcome.word(),
            certainty: v.certainty.word(),
            cause: v.cause.id(),
            cause_certainty: v.cause_certainty.word(),
            recoverable: v.recoverable,
            duplicate: v.duplicate,
            first_seen: v.first_seen.into(),
            last_seen: v.last_seen.into(),
            evidence: v.evidence.iter().map(|e| EvidenceItem::of(e, &about, scene)).collect(),
            coverage: Coverage::of(v, report),
        }
    }
}

/// A finding by itself, as one line.
#[must_use]
pub fn finding(v: &Verdict, about: &Report) -> String {
    serde_json::to_string(&Finding::of(v, about, &Scene::of(about))).unwrap_or_default()
}

/// What to do, when, and with which command.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextStep {
    text: String,
    command: Option<String>,
    before: Times,
}

impl NextStep {
    fn of(next: prose::Next) -> NextStep {
        NextStep { text: next.text, command: next.command, before: next.before.into() }
    }
}

/// `evidence`: what was observed, when, and where to look again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evidence)]
pub struct EvidenceItem {
    kind: &'static str,
    at: Times,
    text: String,
    source: Source,
}

impl EvidenceItem {
    /// The evidence as it is written.
    #[must_use]
    pub fn of(e: &Evidence, about: &About<'_>, scene: &Scene<'_>) -> EvidenceItem {
        EvidenceItem {
            kind: prose::evidence_kind(e),
            at: prose::evidence_at(e).into(),
            text: prose::evidence_text(e, about, scene),
            source: prose::evidence_source(e, about),
        }
    }
}

/// What a finding rests on: how much of its range was read, and since when commit history is complete.
#[derive(Debug, Serialize, ToSchema)]
struct Coverage {
    /// Null where the finding does not rest on a group's commits, or where none of them is complete.
    commits_complete_since: Times,
    /// 1 where every record was counted by reading it, 0 where the range was gone or unread.
    read_ratio: f64,
}

impl Coverage {
    fn of(v: &Verdict, report: &Report) -> Coverage {
        let told = v.evidence.iter().find_map(|e| match e {
            Evidence::HistorySince { at } => Some(*at),
            _ => None,
        });
        let since = v.group.as_ref().and_then(|_| told.unwrap_or(report.complete_since));
        Coverage { commits_complete_since: since.into(), read_ratio: read_ratio(v) }
    }
}

fn read_ratio(v: &Verdict) -> f64 {
    if !v.at_most || v.records == 0 {
        return 1.0;
    }
    let read = v.evidence.iter().map(|e| match e {
        Evidence::Read { from, to, records } if *from >= v.from && *to <= v.to => *records,
        _ => 0,
    });
    let per_mille = u128::from(read.sum::<u64>().min(v.records)) * 1_000 / u128::from(v.records);
    u32::try_from(per_mille).map_or(1.0, |n| f64::from(n) / 1_000.0)
}

/// Something that could not be seen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotSeen)]
pub struct NotSeenItem<'a> {
    what: &'a str,
    why: &'a str,
    so: &'a str,
    hides_verdicts: bool,
}

impl<'a> NotSeenItem<'a> {
    /// The entry as it is written.
    #[must_use]
    pub fn of(n: &'a NotSeen) -> NotSeenItem<'a> {
        NotSeenItem { what: &n.what, why: &n.why, so: &n.so, hides_verdicts: n.hides_verdicts }
    }
}
