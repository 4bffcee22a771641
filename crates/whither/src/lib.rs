//! The program: everything that touches the world.
//!
//! `sources` turn what Kafka answers into facts, `run` gives them to the core, `report` is what came of it,
//! `cli` puts it before people and programs. `demo` is a broker and a pipeline to try all of that on.
pub mod clock;
pub mod moment;
pub mod run;
pub mod report;
pub mod live;
pub mod check;
pub mod serve;
pub mod access;
pub mod api;
pub mod offsets;
pub mod whereabouts;
pub mod lookup;
pub mod trace_context;
pub mod spans;
pub mod traces;
pub mod otlp;
pub mod index;
pub mod sources;
pub mod scenario;
pub mod replay;
pub mod demo;
pub mod prose;
pub mod json;
pub mod cli;
pub mod settings;
