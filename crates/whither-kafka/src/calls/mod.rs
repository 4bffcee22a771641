//! Questions a cluster can be asked, batched by the broker that answers them. An item that is refused does not
//! fail the others.

mod by_leader;
mod offsets;
mod groups;
mod share_groups;
mod streams_groups;
mod configs;
mod transactions;
mod log_dirs;

pub use configs::Settings;
pub use groups::{Described, DescribedGroup, DescribedMember, GroupListing};
pub use offsets::{AskedEpoch, ListedOffset, When};
pub use share_groups::{SharePosition, SharePositions};
pub use transactions::{Coordinated, OpenTransaction};

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;

use crate::TopicPartition;

/// Answers by partition.
pub type ByPartition<T> = BTreeMap<TopicPartition, Result<T, Refusal>>;

/// Why one item of a request got no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The broker said no to it.
    #[error("{0}")]
    Code(ResponseError),
    /// The broker that would know could not be asked.
    #[error("{0}")]
    Failed(crate::Error),
}

impl Refusal {
    /// Whether a right is missing.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        let code = match self {
            Refusal::Code(code) | Refusal::Failed(crate::Error::Refused { code, .. }) => code,
            Refusal::Failed(_) => return false,
        };
        matches!(
            code,
            ResponseError::TopicAuthorizationFailed
                | ResponseError::GroupAuthorizationFailed
                | ResponseError::ClusterAuthorizationFailed
                | ResponseError::TransactionalIdAuthorizationFailed
        )
    }
}

pub(crate) fn code(number: i16) -> Result<(), Refusal> {
    ResponseError::try_from_code(number).map_or(Ok(()), |code| Err(Refusal::Code(code)))
}
