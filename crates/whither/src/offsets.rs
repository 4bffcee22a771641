//! `whither offsets GROUP --at TIME`: where a group stood at a past moment, and who put it there.

use std::collections::BTreeMap;
use std::sync::Arc;

use whither_core::fact::{CommitValue, Committed, Committer};
use whither_core::{Name, Partition, Time};
use whither_kafka::{ClientConfig, Cluster, Error};

use crate::report::NotSeen;
use crate::run::Run;
use crate::sources::kafka::{Look, Progress, Wants};

/// A group's positions at one moment.
#[derive(Clone, Debug)]
pub struct Positions {
    /// The cluster's id.
    pub cluster: String,
    /// The group.
    pub group: Name,
    /// The moment.
    pub at: Time,
    /// From when on the commit history is complete.
    pub complete_since: Option<Time>,
    /// Positions that are known, by partition.
    pub known: BTreeMap<Partition, Position>,
    /// Partitions the group had no position in at that moment, as far as history tells, and has one in later.
    pub later: Vec<Partition>,
    /// What could not be seen.
    pub not_seen: Vec<NotSeen>,
}

/// One position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// What was committed.
    pub value: CommitValue,
    /// When.
    pub at: Time,
    /// Who made it.
    pub by: Committer,
    /// Where it can be read again: the offsets partition and the offset in it.
    pub source: (i32, i64),
    /// Where the group stands now; none if its offsets were removed since.
    pub now: Option<i64>,
}

/// Reads the group's history.
///
/// # Errors
/// The cluster can't be reached, or refuses us altogether.
pub async fn run(
    client: ClientConfig,
    wants: Wants,
    group: Name,
    at: Time,
    progress: Box<dyn Progress>,
) -> Result<Positions, Error> {
    let cluster = Arc::new(Cluster::connect(client).await?);
    let mut run = Run::new(wants.policy);
    run.keep_commits(None, Some(group.clone()));
    let mut look = Look::new(cluster, wants, run, progress);
    look.commits_only().await;
    let report = look.report();
    let commits = std::mem::take(&mut look.judge_mut().said_mut().commits);
    let (known, later) = at_moment(&commits, at);
    Ok(Positions {
        cluster: report.cluster,
        group,
        at,
        complete_since: report.complete_since,
        known,
        later,
        not_seen: report.not_seen,
    })
}

/// The positions in force at a moment: of each partition the last commit up to then, unless it was removed.
fn at_moment(
    commits: &[(Partition, Committed)],
    at: Time,
) -> (BTreeMap<Partition, Position>, Vec<Partition>) {
    let mut known: BTreeMap<Partition, Position> = BTreeMap::new();
    let mut now: BTreeMap<&Partition, Option<i64>> = BTreeMap::new();
    for (partition, c) in commits {
        now.insert(partition, c.value.map(|v| v.offset));
        if c.at > at {
            continue;
        }
        match c.value {
            Some(value) => {
                let source = (c.offsets_partition, c.source_offset);
                let position = Position { value, at: c.at, by: c.by.clone(), source, now: None };
                known.insert(partition.clone(), position);
            }
            None => {
                known.remove(partition);
            }
        }
    }
    let later = now.iter().filter(|(p, offset)| offset.is_some() && !known.contains_key(**p));
    let later = later.map(|(p, _)| (*p).clone()).collect();
    for (partition, position) in &mut known {
        position.now = now.get(partition).copied().flatten();
    }
    (known, later)
}

#[cfg(test)]
mod tests {
    use super::{Partition, Time, at_moment};
    use whither_core::TopicId;
    use whither_core::fact::{CommitValue, Committed, Committer};

    fn commit(partition: i32, at: i64, offset: Option<i64>) -> (Partition, Committed) {
        let value = offset.map(|offset| CommitValue { offset, leader_epoch: 0, topic_id: TopicId::UNKNOWN });
        let committed = Committed {
            group: "g".into(),
            at: Time(at),
            seen: Time(0),
            offsets_partition: 1,
            source_offset: at,
            holes_before: 0,
            group_since: Time(0),
            by: Committer::SomeMember,
            transactional: false,
            value,
        };
        (Partition::new("orders", partition), committed)
    }

    #[test]
    fn a_reset_is_undone_by_the_moment_before_it() {
        let history = [
            commit(0, 10, Some(100)),
            commit(1, 10, Some(50)),
            commit(0, 20, Some(0)),
            commit(2, 30, Some(7)),
        ];
        let (known, later) = at_moment(&history, Time(19));
        let offsets: Vec<_> = known.iter().map(|(p, k)| (p.index, k.value.offset, k.now)).collect();
        assert_eq!(offsets, [(0, 100, Some(0)), (1, 50, Some(50))]);
        assert_eq!(later, [Partition::new("orders", 2)]);
    }

    #[test]
    fn removed_offsets_are_no_position() {
        let history = [commit(0, 10, Some(100)), commit(0, 20, None)];
        assert!(at_moment(&history, Time(25)).0.is_empty());
        let (known, _) = at_moment(&history, Time(15));
        assert_eq!(known[&Partition::new("orders", 0)].now, None);
    }
}
