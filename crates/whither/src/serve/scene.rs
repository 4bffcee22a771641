//! What the cluster looks like, round by round: only what has changed goes on to readers.

use std::collections::BTreeMap;

use whither_core::fact::{Bounds, Config};
use whither_core::{Name, Partition, Time, TopicId};
use whither_kafka::{DescribedGroup, GroupListing, PartitionMetadata};

use crate::index::By;
use crate::live::{Edges, Group, Member, Round, Topic};
use crate::sources::kafka::batches::Depth;
use crate::sources::kafka::{View, group_kind, group_state};

/// The scene as it was published last.
#[derive(Debug, Default)]
pub(super) struct Scene {
    topics: BTreeMap<Name, (TopicId, Option<Config>)>,
    edges: BTreeMap<Partition, (Bounds, Option<PartitionMetadata>)>,
    groups: BTreeMap<Name, (GroupListing, DescribedGroup, usize)>,
}

impl Scene {
    /// Adds what has changed to a round.
    pub(super) fn changes(
        &mut self,
        view: &View<'_>,
        newest: &BTreeMap<Partition, Time>,
        reading_of: impl Fn(&str) -> (Depth, Vec<By>),
        round: &mut Round,
    ) {
        self.topics(view, reading_of, round);
        self.edges(view, newest, round);
        self.groups(view, round);
    }

    fn topics(&mut self, view: &View<'_>, reading_of: impl Fn(&str) -> (Depth, Vec<By>), round: &mut Round) {
        let shown = view.metadata.topics.iter().filter(|(_, t)| !t.internal);
        for (name, topic) in shown {
            let first = topic.partitions.keys().next().map(|p| Partition::new(name.clone(), *p));
            let config = first.and_then(|p| view.configs.get(&p)).copied();
            let now = (TopicId(topic.id), config);
            if self.topics.get(name) == Some(&now) {
                continue;
            }
            self.topics.insert(name.clone(), now);
            let (depth, indexed) = reading_of(name);
            let role = if let Depth::Headers(role) = depth { Some(role) } else { None };
            let (id, partitions) = (TopicId(topic.id), BTreeMap::new());
            round.topics.push((name.clone(), Topic { id, partitions, config, role, depth, indexed }));
        }
        let gone = |name: &Name| !view.metadata.topics.contains_key(name);
        round.topics_gone.extend(self.topics.keys().filter(|name| gone(name)).cloned());
        self.topics.retain(|name, _| !gone(name));
        self.edges.retain(|p, _| !gone(&p.topic));
    }

    fn edges(&mut self, view: &View<'_>, newest: &BTreeMap<Partition, Time>, round: &mut Round) {
        for (p, bounds) in view.edges {
            let leader = view.metadata.topics.get(&p.topic).and_then(|t| t.partitions.get(&p.index)).copied();
            let newest_at = newest.get(p).copied();
            // When they were read is no news.
            let now = (Bounds { at: Time(0), ..*bounds }, leader);
            if newest_at.is_none() && self.edges.get(p) == Some(&now) {
                continue;
            }
            self.edges.insert(p.clone(), now);
            let edges = Edges {
                leader: leader.map_or(-1, |l| l.leader),
                leader_epoch: leader.map_or(-1, |l| l.leader_epoch),
                local_start: bounds.local_start,
                last_stable: bounds.last_stable,
                newest_at,
                ..Edges::new(bounds.log_start, bounds.end)
            };
            round.edges.push((p.clone(), edges));
        }
    }

    fn groups(&mut self, view: &View<'_>, round: &mut Round) {
        for (name, told) in view.groups {
            if self.groups.get(name) != Some(told) {
                self.groups.insert(name.clone(), told.clone());
                let (listing, described, _) = told;
                round.groups.push((name.clone(), group(listing, described)));
            }
        }
        let gone = |name: &Name| !view.groups.contains_key(name);
        round.groups_gone.extend(self.groups.keys().filter(|name| gone(name)).cloned());
        self.groups.retain(|name, _| !gone(name));
    }
}

fn group(listing: &GroupListing, described: &DescribedGroup) -> Group {
    let members = described.members.iter().map(|m| Member {
        member_id: m.member_id.as_str().into(),
        client_id: m.client_id.as_str().into(),
        host: m.host.as_str().into(),
        assigned: m.assigned.iter().map(|p| Partition::new(p.topic.clone(), p.partition)).collect(),
    });
    Group { kind: group_kind(listing), state: group_state(&described.state), members: members.collect() }
}
