//! What one look at a cluster knows so far, and the order in which it asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use whither_core::fact::Bounds;
use whither_core::{Clock, Fact, Key, Name, Offset, Partition, Time, TopicId};
use whither_kafka::batch::Scratch;
use whither_kafka::fetch::{Fetched, Fetcher};
use whither_kafka::{Cluster, GroupListing, Metadata, Refusal, TopicPartition};

use super::back::Back;
use super::commits::TopicNames;
use super::heads::Heads;
use super::indexing::Budget;
use super::origins::Conventions;
use super::rounds::Pacing;
use super::told::Told;
use super::walking::Walkers;
use super::wants::Wants;
use crate::clock;
use crate::prose;
use crate::report::{NotSeen, Report};
use crate::run::Run;

/// Clusters with more topics than this are asked for configurations and members only now and then.
const FEW_TOPICS: usize = 200;
/// Rounds between two such questions.
const SELDOM: u32 = 10;
/// Rounds of following come this far apart.
const ROUND: Duration = Duration::from_secs(1);
/// A round under way when the time is over may read for this long.
const LAST_ROUND: Duration = Duration::from_secs(5);

/// Why something was not read.
pub(super) const DEADLINE: &str = "the deadline came first";

/// Told what is being done, as it changes.
pub trait Progress: Send + Sync {
    /// What is being done.
    fn doing(&mut self, what: &str);

    /// A part of a long read was judged.
    fn between(&mut self, run: &Run) {
        let _ = run;
    }

    /// Everything that stood was read, and is watched from here on, for so long.
    fn caught_up(&mut self, follow: Duration);
}

/// A look at a cluster under way.
pub struct Look {
    pub(super) cluster: Arc<Cluster>,
    pub(super) metadata: Arc<Metadata>,
    pub(super) id: Name,
    pub(super) wants: Wants,
    pub(super) run: Run,
    pub(super) names: Arc<TopicNames>,
    pub(super) scratch: Scratch,
    pub(super) walkers: Walkers,
    pub(super) conventions: Arc<Conventions>,
    /// When reading stops; none to read everything.
    pub(super) until: Option<Instant>,
    /// What was not seen, and in which round that was.
    pub(super) not_seen: BTreeMap<NotSeen, u32>,
    /// Where reading each offsets partition goes on.
    pub(super) offsets_next: BTreeMap<i32, Offset>,
    /// Offsets partitions that could not be read to their end in the last round, and why.
    pub(super) offsets_missing: BTreeMap<i32, String>,
    /// What each group has committed for a partition.
    pub(super) positions: BTreeMap<Partition, BTreeMap<Name, LastCommit>>,
    /// Groups as brokers listed them last.
    pub(super) listed: BTreeMap<Name, GroupListing>,
    /// Names of groups and topics that commits carry, each held once: a wide cluster repeats them hundreds of
    /// thousands of times.
    pub(super) shared: BTreeSet<Name>,
    /// The edges of each partition as last read.
    pub(super) edges: BTreeMap<Partition, Bounds>,
    /// Where reading each partition goes on, for following.
    pub(super) data_next: BTreeMap<Partition, ReadTo>,
    /// Topics that are compacted, where what compaction takes is asked for.
    pub(super) compacted: BTreeSet<Name>,
    /// What following keeps from round to round.
    pub(super) heads: Heads,
    pub(super) groups: usize,
    pub(super) records_read: u64,
    pub(super) undecoded: u64,
    pub(super) told: Told,
    /// What is still to be read of the past, by a server.
    pub(super) back: Option<Back>,
    pub(super) pacing: Pacing,
    pub(super) budget: Budget,
    pub(super) rounds: u32,
    pub(super) progress: Box<dyn Progress>,
}

/// How far a partition was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadTo {
    pub(super) next: Offset,
    /// Where the last batch of records begins, and the leader epoch it was written in.
    pub(super) tail: Option<(Offset, i32)>,
    /// The leader epoch in which all that was read was last known to be in the log.
    pub(super) checked: i32,
}

