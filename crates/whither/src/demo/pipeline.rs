//! `orders -> payments -> shipments`, with a dead-letter topic, a slow group, and people who leave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::broker::{Broker, Consumed, Consumer, Handle, NewRecord, Refusal};

/// Partitions of each topic of the pipeline.
pub const PARTITIONS: i32 = 3;
/// `orders` keeps records this long, in milliseconds: short, so that one can watch retention.
const ORDERS_RETENTION_MS: u64 = 15_000;
/// Below this, records would go before whither's next look.
const RETENTION_MIN: Duration = Duration::from_secs(3);
/// Members that stop polling are dead to their group after this long.
const SESSION_MS: i32 = 3_000;

/// Where a group stands: the next offset to read, by topic and partition.
pub type Positions = BTreeMap<(String, i32), i64>;

/// The pipeline's switches, which mishaps turn.
#[derive(Debug, Default)]
pub struct Switches {
    /// The next order is one that nobody can parse.
    pub poison: AtomicBool,
    /// The fraud check is to be off for a while: its group is empty then.
    pub fraud_check_off: AtomicBool,
    /// Where the fraud check stood when it left its group; none while it is in it.
    pub fraud_check_left: watch::Sender<Option<Positions>>,
    /// The audit stands still.
    pub audit_stuck: AtomicBool,
    /// Orders placed so far.
    pub orders: AtomicU64,
}

/// Makes the topics and starts the services. Dropping the set stops them.
///
/// # Errors
/// The broker refuses a topic.
pub fn start(broker: &Broker, switches: &Arc<Switches>, pace: Pace) -> Result<JoinSet<()>, Refusal> {
    let faults = broker.faults();
    let retention_ms = pace.orders_retention().as_millis().to_string();
    faults.create_topic("orders", PARTITIONS, &[("retention.ms", &retention_ms)])?;
    faults.create_topic("payments", PARTITIONS, &[])?;
    faults.create_topic("shipments", PARTITIONS, &[])?;
    faults.create_topic("payments.dlq", 1, &[])?;
    let mut services = JoinSet::new();
    services.spawn(keep_up(checkout(broker.handle().named("checkout-1"), switches.clone(), pace)));
    services.spawn(keep_up(payments(broker.handle().named("payments-1"), pace)));
    services.spawn(keep_up(shipping(broker.handle().named("shipping-1"), pace)));
    services.spawn(keep_up(audit(broker.handle().named("audit-1"), switches.clone(), pace)));
    services.spawn(keep_up(fraud_check(broker.handle().named("fraud-check-1"), switches.clone(), pace)));
    Ok(services)
}

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How much faster than life.
    pub speed: u32,
}

impl Pace {
    /// What takes so many milliseconds in life.
    #[must_use]
    pub fn of(self, ms: u64) -> Duration {
        Duration::from_millis(ms) / self.speed.max(1)
    }

    /// How long `orders` keeps records.
    #[must_use]
    pub fn orders_retention(self) -> Duration {
        self.of(ORDERS_RETENTION_MS).max(RETENTION_MIN)
    }
}

/// Why a service ended, for whoever watches the demo.
async fn keep_up(service: impl Future<Output = Result<(), Refusal>>) {
    if let Err(refusal) = service.await {
        eprintln!("whither: a service of the demo has ended: {refusal}");
    }
}

/// A web shop: some orders a moment, keyed by their number, with a trace context.
async fn checkout(handle: Handle, switches: Arc<Switches>, pace: Pace) -> Result<(), Refusal> {
    let mut producer = handle.producer().await?;
    loop {
        for partition in 0..PARTITIONS {
            let mut batch = Vec::new();
            for _ in 0..4 {
                let number = switches.orders.fetch_add(1, Ordering::Relaxed);
                let poisoned = switches.poison.swap(false, Ordering::Relaxed);
                batch.push(order(number, poisoned));
            }
            producer.send("orders", partition, &batch).await?;
        }
        tokio::time::sleep(pace.of(200)).await;
    }
}

fn order(number: u64, poisoned: bool) -> NewRecord {
    let value = if poisoned {
        "{\"order\":".to_owned()
    } else {
        format!("{{\"order\":{number},\"amount\":{}}}", 5 + number % 95)
    };
    let trace = format!("00-{:032x}-{:016x}-01", u128::from(number) + 1, number + 1);
    NewRecord {
        key: Some(Bytes::from(format!("order-{number}"))),
        value: Some(Bytes::from(value)),
        headers: vec![("traceparent".into(), Some(Bytes::from(trace)))],
        timestamp_ms: None,
    }
}

