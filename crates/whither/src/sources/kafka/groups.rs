//! Groups as their coordinators describe them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use whither_core::fact::{Group, GroupKind, GroupState, Member};
use whither_core::{Fact, Key, Name, Partition};
use whither_kafka::{Described, DescribedGroup, DescribedMember, GroupListing, Refusal};

use super::look::{Look, partition};

impl Look {
    /// Asks every broker which groups there are.
    pub(super) async fn list_groups(&mut self) {
        let (listed, failed) = self.cluster.list_groups().await;
        for (broker, refusal) in failed {
            self.not_seen(
                &format!("groups of broker {broker}"),
                &super::look::why(&refusal),
                "whether they are alive is unknown",
                false,
            );
        }
        self.listed = listed;
    }

    /// Describes every group by its own protocol, and tells the ledgers of the partitions it has a position in or
    /// is assigned.
    pub(super) async fn describe_groups(&mut self) {
        self.progress.doing("describing groups");
        let listed = self.listed.clone();
        let committed = self.positions.values().flat_map(BTreeMap::keys);
        self.groups = listed.keys().chain(committed).collect::<BTreeSet<_>>().len();
        let wanted = |g: &Name| self.wants.group.as_ref().is_none_or(|only| only == g);
        self.told.groups.0.retain(|name, _| listed.contains_key(name));
        let mut by_protocol: BTreeMap<Protocol, Vec<(Arc<str>, i32)>> = BTreeMap::new();
        for (name, listing) in listed.iter().filter(|(name, _)| wanted(name)) {
            by_protocol.entry(protocol(listing)).or_default().push((name.clone(), listing.coordinator));
        }
        let mut described = Described::new();
        for (protocol, groups) in by_protocol {
            described.extend(match protocol {
                Protocol::Classic => self.cluster.describe_classic(&groups).await,
                Protocol::Consumer => self.cluster.describe_consumer(&groups).await,
                Protocol::Share => self.cluster.describe_share(&groups).await,
                Protocol::Streams => self.cluster.describe_streams(&groups).await,
            });
        }
        for (name, listing) in &listed {
            match described.get(name) {
                Some(Ok(group)) => {
                    let held = self.positions.values().filter(|groups| groups.contains_key(name)).count();
                    if self.told.groups.is_news(name, (listing.clone(), group.clone(), held)) {
                        self.tell_group(name, listing, group);
                    }
                }
                Some(Err(refusal)) => self.not_described(name, refusal),
                None => {}
            }
        }
    }

    fn not_described(&mut self, name: &Name, refusal: &Refusal) {
        self.not_seen(
            &format!("group {name}"),
            &super::look::why(refusal),
            "whether it is alive is unknown",
            false,
        );
    }

    fn tell_group(&mut self, name: &Name, listing: &GroupListing, group: &DescribedGroup) {
        let at = crate::clock::now();
        let mut told: BTreeMap<Partition, Group> = BTreeMap::new();
        let plain = Group {
            at,
            group: name.clone(),
            state: state(&group.state),
            kind: kind(listing),
            member: None,
            subscribed: false,
            expected: self.wants.expected.contains(name),
        };
        let committed = self.positions.iter().filter(|(_, groups)| groups.contains_key(name));
        told.extend(committed.map(|(p, _)| (p.clone(), plain.clone())));
        for member in &group.members {
            let known = Arc::new(member_of(member));
            for p in &member.assigned {
                let mut one = plain.clone();
                one.member = Some(known.clone());
                one.subscribed = true;
                told.insert(partition(p), one);
            }
        }
        let told: Vec<(Partition, Group)> = told
            .into_iter()
            .filter(|(p, _)| self.looks_at(&p.topic) && self.wants.partition.is_none_or(|i| i == p.index))
            .collect();
        for (p, fact) in told {
            self.apply(&Key::ledger(&self.id.clone(), &p), &[Fact::Group(fact)]);
        }
    }
}

/// Which call describes a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Protocol {
    Classic,
    Consumer,
    Share,
    Streams,
}

fn protocol(listing: &GroupListing) -> Protocol {
    match listing.kind.as_str() {
        "consumer" => Protocol::Consumer,
        "share" => Protocol::Share,
        "streams" => Protocol::Streams,
        // Brokers before 3.8 do not tell: they have no others, but for previews.
        _ => Protocol::Classic,
    }
}

fn member_of(m: &DescribedMember) -> Member {
    Member {
        member_id: m.member_id.as_str().into(),
        client_id: m.client_id.as_str().into(),
        host: m.host.as_str().into(),
        assigned: Vec::new(),
    }
}

/// A group's state in Kafka's words.
#[must_use]
pub fn state(told: &str) -> GroupState {
    match told {
        "Empty" => GroupState::Empty,
        "Stable" => GroupState::Stable,
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" | "NotReady" => {
            GroupState::Rebalancing
        }
        "Dead" => GroupState::Dead,
        _ => GroupState::Unknown,
    }
}

/// The protocol a group speaks.
#[must_use]
pub fn kind(listing: &GroupListing) -> GroupKind {
    match (listing.kind.as_str(), listing.protocol_type.as_str()) {
        ("consumer", _) => GroupKind::Consumer,
        ("share", _) => GroupKind::Share,
        ("streams", _) => GroupKind::Streams,
        (_, "consumer" | "") => GroupKind::Classic,
        _ => GroupKind::OtherClassic,
    }
}
