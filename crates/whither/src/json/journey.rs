//! `where` and `step`: one message's journey.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::verdict::{Cause, Certainty, Evidence, Outcome};
use whither_core::{Name, Offset, Span, Time};

use super::check::{EvidenceItem, Times};
use super::words as said;
use crate::prose::{self, About, Plane, Scene};
use crate::whereabouts::{self, GroupVerdict};

/// The answer of `whither where`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Journey {
    /// The message.
    pub message: Message,
    /// What became of it for each group.
    pub verdicts: Vec<VerdictItem>,
    /// What happened to it, in order.
    pub steps: Vec<Step>,
    /// Whether everything that could have happened to it was looked at.
    pub complete: bool,
}

/// The message itself, without its payload.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are Kafka's own words")]
pub struct Message {
    pub cluster: String,
    pub topic: String,
    pub partition: i32,
    #[schema(value_type = i64)]
    pub offset: Offset,
    pub timestamp: Times,
    pub append_time: Times,
    pub size_bytes: Option<u64>,
    /// 16 hexadecimal digits; null for a null key, or where the record could not be read.
    pub key_hash: Option<String>,
    /// In the record's order: names repeat.
    pub headers: Vec<Header>,
    pub trace_id: Option<String>,
}

/// A header of the record.
#[derive(Debug, Serialize, ToSchema)]
pub struct Header {
    name: String,
    /// Null where it has none, or one that is no text.
    value: Option<String>,
    /// The value where it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    base64: Option<String>,
}

impl Header {
    /// The header as it is written.
    #[must_use]
    pub fn of((name, value): &(String, Option<Vec<u8>>)) -> Header {
        let text = value.as_deref().map(std::str::from_utf8);
        Header {
            name: name.clone(),
            value: text.and_then(Result::ok).map(ToOwned::to_owned),
            base64: value.as_ref().filter(|_| text.is_some_and(|t| t.is_err())).map(|v| STANDARD.encode(v)),
        }
    }
}

/// What became of the message for one group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupVerdict)]
pub struct VerdictItem {
    group: String,
    #[schema(value_type = said::Verdict)]
    verdict: &'static str,
    #[schema(value_type = Option<said::Cause>)]
    cause: Option<&'static str>,
    #[schema(value_type = said::Certainty)]
    certainty: &'static str,
    at: Times,
    evidence: Vec<EvidenceItem>,
}

impl VerdictItem {
    /// The verdict as it is written.
    #[must_use]
    pub fn new(
        group: &Name,
        (outcome, cause, certainty): (Outcome, Option<Cause>, Certainty),
        at: Option<Time>,
        evidence: &[Evidence],
        about: &About<'_>,
        scene: &Scene<'_>,
    ) -> VerdictItem {
        VerdictItem {
            group: group.to_string(),
            verdict: outcome.word(),
            cause: cause.map(Cause::id),
            certainty: certainty.word(),
            at: at.into(),
            evidence: evidence.iter().map(|e| EvidenceItem::of(e, about, scene)).collect(),
        }
    }
}

/// What kind of step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are defined in INTERFACE and the guide")]
pub enum StepKind {
    Produce,
    Append,
    Queue,
    Fetch,
    Process,
    Commit,
    Retry,
    DeadLetter,
    State,
    NextHop,
    End,
}

/// One step. Times are told as bounds where only commits show them.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are defined in INTERFACE and the guide")]
pub struct Step {
    pub kind: StepKind,
    pub plane: Plane,
    pub service: Option<String>,
    pub group: Option<String>,
    pub topic: String,
    pub partition: i32,
    #[schema(value_type = i64)]
    pub offset: Offset,
    pub start: Times,
    pub seconds: Option<f64>,
    pub seconds_min: Option<f64>,
    pub seconds_max: Option<f64>,
    /// Records that share this time.
    pub shared_with: Option<u64>,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
    pub text: String,
}

impl Journey {
    /// The journey of a message that was found.
    #[must_use]
    pub fn of(m: &whereabouts::Message, cluster: &str, complete: bool, scene: &Scene<'_>) -> Journey {
        let seen = &m.seen;
        let about = |v: &GroupVerdict| (v.group.clone(), seen.partition.clone());
        let verdicts = m.verdicts.iter().map(|v| {
            let (group, partition) = about(v);
            let about = About { partition: &partition, group: Some(&group), from: seen.offset };
            VerdictItem::new(&v.group, (v.outcome, v.cause, v.certainty), v.at, &v.evidence, &about, scene)
        });
        Journey {
            message: Message {
                cluster: cluster.to_owned(),
                topic: seen.partition.topic.to_string(),
                partition: seen.partition.index,
                offset: seen.offset,
                timestamp: seen.timestamp.into(),
                append_time: seen.append_time.into(),
                size_bytes: Some(seen.size_bytes.into()),
                key_hash: seen.key_hash.map(|hash| format!("{hash:016x}")),
                headers: seen.headers.iter().map(Header::of).collect(),
                trace_id: seen.trace_id.as_ref().map(ToString::to_string),
            },
            verdicts: verdicts.collect(),
            steps: steps(m),
            complete,
        }
    }
}

/// What log and commits show: its beginning, then for each group the wait and the commit that ended it.
fn steps(m: &whereabouts::Message) -> Vec<Step> {
    let seen = &m.seen;
    let trace_id = seen.trace_id.as_ref().map(ToString::to_string);
    let step = |kind, plane, start: Option<Time>, text: String| Step {
        kind,
        plane,
        service: None,
        group: None,
        topic: seen.partition.topic.to_string(),
        partition: seen.partition.index,
        offset: seen.offset,
        start: start.into(),
        seconds: None,
        seconds_min: None,
        seconds_max: None,
        shared_with: None,
        trace_id: trace_id.clone(),
        span_id: None,
        text,
    };
    let mut steps = Vec::new();
    if let Some(at) = seen.timestamp {
        steps.push(step(
            StepKind::Produce,
            Plane::Log,
            Some(at),
            "its producer gave it this time".to_owned(),
        ));
    }
    if let Some(at) = seen.append_time {
        steps.push(step(StepKind::Append, Plane::Log, Some(at), "the broker appended it".to_owned()));
    }
    let began = seen.append_time.or(seen.timestamp);
    for v in &m.verdicts {
        let group = Some(v.group.to_string());
        if let Some((least, most)) = v.queue_ms {
            let text = prose::waited(&v.group, (Span(least), Span(most)), v.shared_with);
            let queue = step(StepKind::Queue, Plane::Commits, began, text);
            let (min, max) = (Some(seconds(least)), Some(seconds(most)));
            let bounds = Step { seconds_min: min, seconds_max: max, shared_with: v.shared_with, ..queue };
            steps.push(Step { group: group.clone(), ..bounds });
        }
        if v.at.is_some() {
            let text = prose::outcome(v.outcome, v.at, v.at.unwrap_or_default());
            steps.push(Step { group, ..step(StepKind::Commit, Plane::Commits, v.at, text) });
        }
    }
    steps
}

fn seconds(ms: i64) -> f64 {
    let whole = i32::try_from(ms / 1_000).unwrap_or(i32::MAX);
    let rest = i32::try_from(ms % 1_000).unwrap_or_default();
    f64::from(whole) + f64::from(rest) / 1_000.0
}
