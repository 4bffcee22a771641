//! `whither demo`: an embedded broker and a pipeline that really loses messages, looked at as any cluster is.
//!
//! Nothing is staged for whither: it reads the demo broker over a socket, through the same source as a real Kafka.
pub mod broker;
pub mod pipeline;
pub mod mishaps;
pub mod show;
mod run;
mod watched;

pub use run::{Demo, Failure, run};