/// A group's lowest and newest commit for a partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastCommit {
    pub(super) lowest: Offset,
    pub(super) latest: Option<Offset>,
    pub(super) leader_epoch: i32,
}

impl Look {
    /// A look that has asked nothing yet but the metadata.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, wants: Wants, run: Run, progress: Box<dyn Progress>) -> Look {
        let metadata = cluster.metadata();
        let until = wants.deadline.and_then(|d| Instant::now().checked_add(d));
        let mut names = TopicNames::default();
        for (name, topic) in &metadata.topics {
            names.add(topic.id, name.clone(), wants.holds_letters(name));
        }
        let budget = Budget::new(wants.index.records_per_second);
        Look {
            id: Name::from(metadata.cluster_id.as_str()),
            heads: Heads::new(&cluster),
            cluster,
            metadata,
            conventions: Arc::new(wants.conventions.clone()),
            wants,
            run,
            names: Arc::new(names),
            scratch: Scratch::default(),
            walkers: Walkers::default(),
            until,
            not_seen: BTreeMap::new(),
            offsets_next: BTreeMap::new(),
            offsets_missing: BTreeMap::new(),
            positions: BTreeMap::new(),
            listed: BTreeMap::new(),
            shared: BTreeSet::new(),
            edges: BTreeMap::new(),
            data_next: BTreeMap::new(),
            compacted: BTreeSet::new(),
            groups: 0,
            records_read: 0,
            undecoded: 0,
            told: Told::default(),
            back: None,
            pacing: Pacing::default(),
            budget,
            rounds: 0,
            progress,
        }
    }

    /// Looks once: everything a snapshot can tell.
    pub async fn once(&mut self) {
        self.ask().await;
        self.conclude(Run::settle).await;
        self.until = None;
    }

    /// Looks once and tells what there is to tell. What only another look would need is let go of on the way.
    #[must_use]
    pub async fn only_once(mut self) -> Report {
        self.ask().await;
        // Nothing more is asked by position.
        self.positions.clear();
        self.conclude(Run::settle_for_good).await;
        self.into_report()
    }

    async fn ask(&mut self) {
        self.tell_topics();
        self.progress.doing("reading commits");
        self.read_offsets().await;
        self.progress.doing("reading log starts and ends");
        self.read_edges().await;
        self.list_groups().await;
        self.observe().await;
        self.describe_groups().await;
        self.describe_topics().await;
        self.read_data().await;
        self.ask_further().await;
    }

    /// Watches on: round after round until the time is over.
    pub async fn follow(&mut self, length: Duration) {
        let began = Instant::now();
        self.until = length.checked_add(LAST_ROUND).and_then(|l| began.checked_add(l));
        self.progress.caught_up(length);
        while let Some(left) = length.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
            self.progress.doing(&format!("caught up, following for {} s", left.as_secs() + 1));
            tokio::time::sleep(ROUND.min(left)).await;
            self.again().await;
        }
    }

    /// Asks what only the positions and records that were read raise as a question.
    async fn ask_further(&mut self) {
        self.describe_transactions().await;
        self.ask_epochs().await;
    }

    /// What every look ends with: verdicts, and a closer look where they ask. All verdicts are of one moment: what
    /// nothing new was read of is told once.
    async fn conclude(&mut self, settle: fn(&mut Run, Clock)) {
        let clock = self.everything();
        settle(&mut self.run, clock);
        self.look_deeper().await;
        settle(&mut self.run, clock);
    }

    /// Reads what was committed, and nothing else.
    pub async fn commits_only(&mut self) {
        self.progress.doing("reading commits");
        self.read_offsets().await;
        self.run.settle(self.everything());
    }

    /// One round of following: what was committed, how the edges moved, what was written.
    pub async fn again(&mut self) {
        if let Ok(metadata) = self.cluster.refresh().await {
            self.take_metadata(metadata);
        }
        self.tell_topics();
        self.rounds += 1;
        self.list_groups().await;
        self.observe_again().await;
        self.look_at_what_went().await;
        let few = self.metadata.topics.len() <= FEW_TOPICS;
        if few || self.rounds.is_multiple_of(SELDOM) {
            self.describe_groups().await;
            self.describe_topics().await;
        } else {
            self.look_up_missing().await;
        }
        if self.wants.policy.superseded && self.rounds.is_multiple_of(SELDOM) {
            self.look_for_superseded().await;
        }
        self.ask_further().await;
        self.conclude(Run::settle).await;
    }

    /// Positions once more, then edges. What is told of the log start is what was read before those commits: a
    /// commit that is seen later still was made later.
    pub(super) async fn observe(&mut self) {
        let before = self.edges.clone();
        self.read_share_positions().await;
        self.read_offsets().await;
        self.read_edges().await;
        let at = clock::now();
        for (partition, now) in &self.edges {
            let mut told = *now;
            told.at = at;
            if let Some(earlier) = before.get(partition).filter(|b| b.topic_id == now.topic_id) {
                told.log_start = earlier.log_start.min(now.log_start);
                told.local_start = told.local_start.max(told.log_start);
            }
            if !self.told.has_moved(partition, &told) {
                continue;
            }
            let key = Key::log(&self.id, partition);
            self.run.apply(&key, Clock { now: at, complete_to: at }, &[Fact::Bounds(told)]);
        }
    }

    /// The same while following, with the records that were written since.
    pub(super) async fn observe_again(&mut self) {
        self.read_share_positions().await;
        self.read_offsets().await;
        let behind = self.poll_data().await;
        self.catch_up(behind).await;
    }

    /// Facts read now; nothing observed before them will still come.
    pub(super) fn now(&self) -> Clock {
        let now = clock::now();
        Clock { now, complete_to: now }
    }

    /// The watermark behind everything that was given.
    pub(super) fn everything(&self) -> Clock {
        Clock { now: clock::now(), complete_to: Time::MAX }
    }

    pub(super) fn apply(&mut self, key: &Key, facts: &[Fact]) {
        let clock = self.now();
        self.run.apply(key, clock, facts);
    }

    /// How much time is left for reading; none if there is no end to it.
    pub(super) fn left(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// What comes next of a read; none at its end and when the time is over.
    pub(super) async fn next_of(&self, fetcher: &mut Fetcher) -> Option<Vec<Fetched>> {
        match self.left() {
            Some(Duration::ZERO) => None,
            Some(left) => tokio::time::timeout(left, fetcher.next()).await.ok().flatten(),
            None => fetcher.next().await,
        }
    }

    pub(super) fn out_of_time(&self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// Whether a topic is looked at: not Kafka's own, and among those asked for.
    pub(super) fn looks_at(&self, topic: &str) -> bool {
        let internal = self.metadata.topics.get(topic).is_some_and(|t| t.internal);
        !internal && self.wants.topic.as_ref().is_none_or(|t| &**t == topic)
    }

    /// The incarnation a topic's name has now.
    pub(super) fn topic_id(&self, topic: &str) -> TopicId {
        TopicId(self.metadata.topics.get(topic).map_or(0, |t| t.id))
    }

    /// The partitions looked at.
    pub(super) fn partitions(&self) -> Vec<Partition> {
        let topics = self.metadata.topics.iter().filter(|(name, _)| self.looks_at(name));
        let all = topics.flat_map(|(name, t)| t.partitions.keys().map(|p| Partition::new(name.clone(), *p)));
        all.filter(|p| self.wants.partition.is_none_or(|only| only == p.index)).collect()
    }

    pub(super) fn not_seen(&mut self, what: &str, why: &str, so: &str, hides_verdicts: bool) {
        let not_seen = NotSeen { what: what.into(), why: why.into(), so: so.into(), hides_verdicts };
        self.not_seen.insert(not_seen, self.rounds);
    }

    /// Notes that the cluster stopped answering while it was watched.
    pub fn went_silent(&mut self) {
        self.not_seen(
            "the end of the watch",
            "the cluster stopped answering",
            "what is told is of the last round that was answered",
            true,
        );
    }

    pub(super) fn is_following(&self) -> bool {
        self.rounds > 0
    }

    /// The judge, to take verdicts from.
    #[must_use]
    pub fn judge(&self) -> &Run {
        &self.run
    }

    /// The judge, to take news from.
    pub fn judge_mut(&mut self) -> &mut Run {
        &mut self.run
    }

    /// What was asked for by name and is not there: an empty answer must not pass for "nothing lost". A topic that
    /// is gone but of which commits tell has rows, and is there.
    #[must_use]
    pub fn in_vain(&self) -> Option<String> {
        let rows = || self.run.said().balance.keys().map(|(_, partition)| partition);
        let wants = &self.wants;
        if let Some(topic) = &wants.topic
            && !self.metadata.topics.contains_key(topic)
            && !rows().any(|p| p.topic == *topic)
        {
            return Some(prose::no_topic(topic));
        }
        let index =
            wants.partition.filter(|i| self.partitions().is_empty() && !rows().any(|p| p.index == *i))?;
        Some(match &wants.topic {
            Some(topic) => prose::no_partition(&Partition::new(topic.clone(), index)),
            None => format!("no topic has a partition {index}: partitions count from 0"),
        })
    }

    fn group_in_vain(&self) -> Option<NotSeen> {
        let group = self.wants.group.as_ref()?;
        let found = self.run.said().balance.keys().any(|(g, _)| g == group);
        (!found).then(|| NotSeen {
            what: format!("group {group}"),
            why: "no position of a group of this name was found".into(),
            so: "nothing can be told of it".into(),
            hides_verdicts: true,
        })
    }

    /// What there is to tell.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::from_said(self.about(), self.run.said())
    }

    /// What there is to tell, once nothing more will be looked at.
    #[must_use]
    pub fn into_report(self) -> Report {
        let about = self.about();
        Report::of_all_said(about, self.run.into_said())
    }

    fn about(&self) -> Report {
        let said = self.run.said();
        let mut not_seen: Vec<NotSeen> = self.not_seen.keys().cloned().collect();
        if self.undecoded > 0 {
            not_seen.push(NotSeen {
                what: format!("{} records of __consumer_offsets", self.undecoded),
                why: "written in a form this version does not know".into(),
                so: "positions or members may be missing".into(),
                hides_verdicts: true,
            });
        }
        let in_vain: Vec<String> = self.in_vain().into_iter().collect();
        not_seen.extend(in_vain.iter().map(|why| NotSeen {
            what: "what was asked for".into(),
            why: why.clone(),
            so: "nothing can be told of it".into(),
            hides_verdicts: true,
        }));
        not_seen.extend(self.group_in_vain());
        not_seen.extend(self.commits_missing());
        Report {
            cluster: self.id.to_string(),
            at: clock::now(),
            complete_since: said.tails.values().filter_map(|t| t.since).max(),
            brokers: self.metadata.brokers.len(),
            topics: self.metadata.topics.keys().filter(|t| self.looks_at(t)).count(),
            groups: self.groups,
            records_read: self.records_read,
            not_seen,
            in_vain,
            only_group: self.wants.group.clone(),
            ..Report::default()
        }
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look").field("cluster", &self.id).field("wants", &self.wants).finish_non_exhaustive()
    }
}

pub(super) fn of(p: &Partition) -> TopicPartition {
    TopicPartition { topic: p.topic.clone(), partition: p.index }
}

pub(super) fn partition(p: &TopicPartition) -> Partition {
    Partition { topic: p.topic.clone(), index: p.partition }
}

/// Why an item got no answer, in a few words.
pub(super) fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Code(code) => format!("{code}"),
        Refusal::Failed(error) => format!("{error}"),
    }
}