/// Takes payments; what it can't parse goes to the dead letters, as Spring's recoverer writes them.
async fn payments(handle: Handle, pace: Pace) -> Result<(), Refusal> {
    let mut producer = handle.producer().await?;
    let mut consumer = handle.consumer("payments-service", &["orders"]).with_session_timeout_ms(SESSION_MS);
    loop {
        let orders = consumer.poll(200, pace.of(200)).await?;
        for order in &orders {
            let whole = order.value.as_ref().is_some_and(|v| v.ends_with(b"}"));
            if whole {
                producer.send("payments", order.partition, &[passed_on(order)]).await?;
            } else {
                producer.send("payments.dlq", 0, &[dead_letter(order)]).await?;
            }
        }
        if !orders.is_empty() {
            commit(&consumer).await?;
        }
    }
}

fn passed_on(record: &Consumed) -> NewRecord {
    NewRecord {
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.clone(),
        timestamp_ms: None,
    }
}

/// Spring's `DeadLetterPublishingRecoverer`: numbers big-endian, the record's own timestamp kept.
fn dead_letter(record: &Consumed) -> NewRecord {
    let text = |name: &str, value: &str| (name.to_owned(), Some(Bytes::from(value.to_owned())));
    let number = |name: &str, value: &[u8]| (name.to_owned(), Some(Bytes::copy_from_slice(value)));
    let mut headers = record.headers.clone();
    headers.extend([
        text("kafka_dlt-original-topic", &record.topic),
        number("kafka_dlt-original-partition", &record.partition.to_be_bytes()),
        number("kafka_dlt-original-offset", &record.offset.to_be_bytes()),
        number("kafka_dlt-original-timestamp", &record.timestamp_ms.to_be_bytes()),
        text("kafka_dlt-original-consumer-group", "payments-service"),
        text("kafka_dlt-exception-fqcn", "com.fasterxml.jackson.core.io.JsonEOFException"),
    ]);
    NewRecord { headers, timestamp_ms: Some(record.timestamp_ms), ..passed_on(record) }
}

/// Ships what is paid.
async fn shipping(handle: Handle, pace: Pace) -> Result<(), Refusal> {
    let mut producer = handle.producer().await?;
    let mut consumer = handle.consumer("shipping", &["payments"]).with_session_timeout_ms(SESSION_MS);
    loop {
        let paid = consumer.poll(200, pace.of(200)).await?;
        for payment in &paid {
            producer.send("shipments", payment.partition, &[passed_on(payment)]).await?;
        }
        if !paid.is_empty() {
            commit(&consumer).await?;
        }
    }
}

/// Reads every order, slowly; at times not at all.
async fn audit(handle: Handle, switches: Arc<Switches>, pace: Pace) -> Result<(), Refusal> {
    let mut consumer = handle.consumer("audit", &["orders"]).with_session_timeout_ms(60_000);
    loop {
        if switches.audit_stuck.load(Ordering::Relaxed) {
            tokio::time::sleep(pace.of(200)).await;
            continue;
        }
        let read = consumer.poll(12, pace.of(200)).await?;
        tokio::time::sleep(pace.of(120)).await;
        if !read.is_empty() {
            commit(&consumer).await?;
        }
    }
}

/// Reads payments and is switched off now and then: an operator resets its offsets meanwhile.
async fn fraud_check(handle: Handle, switches: Arc<Switches>, pace: Pace) -> Result<(), Refusal> {
    loop {
        let mut consumer = handle.consumer("fraud-check", &["payments"]).with_session_timeout_ms(SESSION_MS);
        while !switches.fraud_check_off.load(Ordering::Relaxed) {
            if !consumer.poll(200, pace.of(200)).await?.is_empty() {
                commit(&consumer).await?;
            }
        }
        let stood = consumer.positions().clone();
        leave(consumer).await;
        switches.fraud_check_left.send_replace(Some(stood));
        while switches.fraud_check_off.load(Ordering::Relaxed) {
            tokio::time::sleep(pace.of(100)).await;
        }
        switches.fraud_check_left.send_replace(None);
    }
}

/// Who was put out of its group meanwhile joins at the next poll, and is given these records again.
async fn commit(consumer: &Consumer) -> Result<(), Refusal> {
    match consumer.commit().await {
        Err(refusal) if refusal.is_about_membership() => Ok(()),
        done => done,
    }
}

async fn leave(consumer: Consumer) {
    // A group that is gone already needs no leave.
    drop(consumer.leave().await);
}
