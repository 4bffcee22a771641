//! What is true now, for everybody who asks: what the core said last, and what the cluster looks like.
//!
//! One structure under one lock. A round is published as the changes it brought, so that readers wait for these
//! and no longer; what is computed is computed by pure functions of [`State`].

mod pace;
mod totals;
mod losses;
mod counted;
mod delay;
mod round;
mod news;
mod topic;
mod group;
mod lag;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::{broadcast, watch};
use whither_core::fact::Run;
use whither_core::verdict::Cause;
use whither_core::{Balance, Name, Partition, Time, Verdict};
use whither_kafka::Cluster;
use whither_store::Reader;

pub use counted::{Counted, Settled, Source, is_settled, refusal_word};
pub use delay::{BOUNDS as DELAY_BOUNDS, Delays};
pub use group::{Group, GroupSummary, Member};
pub use lag::{Forecast, Lag, LagState, waiting};
pub(crate) use losses::KEPT;
pub use losses::Losses;
pub use news::News;
pub use pace::Pace;
pub use round::{About, Problem, Round, StoreState};
pub use topic::{Edges, Topic, TopicSummary};
pub use totals::{Lost, Totals};

use crate::index::Covered;
use crate::report::{NotSeen, Report};

/// A row of the balance and how its group moves.
#[derive(Clone, Debug)]
pub struct Row {
    /// The row, as the core told it last.
    pub balance: Arc<Balance>,
    /// How fast the group's position moves.
    pub committed: Pace,
    /// The highest position seen since the server started.
    pub highest: Option<i64>,
    /// When retention overtakes the group, as the core forecasts it.
    pub loses_data_at: Option<Time>,
}

/// What is true now.
#[derive(Debug, Default)]
pub struct State {
    /// Raised by every round that is published.
    pub revision: u64,
    /// The moment that all of it is of.
    pub at: Time,
    /// When the newest round was finished.
    pub round_at: Time,
    /// When the server began, on its own clock.
    pub started_at: Time,
    /// Whether this is `whither demo`.
    pub demo: bool,
    /// The cluster and how far it has been read.
    pub about: About,
    /// Rows by group and partition.
    pub rows: BTreeMap<(Name, Partition), Row>,
    /// Findings by id.
    pub findings: BTreeMap<u64, Arc<Verdict>>,
    /// When records were lost.
    pub losses: Losses,
    /// Topics by name.
    pub topics: BTreeMap<Name, Topic>,
    /// What each partition's log holds as far as it was read, in runs by offset.
    pub runs: BTreeMap<Partition, Arc<[Run]>>,
    /// What the message index holds of each partition.
    pub indexed: BTreeMap<Partition, Covered>,
    /// Groups by name, as their coordinators describe them.
    pub groups: BTreeMap<Name, Group>,
    /// The groups that have rows, by topic.
    pub groups_of: BTreeMap<Name, BTreeSet<Name>>,
    /// Sums over all rows.
    pub totals: Totals,
    /// What can't be seen, and what that hides.
    pub not_seen: Vec<NotSeen>,
    /// What keeps the server from doing its work.
    pub problems: Vec<Problem>,
    /// What is on disk.
    pub store: StoreState,
    /// What was counted since the process started.
    pub counted: Counted,
}

impl State {
    /// A group's rows.
    pub fn rows_of(&self, group: &Name) -> impl Iterator<Item = &Row> {
        let first = (group.clone(), Partition::new("", i32::MIN));
        self.rows.range(first..).take_while(move |((g, _), _)| g == group).map(|(_, row)| row)
    }

    /// The edges of a partition as last read.
    #[must_use]
    pub fn edges(&self, partition: &Partition) -> Option<&Edges> {
        self.topics.get(&partition.topic)?.partitions.get(&partition.index)
    }

    /// How far a row's group is behind.
    #[must_use]
    pub fn lag(&self, row: &Row) -> Lag {
        let group = self.groups.get(&row.balance.group);
        Lag::of(row, self.edges(&row.balance.partition), group, self.at)
    }

    /// All of it as a report, as `check` makes one.
    #[must_use]
    pub fn report(&self) -> Report {
        let about = Report {
            cluster: self.about.cluster.clone(),
            at: self.at,
            complete_since: self.about.complete_since,
            brokers: self.about.brokers,
            topics: self.topics.len(),
            groups: self.groups.len(),
            records_read: self.about.records_read,
            not_seen: self.not_seen.clone(),
            ..Report::default()
        };
        let rows = self.rows.values().map(|row| row.balance.clone()).collect();
        about.with(rows, self.findings.values().map(|v| Verdict::clone(v)).collect())
    }

    fn take(&mut self, round: &Round) {
        (self.at, self.round_at) = (round.at, round.at);
        self.counted.add(&round.counted);
        for (name, topic) in &round.topics {
            self.describe(name, topic);
        }
        for name in &round.topics_gone {
            self.topics.remove(name);
            self.runs.retain(|partition, _| partition.topic != *name);
        }
        for (partition, edges) in &round.edges {
            if let Some(topic) = self.topics.get_mut(&partition.topic) {
                topic.moved(partition.index, edges, round.at);
            }
        }
        for (partition, runs) in &round.runs {
            self.runs.insert(partition.clone(), runs.clone());
        }
        self.indexed.extend(round.indexed.iter().cloned());
        for (name, group) in &round.groups {
            self.groups.insert(name.clone(), group.clone());
        }
        for name in &round.groups_gone {
            self.groups.remove(name);
        }
        for balance in &round.rows {
            self.take_row(balance, round.at);
        }
        for id in &round.withdrawn {
            self.losses.withdraw(*id);
            if let Some(v) = self.findings.remove(id) {
                self.forecast(&v, None);
            }
        }
        for v in &round.findings {
            self.losses.tell(v);
            self.forecast(v, v.until);
            if let Some(before) = self.findings.insert(v.id, v.clone()) {
                self.counted.revise(&before, v);
            }
        }
    }

