//! RULES.md in code: one file per verdict family. Each makes claims on ranges of a group's row; the first one
//! made holds. What is not claimed by anything odd is delivered, in flight, or unknown.

mod judge;
mod tell;
mod group;
mod truncated;
mod gone;
mod moved;
mod started;
mod delivered;
mod share;
mod removed;
mod superseded;
mod recreated;
mod past_end;
mod behind;
mod dormant;
mod dead_lettered;
mod transactions;
mod unreadable;
mod gave_up;
mod news;

pub(crate) use tell::{tell, tell_groups};
