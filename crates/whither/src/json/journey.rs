//! `where` and `step`: one message's journey.

use serde::Serialize;
use whither_core::verdict::{Cause, Certainty, Evidence, Outcome};
use whither_core::{Name, Offset, Time};

use super::check::{EvidenceItem, Times};
use crate::prose::{About, Scene};

/// The answer of `whither where`.
#[derive(Debug, Serialize)]
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
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are Kafka's own words")]
pub struct Message {
    pub cluster: String,
    pub topic: String,
    pub partition: i32,
    pub offset: Offset,
    pub timestamp: Times,
    pub append_time: Times,
    pub size_bytes: Option<u64>,
    /// 16 hexadecimal digits; null for a null key, or where the record could not be read.
    pub key_hash: Option<String>,
    /// In the record's order: names repeat. Values that are not UTF-8 are null.
    pub headers: Vec<(String, Option<String>)>,
    pub trace_id: Option<String>,
}

/// What became of the message for one group.
#[derive(Debug, Serialize)]
pub struct VerdictItem {
    group: String,
    verdict: &'static str,
    cause: Option<&'static str>,
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
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
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are defined in INTERFACE and the guide")]
pub struct Step {
    pub kind: StepKind,
    pub plane: crate::prose::Plane,
    pub service: Option<String>,
    pub group: Option<String>,
    pub topic: String,
    pub partition: i32,
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
