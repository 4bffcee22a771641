//! The filters that lists share.

use whither_core::verdict::{Certainty, Outcome, ShownAs};
use whither_core::{Name, Partition, Time, Verdict};

use super::problem::Problem;
use super::query::{Query, Values};

/// The words of a verdict.
pub(super) const OUTCOMES: [&str; Outcome::ALL.len()] = {
    let mut words = [""; Outcome::ALL.len()];
    let mut i = 0;
    while i < words.len() {
        words[i] = Outcome::ALL[i].word();
        i += 1;
    }
    words
};

/// What lists of findings are filtered by.
pub(super) const OF_FINDINGS: &[&str] =
    &["group", "topic", "partition", "since", "until", "verdict", "cause", "certainty", "shown_as"];

/// What is wanted of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    group: Values,
    topic: Values,
    partition: Values,
    verdict: Values,
    cause: Values,
    certainty: Values,
    shown_as: Values,
    since: Option<Time>,
    until: Option<Time>,
}

impl Filter {
    /// The filters of a request.
    pub(super) fn of(query: &Query) -> Result<Filter, Problem> {
        let partition = query.values("partition");
        if let Some(wrong) = partition.each().find(|p| p.parse::<i32>().is_err()) {
            return Err(Problem::parameter("partition", wrong, "numbers"));
        }
        let causes = whither_core::verdict::Cause::ALL.map(whither_core::verdict::Cause::id);
        Ok(Filter {
            group: query.values("group"),
            topic: query.values("topic"),
            partition,
            verdict: query.words("verdict", &OUTCOMES)?,
            cause: query.words("cause", &causes)?,
            certainty: query.words("certainty", &Certainty::ALL.map(Certainty::word))?,
            shown_as: query.words("shown_as", &ShownAs::ALL.map(ShownAs::word))?,
            since: query.time("since")?,
            until: query.time("until")?,
        })
    }

    /// Whether a row is wanted.
    pub(super) fn fits_row(&self, (group, p): &(Name, Partition)) -> bool {
        self.group.fit(group) && self.fits_partition(p)
    }

    /// Whether a group is wanted.
    pub(super) fn fits_group(&self, group: &str) -> bool {
        self.group.fit(group)
    }

    /// Whether a topic is wanted.
    pub(super) fn fits_topic(&self, topic: &str) -> bool {
        self.topic.fit(topic)
    }

    /// Whether a topic was asked for.
    pub(super) fn names_topics(&self) -> bool {
        !self.topic.is_empty()
    }

    /// Whether a group was asked for.
    pub(super) fn names_groups(&self) -> bool {
        !self.group.is_empty()
    }

    fn fits_partition(&self, p: &Partition) -> bool {
        self.topic.fit(&p.topic) && (self.partition.is_empty() || self.partition.fit(&p.index.to_string()))
    }

    /// Whether a finding is where one is wanted; one that holds for every group holds for each.
    pub(super) fn fits_place(&self, v: &Verdict) -> bool {
        v.group.as_ref().is_none_or(|group| self.group.fit(group)) && self.fits_partition(&v.partition)
    }

    /// Whether a finding is wanted.
    pub(super) fn fits(&self, v: &Verdict) -> bool {
        self.fits_place(v)
            && self.verdict.fit(v.outcome.word())
            && self.cause.fit(v.cause.id())
            && self.certainty.fit(v.certainty.word())
            && self.shown_as.fit(v.shown_as.word())
            && self.since.is_none_or(|since| v.last_seen >= since)
            && self.until.is_none_or(|until| v.first_seen < until)
    }
}
