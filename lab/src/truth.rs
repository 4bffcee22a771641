//! What a recipe knows to have happened.

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// How surely something may be said; ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Nothing can be said.
    Unknown,
    /// Counts or timing only.
    Indicative,
    /// One explanation left.
    Strong,
    /// The broker's log determines it.
    Proof,
}

/// Which run of `whither check` the truth is for. `whither serve` watches all of them happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// One `check` after the fact.
    Snapshot,
    /// `check --follow`, or `serve`, while it happened.
    Follower,
}

/// How many records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Exactly so many.
    Exact(i64),
    /// At most so many, and the finding has to say `at_most`.
    AtMost(i64),
    /// Exactly so many if they were read before they went, else at most so many: which of the two is a matter of
    /// seconds.
    Within(i64),
    /// Nothing can be known; not judged.
    Unknown,
}

/// One fact about one partition, and perhaps one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The recipe that made it so.
    pub recipe: String,
    /// The group, if the finding belongs to one.
    pub group: Option<String>,
    /// The topic's name.
    pub topic: String,
    /// The partition; none means all of the topic.
    pub partition: Option<i32>,
    /// Which run has to see it.
    pub needs: Needs,
    /// When the last piece of its evidence was on the broker: from then on it can be told. It is the moment at which
    /// the recipe had seen that it is there, so at most one request, or one turn of waiting, late.
    pub evident: Moment,
    /// A fault, or nothing that may alarm.
    #[serde(flatten)]
    pub expected: Expected,
    /// What one that followed from before the fault can say, where a snapshot taken afterwards can't.
    pub watched: Option<Fault>,
}

/// What `check` has to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Expected {
    /// This finding.
    Fault(Fault),
    /// Nothing shown as one of these.
    Healthy {
        /// loss always; for some also dead.
        never_shown_as: Vec<String>,
    },
}

/// A finding that has to be there. `None` is not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Cause id.
    pub cause: String,
    /// Verdict id.
    pub verdict: Option<String>,
    /// loss, risk, stuck, dead, note.
    pub shown_as: Option<String>,
    /// First offset.
    pub from: Option<i64>,
    /// Last offset + 1.
    pub to: Option<i64>,
    /// How many records.
    pub records: Count,
    /// The verdict may not be said more surely.
    pub certainty_at_most: Certainty,
    /// The cause may not be said more surely.
    pub cause_certainty_at_most: Certainty,
    /// False: may be left unsaid, but if it is said, then not more surely than this.
    pub required: bool,
}

impl Truth {
    /// About a partition; to be made a fault or healthy by the caller. Its evidence is there now.
    pub fn healthy(recipe: &str, group: Option<&str>, topic: &str, partition: Option<i32>) -> Self {
        Self {
            recipe: recipe.to_owned(),
            group: group.map(str::to_owned),
            topic: topic.to_owned(),
            partition,
            needs: Needs::Snapshot,
            evident: Moment::now(),
            expected: Expected::Healthy { never_shown_as: vec!["loss".to_owned()] },
            watched: None,
        }
    }

    /// Nor is anything a dead letter here.
    #[must_use]
    pub fn nor_dead(mut self) -> Self {
        if let Expected::Healthy { never_shown_as } = &mut self.expected {
            never_shown_as.push("dead".to_owned());
        }
        self
    }

    /// `fault` met `group` in a partition.
    pub fn fault(recipe: &str, group: Option<&str>, topic: &str, partition: i32, fault: Fault) -> Self {
        let mut truth = Self::healthy(recipe, group, topic, Some(partition));
        truth.expected = Expected::Fault(fault);
        truth
    }

    /// Only to be seen by a follower.
    #[must_use]
    pub fn followed(mut self) -> Self {
        self.needs = Needs::Follower;
        self
    }

    /// A follower can say this instead.
    #[must_use]
    pub fn watched(mut self, fault: Fault) -> Self {
        self.watched = Some(fault);
        self
    }

    /// Its evidence was complete before the recipe came to its end.
    #[must_use]
    pub fn evident_at(mut self, moment: Moment) -> Self {
        self.evident = moment;
        self
    }

    /// The truth for one that followed from before the fault.
    #[must_use]
    pub fn for_follower(mut self) -> Self {
        if let Some(fault) = self.watched.take() {
            self.expected = Expected::Fault(fault);
        }
        self
    }
}

impl Fault {
    /// A cause with its verdict, shown as, and the ceilings of both certainties.
    pub fn new(
        cause: &str,
        verdict: &str,
        shown_as: &str,
        verdict_at_most: Certainty,
        cause_at_most: Certainty,
    ) -> Self {
        Self {
            cause: cause.to_owned(),
            verdict: Some(verdict.to_owned()),
            shown_as: Some(shown_as.to_owned()),
            from: None,
            to: None,
            records: Count::Unknown,
            certainty_at_most: verdict_at_most,
            cause_certainty_at_most: cause_at_most,
            required: true,
        }
    }

    /// Exactly the records of this range.
    #[must_use]
    pub fn exactly(self, from: i64, to: i64) -> Self {
        self.counted(from, to, Count::Exact(to - from))
    }

    /// At most the records of this range.
    #[must_use]
    pub fn at_most(self, from: i64, to: i64) -> Self {
        self.counted(from, to, Count::AtMost(to - from))
    }

    /// The records of this range, by whether they were read before they went.
    #[must_use]
    pub fn within(self, from: i64, to: i64) -> Self {
        self.counted(from, to, Count::Within(to - from))
    }

    /// This range with so many records.
    #[must_use]
    pub fn counted(mut self, from: i64, to: i64, records: Count) -> Self {
        self.from = Some(from);
        self.to = Some(to);
        self.records = records;
        self
    }

    /// Begins here; where it ends and how many there are is not judged.
    #[must_use]
    pub fn starting(mut self, from: i64) -> Self {
        self.from = Some(from);
        self
    }

    /// May be left unsaid.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The verdict is not judged.
    #[must_use]
    pub fn of_any_verdict(mut self) -> Self {
        self.verdict = None;
        self.shown_as = None;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainties_are_ordered() {
        assert!(Certainty::Unknown < Certainty::Indicative);
        assert!(Certainty::Indicative < Certainty::Strong);
        assert!(Certainty::Strong < Certainty::Proof);
    }

    fn snapshot() -> Truth {
        let fault = |certainty| Fault::new("retention_time", "expired", "loss", certainty, Certainty::Strong);
        Truth::fault("r", Some("g"), "t", 0, fault(Certainty::Strong).at_most(4, 10))
            .watched(fault(Certainty::Proof).exactly(4, 10))
    }

    #[test]
    fn a_follower_may_say_more() {
        let certainty = |truth: Truth| match truth.expected {
            Expected::Fault(fault) => (fault.certainty_at_most, fault.records),
            Expected::Healthy { .. } => panic!("a fault"),
        };
        assert_eq!(certainty(snapshot()), (Certainty::Strong, Count::AtMost(6)));
        assert_eq!(certainty(snapshot().for_follower()), (Certainty::Proof, Count::Exact(6)));
    }

    #[test]
    fn a_truth_survives_json() {
        let fault = Fault::new("retention_time", "expired", "loss", Certainty::Strong, Certainty::Strong);
        for truth in [
            Truth::fault("r", Some("g"), "t", 0, fault.at_most(4, 10)).followed(),
            Truth::healthy("r", None, "t", None),
            snapshot(),
        ] {
            let text = serde_json::to_string(&truth).unwrap();
            assert_eq!(serde_json::from_str::<Truth>(&text).unwrap(), truth);
        }
    }
}
