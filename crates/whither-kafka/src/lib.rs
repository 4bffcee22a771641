//! A Kafka client that only reads.
