//! What happens by itself as time passes.
use std::time::Duration;

use super::state::{Shared, State};

/// When the slower checks are due next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    retention_ms: i64,
    offsets_ms: i64,
}

impl Timers {
    pub(crate) fn starting(now_ms: i64) -> Self {
        Self { retention_ms: now_ms, offsets_ms: now_ms }
    }
}

/// Ticks until dropped.
pub(crate) async fn run(shared: &Shared, interval_ms: u64) {
    if interval_ms == 0 {
        return std::future::pending().await;
    }
    let mut interval = tokio::time::interval(Duration::from_millis(interval_ms));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        shared.with(State::tick);
    }
}

impl State {
    /// Runs every check that is due.
    pub(crate) fn tick(&mut self) {
        let now_ms = self.now_ms();
        self.tick_groups(now_ms);
        self.abort_timed_out(now_ms);
        if now_ms >= self.timers.retention_ms {
            self.timers.retention_ms = now_ms + self.options.retention_check_interval_ms;
            self.apply_retention(now_ms);
        }
        if now_ms >= self.timers.offsets_ms {
            self.timers.offsets_ms = now_ms + self.options.offsets_retention_check_interval_ms;
            self.expire_offsets(now_ms, self.options.offsets_retention_ms);
        }
    }

    fn tick_groups(&mut self, now_ms: i64) {
        let ids: Vec<String> = self.groups.keys().cloned().collect();
        for id in ids {
            let gone = self.groups.get_mut(&id).map(|group| group.tick(now_ms)).unwrap_or_default();
            for member in gone {
                self.say(format_args!("group {id}: member {member} did not answer and was removed"));
            }
            self.flush_group(&id);
        }
    }

    /// Applies every topic's retention, and the cap that bounds this broker's memory.
    pub(crate) fn apply_retention(&mut self, now_ms: i64) {
        let cap = self.options.max_partition_bytes;
        let mut dropped = Vec::new();
        for topic in self.topics.all_mut() {
            let mut retention = topic.configs.retention();
            retention.max_bytes = Some(retention.max_bytes.map_or(cap, |bytes| bytes.min(cap)));
            for (partition, log) in (0i32..).zip(&mut topic.partitions) {
                let offsets = log.retain(retention, now_ms);
                if offsets > 0 {
                    dropped.push((topic.name.clone(), partition, offsets, log.start()));
                }
            }
        }
        for (topic, partition, offsets, start) in dropped {
            self.log_changed();
            self.say(format_args!(
                "retention dropped {offsets} offsets of {topic}/{partition}, log starts at {start}"
            ));
        }
    }

    /// Expires positions of groups without members, then removes groups that have nothing left.
    pub(crate) fn expire_offsets(&mut self, now_ms: i64, retention_ms: i64) {
        let ids: Vec<String> = self.groups.keys().cloned().collect();
        for id in ids {
            let expired =
                self.groups.get_mut(&id).map_or(0, |group| group.expire_offsets(now_ms, retention_ms));
            if expired > 0 {
                self.say(format_args!("group {id}: {expired} offsets expired"));
            }
            self.flush_group(&id);
            if self.groups.get(&id).is_some_and(|group| group.is_empty() && group.offsets.is_empty()) {
                self.remove_group(&id);
            }
        }
    }

    /// Ends a group: tombstones for its positions, then for itself.
    pub(crate) fn remove_group(&mut self, id: &str) {
        if let Some(group) = self.groups.get_mut(id) {
            group.drop_offsets(|_, _, _| true);
            group.record_end();
        }
        self.flush_group(id);
        self.groups.remove(id);
        self.say(format_args!("group {id} is gone"));
    }
}
