//! Groups as their coordinators describe them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use whither_core::fact::{Group, GroupKind, GroupState, Member};
use whither_core::{Fact, Key, Name, Partition};
use whither_kafka::{DescribedGroup, DescribedMember, GroupListing, Refusal};

use super::look::{Look, partition};

impl Look {
    /// Describes every group, and tells the ledgers of the partitions it has a position in or is assigned.
    pub(super) async fn describe_groups(&mut self) {
        self.progress.doing("describing groups");
        let (listed, failed) = self.cluster.list_groups().await;
        for (broker, refusal) in failed {
            self.not_seen(
                &format!("groups of broker {broker}"),
                &super::look::why(&refusal),
                "whether they are alive is unknown",
                false,
            );
        }
        let committed = self.positions.values().flat_map(BTreeMap::keys);
        self.groups = listed.keys().chain(committed).collect::<BTreeSet<_>>().len();
        let wanted = |g: &Name| self.wants.group.as_ref().is_none_or(|only| only == g);
        let of_kind = |new: bool| -> Vec<(Arc<str>, i32)> {
            let some = listed.iter().filter(|(name, l)| wanted(name) && speaks_new(l) == new);
            some.filter(|(_, l)| l.kind != "share" && l.kind != "streams")
                .map(|(name, l)| (name.clone(), l.coordinator))
                .collect()
        };
        let mut described = self.cluster.describe_classic(&of_kind(false)).await;
        described.extend(self.cluster.describe_consumer(&of_kind(true)).await);
        for (name, listing) in &listed {
            match described.get(name) {
                Some(Ok(group)) => self.tell_group(name, listing, group),
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

fn speaks_new(listing: &GroupListing) -> bool {
    listing.kind == "consumer"
}

fn member_of(m: &DescribedMember) -> Member {
    Member {
        member_id: m.member_id.as_str().into(),
        client_id: m.client_id.as_str().into(),
        host: m.host.as_str().into(),
        assigned: Vec::new(),
    }
}

fn state(told: &str) -> GroupState {
    match told {
        "Empty" => GroupState::Empty,
        "Stable" => GroupState::Stable,
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" => GroupState::Rebalancing,
        "Dead" => GroupState::Dead,
        _ => GroupState::Unknown,
    }
}

fn kind(listing: &GroupListing) -> GroupKind {
    match (listing.kind.as_str(), listing.protocol_type.as_str()) {
        ("consumer", _) => GroupKind::Consumer,
        ("share", _) => GroupKind::Share,
        ("streams", _) => GroupKind::Streams,
        (_, "consumer" | "") => GroupKind::Classic,
        _ => GroupKind::OtherClassic,
    }
}
