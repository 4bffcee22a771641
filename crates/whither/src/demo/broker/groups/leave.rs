//! LeaveGroup: members go, by their id or, static ones, by their instance id (KIP-345).
use kafka_protocol::ResponseError;

use super::{Group, Phase};

/// Who leaves.
#[derive(Clone, Debug)]
pub(crate) struct Leaver {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
}

impl Group {
    /// Removes each and rebalances once; one result for each.
    pub(crate) fn leave(&mut self, leavers: &[Leaver], now_ms: i64) -> Vec<Result<(), ResponseError>> {
        let members = self.members.len();
        let results = leavers.iter().map(|leaver| self.leave_one(leaver)).collect();
        if self.members.len() < members {
            self.rebalance_or_complete(now_ms);
        } else if self.phase == Phase::PreparingRebalance {
            self.complete_if_all_joined(now_ms);
        }
        results
    }

    fn leave_one(&mut self, leaver: &Leaver) -> Result<(), ResponseError> {
        if self.pending.remove(&leaver.member_id).is_some() {
            return Ok(());
        }
        let id = match &leaver.instance_id {
            Some(instance) => {
                let current = self.instances.get(instance).ok_or(ResponseError::UnknownMemberId)?;
                if !leaver.member_id.is_empty() && leaver.member_id != *current {
                    return Err(ResponseError::FencedInstanceId);
                }
                current.clone()
            }
            None => leaver.member_id.clone(),
        };
        self.check_member(&id, None)?;
        self.remove_member(&id);
        Ok(())
    }
}