    /// A topic that is described anew keeps its edges, unless it is another one under the same name.
    fn describe(&mut self, name: &Name, topic: &Topic) {
        let mut topic = topic.clone();
        if let Some(known) = self.topics.get_mut(name).filter(|known| known.id == topic.id) {
            topic.partitions = std::mem::take(&mut known.partitions);
        }
        self.topics.insert(name.clone(), topic);
    }

    fn take_row(&mut self, balance: &Arc<Balance>, at: Time) {
        let of = (balance.group.clone(), balance.partition.clone());
        let readers = self.groups_of.entry(balance.partition.topic.clone()).or_default();
        if !readers.contains(&balance.group) {
            readers.insert(balance.group.clone());
        }
        self.totals.add(balance);
        self.counted.settle(self.rows.get(&of).map(|row| &*row.balance), balance);
        let row = self.rows.entry(of);
        let row = row.and_modify(|row| self.totals.take_out(&row.balance)).or_insert_with(|| Row {
            balance: balance.clone(),
            committed: Pace::over(lag::GROUP_PACE),
            highest: None,
            loses_data_at: None,
        });
        let same_topic = row.balance.topic_id == balance.topic_id;
        row.highest = row.highest.filter(|_| same_topic).max(balance.committed);
        match balance.committed {
            // By our own clock: what groups tell of theirs may be hours off.
            Some(offset) => row.committed.saw(offset, at),
            None => row.committed = Pace::over(lag::GROUP_PACE),
        }
        row.balance = balance.clone();
    }

    /// The core tells a group that retention will overtake as a risk, with the moment.
    fn forecast(&mut self, v: &Verdict, until: Option<Time>) {
        let Some(group) = v.group.as_ref().filter(|_| v.cause == Cause::Lagging) else { return };
        if let Some(row) = self.rows.get_mut(&(group.clone(), v.partition.clone())) {
            row.loses_data_at = until;
        }
    }
}

/// What is true now, shared by the one that follows and all that ask.
#[derive(Debug)]
pub struct Live {
    state: RwLock<State>,
    history: watch::Sender<Option<Reader>>,
    cluster: RwLock<Option<Arc<Cluster>>>,
    news: news::Told,
}

impl Live {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(started_at: Time, demo: bool) -> Live {
        let state = State { started_at, demo, ..State::default() };
        Live {
            state: RwLock::new(state),
            history: watch::Sender::default(),
            cluster: RwLock::default(),
            news: news::Told::default(),
        }
    }

    /// What was true before; none until the store is open.
    #[must_use]
    pub fn history(&self) -> Option<Reader> {
        self.history.borrow().clone()
    }

    /// Where history is read from now on.
    pub fn keep_history(&self, reader: Reader) {
        self.history.send_replace(Some(reader));
    }

    /// Waits until the store is open: the data directory is ours then.
    pub async fn opened(&self) {
        // The other end is in here.
        let _ = self.history.subscribe().wait_for(Option::is_some).await;
    }

    /// The cluster, to look at a single record; none until it was reached.
    #[must_use]
    pub fn cluster(&self) -> Option<Arc<Cluster>> {
        self.cluster.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The cluster was reached.
    pub fn keep_cluster(&self, cluster: Arc<Cluster>) {
        *self.cluster.write().unwrap_or_else(PoisonError::into_inner) = Some(cluster);
    }

    /// What is true now. Held for a page of an answer, never across a wait.
    pub fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How losses came about that were told before the process started.
    pub fn remember_losses(&self, losses: Losses) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).losses = losses;
    }

    /// Told of every round that is published from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Arc<News>> {
        self.news.listen()
    }

    /// The same for somebody who has heard of all rounds up to a revision, with those that came after it: none if some
    /// of these are forgotten.
    #[must_use]
    pub fn listen_after(&self, revision: u64) -> (Option<Vec<Arc<News>>>, broadcast::Receiver<Arc<News>>) {
        self.news.listen_after(revision)
    }

    /// Makes a round's changes what is true now, all at once.
    pub fn publish(&self, round: Round) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.revision += 1;
        state.take(&round);
        let news = News {
            revision: state.revision,
            at: round.at,
            findings: round.findings,
            withdrawn: round.withdrawn,
        };
        state.about = round.about;
        state.not_seen = round.not_seen;
        state.problems = round.problems;
        state.store = round.store;
        drop(state);
        self.news.tell(news);
    }

    /// Tells what keeps the server from going on, between rounds: nothing else has changed.
    pub fn trouble(&self, at: Time, problems: Vec<Problem>, accepting: bool) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.revision += 1;
        state.at = at;
        state.problems = problems;
        state.store.accepting = accepting;
        let news = News { revision: state.revision, at, findings: Vec::new(), withdrawn: Vec::new() };
        drop(state);
        self.news.tell(news);
    }
}

#[cfg(test)]
mod tests;
