//! An in-process, in-memory Kafka broker for demos and tests.
