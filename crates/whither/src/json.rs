//! The shapes that programs rely on. They borrow from the report and are made while they are written, so that a
//! row costs no memory; lists keep the order given, so that the same report gives the same bytes.

mod check;
pub mod words;
mod journey;
mod lines;
mod trace_context;

pub use check::{Check, EvidenceItem, Finding, NextStep, NotSeenItem, Row, Times, finding};
pub use journey::{Header, Journey, Message, Step, StepKind, VerdictItem};
pub use lines::{Counts, Kind, Summary, line, lines, not_seen};
pub use trace_context::TraceContextItem;
