//! What a report says beside rows and findings, so that a replay prints what the run printed.

use serde::{Deserialize, Serialize};
use whither_core::{Name, Time};

use super::values::When;
use crate::report::{NotSeen, Report};

/// All of a [`Report`] that is not judged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    at: When,
    #[serde(skip_serializing_if = "Option::is_none")]
    complete_since: Option<When>,
    #[serde(default)]
    brokers: usize,
    #[serde(default)]
    topics: usize,
    #[serde(default)]
    groups: usize,
    #[serde(default)]
    records_read: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_seen: Vec<NotSeenLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_group: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NotSeenLine {
    what: String,
    why: String,
    so: String,
    #[serde(default, skip_serializing_if = "super::facts::is_off")]
    hides_verdicts: bool,
}

impl About {
    /// What `report` says beside rows and findings.
    #[must_use]
    pub fn of(report: &Report) -> About {
        let Report {
            cluster: _,
            at,
            complete_since,
            brokers,
            topics,
            groups,
            records_read,
            balance: _,
            findings: _,
            not_seen,
            in_vain: _,
            only_group,
        } = report;
        About {
            at: When(*at),
            complete_since: complete_since.map(When),
            brokers: *brokers,
            topics: *topics,
            groups: *groups,
            records_read: *records_read,
            not_seen: not_seen.iter().map(NotSeenLine::of).collect(),
            only_group: only_group.as_ref().map(ToString::to_string),
        }
    }

    /// A report of this cluster with rows and findings still to come.
    #[must_use]
    pub fn report(self, cluster: &Name) -> Report {
        Report {
            cluster: cluster.to_string(),
            at: self.at.0,
            complete_since: self.complete_since.map(|When(at)| at),
            brokers: self.brokers,
            topics: self.topics,
            groups: self.groups,
            records_read: self.records_read,
            balance: Vec::new(),
            findings: Vec::new(),
            not_seen: self.not_seen.into_iter().map(NotSeenLine::not_seen).collect(),
            in_vain: Vec::new(),
            only_group: self.only_group.map(Name::from),
        }
    }

    /// Nothing but the moment, for a scenario that ends without a report.
    #[must_use]
    pub fn at(at: Time) -> About {
        About::of(&Report { at, ..Report::default() })
    }
}

impl NotSeenLine {
    fn of(not_seen: &NotSeen) -> NotSeenLine {
        let NotSeen { what, why, so, hides_verdicts } = not_seen.clone();
        NotSeenLine { what, why, so, hides_verdicts }
    }

    fn not_seen(self) -> NotSeen {
        let NotSeenLine { what, why, so, hides_verdicts } = self;
        NotSeen { what, why, so, hides_verdicts }
    }
}
