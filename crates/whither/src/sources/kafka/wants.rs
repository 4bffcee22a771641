//! What is wanted of a look.

use std::collections::BTreeSet;
use std::time::Duration;

use whither_core::fact::Role;
use whither_core::{Name, Policy};

use super::origins::{Conventions, Roles};
use crate::index::Choice;

/// What is wanted of a look.
#[derive(Clone, Debug)]
pub struct Wants {
    /// Reading stops after this long; none to read everything.
    pub deadline: Option<Duration>,
    /// Records this recent are read before older ones.
    pub since: Duration,
    /// Only this topic.
    pub topic: Option<Name>,
    /// Only this partition.
    pub partition: Option<i32>,
    /// Only this group's rows.
    pub group: Option<Name>,
    /// Groups that must be alive.
    pub expected: BTreeSet<Name>,
    /// What topics are for, by name.
    pub roles: Roles,
    /// How dead letters name their origin.
    pub conventions: Conventions,
    /// Judgement that is the operator's.
    pub policy: Policy,
    /// What can be found by key, trace and header.
    pub index: Choice,
}

impl Default for Wants {
    fn default() -> Wants {
        Wants {
            deadline: Some(Duration::from_secs(60)),
            since: Duration::from_secs(3600),
            topic: None,
            partition: None,
            group: None,
            expected: BTreeSet::new(),
            roles: Roles::default(),
            conventions: Conventions::default(),
            policy: Policy::default(),
            index: Choice::default(),
        }
    }
}

impl Wants {
    /// Whether dead letters wait in a topic until somebody reads them.
    pub(super) fn holds_letters(&self, topic: &str) -> bool {
        self.roles.of(topic) == Some(Role::DeadLetter)
    }
}
