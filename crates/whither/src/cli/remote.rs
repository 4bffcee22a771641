//! Commands that ask a running server. What it answers is passed on to programs as it is, and put in tables for
//! people; nothing is judged here.

pub mod args;
mod client;
mod failure;
mod status;
mod list;
mod watch;
mod rounds;
mod words;
mod balance;
mod drops;
mod lag;
mod groups;
mod topics;
mod dead_letters;
mod whereabouts;
mod offsets;
mod doctor;

pub(super) use balance::balance;
pub(super) use dead_letters::dead_letters;
pub(super) use doctor::doctor;
pub(super) use drops::drops;
pub(super) use groups::groups;
pub(super) use lag::lag;
pub(super) use offsets::offsets;
pub(super) use topics::topics;
pub(super) use whereabouts::find;
