//! Everything the broker knows, behind one lock: the parts decide, this joins them.
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kafka_protocol::ResponseError;
use tokio::sync::watch;
use uuid::Uuid;

use super::batch::{self, NewRecord, Writer};
use super::configs::TopicConfigs;
use super::faults::ProduceFault;
use super::groups::Group;
use super::ids::Ids;
use super::log::Log;
use super::offsets_topic;
use super::options::Options;
use super::ticker::Timers;
use super::topics::{Topics, is_valid_name};
use super::transactions::Transactions;

/// The one node.
pub(crate) const NODE_ID: i32 = 1;

/// A refusal with words for the user.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: ResponseError,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(error: ResponseError, message: impl Into<String>) -> Self {
        Self { error, message: message.into() }
    }
}

/// The state and what wakes waiting fetches.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), changed: watch::Sender::new(0) }
    }

    /// Runs `work` alone; wakes waiting fetches if a log changed.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let before = state.changes;
        let result = work(&mut state);
        let after = state.changes;
        drop(state);
        if after != before {
            self.changed.send_replace(after);
        }
        result
    }

    /// Sees every change of a log from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// A poisoned lock is a bug elsewhere; the state is consistent between statements, so go on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) address: SocketAddr,
    pub(crate) cluster_id: String,
    pub(crate) ids: Ids,
    pub(crate) topics: Topics,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) transactions: Transactions,
    pub(crate) produce_faults: Vec<ProduceFault>,
    pub(crate) timers: Timers,
    changes: u64,
}

impl State {
    pub(crate) fn new(options: Options, address: SocketAddr) -> Self {
        let now_ms = options.clock.now_ms();
        let mut ids = Ids::seeded(options.seed.unwrap_or(now_ms.cast_unsigned()));
        let cluster_id = format!("whither-demo-{}", ids.uuid().simple());
        Self {
            options,
            address,
            cluster_id,
            ids,
            topics: Topics::default(),
            groups: BTreeMap::new(),
            transactions: Transactions::default(),
            produce_faults: Vec::new(),
            timers: Timers::starting(now_ms),
            changes: 0,
        }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.options.clock.now_ms()
    }

    /// A log's end, start or stable end moved.
    pub(crate) fn log_changed(&mut self) {
        self.changes += 1;
    }

    /// Prints a line, if asked for, that says where it comes from.
    pub(crate) fn say(&self, line: std::fmt::Arguments<'_>) {
        if self.options.verbose {
            eprintln!("whither-demo broker: {line}");
        }
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// What CreateTopics answers.
    pub(crate) fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        configs: TopicConfigs,
    ) -> Result<Uuid, Refused> {
        let partitions = self.check_new_topic(name, partitions)?;
        let id = self.ids.uuid();
        self.topics.insert(name, id, partitions, configs);
        self.log_changed();
        self.say(format_args!("created topic {name} with {partitions} partitions, id {id}"));
        Ok(id)
    }

    /// How many partitions a topic of this name would get.
    ///
    /// # Errors
    /// As [`State::create_topic`].
    pub(crate) fn check_new_topic(&self, name: &str, partitions: i32) -> Result<usize, Refused> {
        if !is_valid_name(name) {
            return Err(Refused::new(
                ResponseError::InvalidTopicException,
                format!("Topic name '{name}' is illegal"),
            ));
        }
        if self.topics.get(name).is_some() {
            return Err(Refused::new(
                ResponseError::TopicAlreadyExists,
                format!("Topic '{name}' already exists."),
            ));
        }
        let wanted = usize::try_from(partitions).ok().filter(|count| *count > 0);
        let wanted = wanted.ok_or_else(|| {
            Refused::new(
                ResponseError::InvalidPartitions,
                "Number of partitions was set to an invalid non-positive value.",
            )
        })?;
        self.check_room(wanted)?;
        Ok(wanted)
    }

    /// Whether `more` partitions fit.
    ///
    /// # Errors
    /// [`ResponseError::PolicyViolation`] when they do not.
    pub(crate) fn check_room(&self, more: usize) -> Result<(), Refused> {
        let max = self.options.max_partitions;
        if self.topics.partition_count().saturating_add(more) > max {
            let message = format!("The demo broker keeps at most {max} partitions.");
            return Err(Refused::new(ResponseError::PolicyViolation, message));
        }
        Ok(())
    }

    /// Removes a topic and, with tombstones, every group's positions on it. False if it is not there.
    pub(crate) fn delete_topic(&mut self, name: &str) -> bool {
        if self.topics.remove(name).is_none() {
            return false;
        }
        let ids: Vec<String> = self.groups.keys().cloned().collect();
        for id in ids {
            if let Some(group) = self.groups.get_mut(&id) {
                group.drop_offsets(|topic, _, _| topic == name);
            }
            self.flush_group(&id);
        }
        self.log_changed();
        self.say(format_args!("deleted topic {name}"));
        true
    }

    /// The group, made if it is not there and there is room.
    pub(crate) fn group_or_new(&mut self, id: &str) -> Option<&mut Group> {
        if !self.groups.contains_key(id) {
            if self.groups.len() >= self.options.max_coordinated {
                return None;
            }
            let group = Group::new(id, self.now_ms(), self.options.initial_rebalance_delay_ms);
            self.groups.insert(id.to_owned(), group);
        }
        self.groups.get_mut(id)
    }

    /// The partition of `__consumer_offsets` that holds `group`.
    pub(crate) fn offsets_partition(&mut self, group: &str) -> i32 {
        self.ensure_offsets_topic();
        let count = self.topics.get(offsets_topic::NAME).map_or(1, |topic| topic.partitions.len());
        offsets_topic::partition_of(group, i32::try_from(count).unwrap_or(i32::MAX))
    }

    fn ensure_offsets_topic(&mut self) {
        if self.topics.get(offsets_topic::NAME).is_some() {
            return;
        }
        let mut configs = TopicConfigs::default();
        for (name, value) in
            [("cleanup.policy", "compact"), ("compression.type", "producer"), ("segment.bytes", "104857600")]
        {
            configs.set(name, value).unwrap_or_else(|message| self.say(format_args!("{message}")));
        }
        let partitions = usize::try_from(self.options.offsets_partitions.max(1)).unwrap_or(1);
        let id = self.ids.uuid();
        self.topics.insert(offsets_topic::NAME, id, partitions, configs);
        self.log_changed();
    }

    /// Appends what the group wants written, as one batch.
    pub(crate) fn flush_group(&mut self, id: &str) {
        self.flush_group_as(id, Writer::plain(0));
    }

    /// As [`State::flush_group`], for a transaction's commits.
    pub(crate) fn flush_group_as(&mut self, id: &str, writer: Writer) {
        let records: Vec<NewRecord> = self.groups.get_mut(id).map(Group::take_records).unwrap_or_default();
        if records.is_empty() {
            return;
        }
        let now_ms = self.now_ms();
        let partition = self.offsets_partition(id);
        let bytes = batch::encode(&records, writer, now_ms);
        if let Some(log) = self.topics.log_mut(offsets_topic::NAME, partition) {
            log.append_own(&bytes, now_ms);
        }
        self.log_changed();
    }

    /// A partition, or the error that says it is not there.
    pub(crate) fn log(&self, topic: &str, partition: i32) -> Result<&Log, ResponseError> {
        self.topics.log(topic, partition).ok_or(ResponseError::UnknownTopicOrPartition)
    }
}
