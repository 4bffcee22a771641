//! Rebalances: begin, gather, give up on who does not come, start the next generation.
use std::collections::BTreeMap;

use kafka_protocol::ResponseError;

use super::{Gathering, Group, Phase, sync};

impl Group {
    /// After a change of members: a new rebalance, or perhaps the end of the one that runs.
    pub(super) fn rebalance_or_complete(&mut self, now_ms: i64) {
        if self.phase == Phase::PreparingRebalance {
            self.complete_if_all_joined(now_ms);
        } else {
            self.prepare(now_ms);
        }
    }

    fn prepare(&mut self, now_ms: i64) {
        for member in self.members.values_mut() {
            member.synced = false;
            if let Some(waiting) = member.syncing.take() {
                let _gone = waiting.send(sync::refused(ResponseError::RebalanceInProgress));
                member.is_heard(now_ms);
            }
        }
        let longest_ms = self.longest_rebalance_ms();
        if self.phase == Phase::Empty && self.initial_delay_ms > 0 {
            self.gathering = Some(Gathering { until_ms: now_ms + longest_ms, grew: false });
            self.deadline_ms = Some(now_ms + self.initial_delay_ms.min(longest_ms));
        } else {
            self.deadline_ms = Some(now_ms + longest_ms);
        }
        self.enter(Phase::PreparingRebalance, now_ms);
        self.complete_if_all_joined(now_ms);
    }

    pub(super) fn complete_if_all_joined(&mut self, now_ms: i64) {
        let all = self.members.values().all(|member| member.joining.is_some()) && self.pending.is_empty();
        if self.phase == Phase::PreparingRebalance
            && all
            && (self.gathering.is_none() || self.members.is_empty())
        {
            self.complete(now_ms);
        }
    }

    /// Starts the next generation with those who are here. Static members may be late and keep their seat.
    fn complete(&mut self, now_ms: i64) {
        self.gathering = None;
        self.members.retain(|_, member| member.joining.is_some() || member.instance_id.is_some());
        if !self.elect_leader() {
            self.deadline_ms = Some(now_ms + self.longest_rebalance_ms());
            return;
        }
        self.generation += 1;
        if self.members.is_empty() {
            self.protocol = None;
            self.leader = None;
            self.deadline_ms = None;
            self.enter(Phase::Empty, now_ms);
            self.record_metadata();
            return;
        }
        self.protocol = self.chosen_protocol();
        self.deadline_ms = Some(now_ms + self.longest_rebalance_ms());
        self.enter(Phase::CompletingRebalance, now_ms);
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let response = self.joined(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.is_heard(now_ms);
            if let Some(waiting) = member.joining.take() {
                let _gone = waiting.send(response);
            }
        }
    }

    /// The leader must have joined; false when members are left and none of them did.
    fn elect_leader(&mut self) -> bool {
        let joined = |id: &String| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if self.members.is_empty() || self.leader.as_ref().is_some_and(joined) {
            return true;
        }
        let first = self.members.values().find(|member| member.joining.is_some());
        let Some(first) = first else { return false };
        self.leader = Some(first.id.clone());
        true
    }

    /// The assignor that most members want among those that all know; on a tie the first by name.
    pub(super) fn chosen_protocol(&self) -> Option<String> {
        let all_know = |name: &str| {
            self.members.values().all(|member| member.protocols.iter().any(|(has, _)| has == name))
        };
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some((name, _)) = member.protocols.iter().find(|(name, _)| all_know(name)) {
                *votes.entry(name).or_default() += 1;
            }
        }
        let most = votes.values().max()?;
        votes.iter().find(|(_, count)| *count == most).map(|(name, _)| (*name).to_owned())
    }

    fn longest_rebalance_ms(&self) -> i64 {
        self.members.values().map(|member| i64::from(member.rebalance_timeout_ms)).max().unwrap_or(0)
    }

    /// Removes a member; whoever still waits under its id is refused.
    pub(super) fn remove_member(&mut self, id: &str) {
        let Some(mut member) = self.members.remove(id) else { return };
        if let Some(waiting) = member.joining.take() {
            let _gone = waiting.send(super::join::refused(ResponseError::UnknownMemberId, id));
        }
        if let Some(waiting) = member.syncing.take() {
            let _gone = waiting.send(sync::refused(ResponseError::UnknownMemberId));
        }
        if let Some(instance) = &member.instance_id {
            self.instances.remove(instance);
        }
        if self.leader.as_deref() == Some(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    /// Lets time pass: sessions run out, deadlines come. Says whom it removed.
    pub(crate) fn tick(&mut self, now_ms: i64) -> Vec<String> {
        let pending = self.pending.len();
        self.pending.retain(|_, until_ms| *until_ms > now_ms);
        if self.pending.len() < pending {
            self.complete_if_all_joined(now_ms);
        }
        let mut gone =
            self.remove_where(now_ms, |member| !member.is_waiting() && member.expires_ms <= now_ms);
        if self.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms) {
            gone.extend(self.deadline_reached(now_ms));
        }
        gone
    }

    fn deadline_reached(&mut self, now_ms: i64) -> Vec<String> {
        self.deadline_ms = None;
        if self.phase == Phase::PreparingRebalance {
            if let Some(gathering) =
                self.gathering.filter(|gathering| gathering.grew && gathering.until_ms > now_ms)
            {
                self.gathering = Some(Gathering { grew: false, ..gathering });
                self.deadline_ms = Some(gathering.until_ms.min(now_ms + self.initial_delay_ms));
                return Vec::new();
            }
            let late = |member: &&super::Member| member.joining.is_none() && member.instance_id.is_none();
            let gone = self.members.values().filter(late).map(|member| member.id.clone()).collect();
            self.complete(now_ms);
            return gone;
        }
        self.remove_where(now_ms, |member| !member.synced)
    }

    /// Removes members as the admin or time asks, and rebalances if any was there.
    pub(super) fn remove_where(&mut self, now_ms: i64, gone: impl Fn(&super::Member) -> bool) -> Vec<String> {
        let ids: Vec<String> =
            self.members.values().filter(|member| gone(member)).map(|member| member.id.clone()).collect();
        for id in &ids {
            self.remove_member(id);
        }
        if !ids.is_empty() {
            self.rebalance_or_complete(now_ms);
        }
        ids
    }

    /// Ends one member's session at once, as if its heartbeats had stopped. False if it is not there.
    pub(crate) fn expire_member(&mut self, id: &str, now_ms: i64) -> bool {
        !self.remove_where(now_ms, |member| member.id == id).is_empty()
    }
}
