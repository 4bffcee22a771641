//! Kafka's own command line tools.

use crate::cluster::{Cluster, jars, java, run};

use super::error::Error;

/// Runs `kafka-console-consumer --from-beginning` until it has read `count` records. Its group is
/// `console-consumer-<random>`.
///
/// # Errors
/// If the tool fails.
pub fn console_consumer(cluster: &Cluster, topic: &str, count: i64) -> Result<(), Error> {
    let mut tool = java(cluster.version(), &jars(cluster.version())?, None, "128m");
    tool.arg("org.apache.kafka.tools.consumer.ConsoleConsumer");
    tool.args(["--bootstrap-server", &cluster.bootstrap(), "--topic", topic, "--from-beginning"]);
    tool.args(["--max-messages", &count.to_string(), "--timeout-ms", "30000"]);
    Ok(run("kafka-console-consumer", &mut tool)?)
}
