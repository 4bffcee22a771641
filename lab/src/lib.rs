//! A real Kafka for tests, and faults injected into it.
