//! Facts in, verdicts out: what became of every record of a Kafka partition, for every consumer group.
#![no_std]
extern crate alloc;
