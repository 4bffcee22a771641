//! Where a dead letter says it came from. Each framework has header names and encodings of its own; the first
//! value of a repeated header is the true origin, later ones are hops (Spring appends them).

use whither_core::fact::{Convention, Role};
use whither_core::{Name, Offset, Partition, Time};
use whither_kafka::batch::Headers;

/// An origin read from headers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    pub convention: Convention,
    pub partition: Partition,
    pub offset: Offset,
    pub at: Option<Time>,
    pub group: Option<Name>,
    pub connector: Option<Name>,
    pub stage: Option<Name>,
    pub exception: Option<Name>,
}

/// The conventions that are understood: the frameworks' own, and one from the settings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Conventions {
    /// Header names of a home-made convention.
    pub mapping: Option<Mapping>,
}

/// Header names of a home-made convention; numbers are decimal text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mapping {
    pub topic: String,
    pub partition: String,
    pub offset: String,
    pub timestamp: Option<String>,
    pub group: Option<String>,
    pub exception: Option<String>,
}

/// How numbers are written. Never guessed by length: `"1234"` is four bytes too.
#[derive(Clone, Copy)]
enum Numbers {
    Decimal,
    BigEndian,
}

struct Names<'a> {
    convention: Convention,
    numbers: Numbers,
    topic: &'a str,
    partition: &'a str,
    offset: &'a str,
    timestamp: &'a str,
    group: &'a str,
    connector: &'a str,
    stage: &'a str,
    exception: &'a str,
}

/// KIP-298, KIP-1034, KIP-1191 and Spring Kafka's `KafkaHeaders`, in the order in which they are tried: a record
/// that passed several carries the headers of each, and the oldest names the true origin only within its own.
const FRAMEWORKS: [Names<'static>; 5] = [
    Names {
        convention: Convention::Spring,
        numbers: Numbers::BigEndian,
        topic: "kafka_original-topic",
        partition: "kafka_original-partition",
        offset: "kafka_original-offset",
        timestamp: "kafka_original-timestamp",
        group: "kafka_dlt-original-consumer-group",
        connector: "",
        stage: "",
        exception: "kafka_exception-fqcn",
    },
    Names {
        convention: Convention::Spring,
        numbers: Numbers::BigEndian,
        topic: "kafka_dlt-original-topic",
        partition: "kafka_dlt-original-partition",
        offset: "kafka_dlt-original-offset",
        timestamp: "kafka_dlt-original-timestamp",
        group: "kafka_dlt-original-consumer-group",
        connector: "",
        stage: "",
        exception: "kafka_dlt-exception-fqcn",
    },
    Names {
        convention: Convention::Connect,
        numbers: Numbers::Decimal,
        topic: "__connect.errors.topic",
        partition: "__connect.errors.partition",
        offset: "__connect.errors.offset",
        timestamp: "",
        group: "",
        connector: "__connect.errors.connector.name",
        stage: "__connect.errors.stage",
        exception: "__connect.errors.exception.class.name",
    },
    Names {
        convention: Convention::Streams,
        numbers: Numbers::Decimal,
        topic: "__streams.errors.topic",
        partition: "__streams.errors.partition",
        offset: "__streams.errors.offset",
        timestamp: "",
        group: "",
        connector: "",
        stage: "",
        exception: "__streams.errors.exception",
    },
    Names {
        convention: Convention::Share,
        numbers: Numbers::Decimal,
        topic: "__dlq.errors.topic",
        partition: "__dlq.errors.partition",
        offset: "__dlq.errors.offset",
        timestamp: "",
        group: "__dlq.errors.group",
        connector: "",
        stage: "",
        exception: "__dlq.errors.message",
    },
];

impl Conventions {
    /// Where the record says it came from; none if it does not say, or says it in no form that is understood.
    #[must_use]
    pub fn origin(&self, headers: Headers<'_>) -> Option<Origin> {
        let mapped = self.mapping.as_ref().and_then(|m| read(headers, &m.names()));
        mapped.or_else(|| FRAMEWORKS.iter().find_map(|names| read(headers, names)))
    }
}

impl Mapping {
    fn names(&self) -> Names<'_> {
        Names {
            convention: Convention::Mapped,
            numbers: Numbers::Decimal,
            topic: &self.topic,
            partition: &self.partition,
            offset: &self.offset,
            timestamp: self.timestamp.as_deref().unwrap_or(""),
            group: self.group.as_deref().unwrap_or(""),
            connector: "",
            stage: "",
            exception: self.exception.as_deref().unwrap_or(""),
        }
    }
}

fn read(headers: Headers<'_>, names: &Names<'_>) -> Option<Origin> {
    let topic = text(headers, names.topic)?;
    let index = i32::try_from(number(headers, names.partition, names.numbers)?).ok()?;
    let offset = number(headers, names.offset, names.numbers)?;
    if topic.is_empty() || index < 0 || offset < 0 {
        return None;
    }
    Some(Origin {
        convention: names.convention,
        partition: Partition::new(topic, index),
        offset,
        at: number(headers, names.timestamp, names.numbers).map(Time),
        group: text(headers, names.group).map(Name::from),
        connector: text(headers, names.connector).map(Name::from),
        stage: text(headers, names.stage).map(Name::from),
        exception: text(headers, names.exception).map(class_of),
    })
}

/// KIP-1034 writes the exception's `toString()`: its class, then a colon and words that may hold payload.
fn class_of(told: &str) -> Name {
    told.split(": ").next().unwrap_or(told).into()
}

fn value<'r>(headers: Headers<'r>, name: &str) -> Option<&'r [u8]> {
    if name.is_empty() {
        return None;
    }
    headers.first(name.as_bytes()).ok().flatten()?.value
}

fn text<'r>(headers: Headers<'r>, name: &str) -> Option<&'r str> {
    std::str::from_utf8(value(headers, name)?).ok()
}

fn number(headers: Headers<'_>, name: &str, numbers: Numbers) -> Option<i64> {
    let bytes = value(headers, name)?;
    match numbers {
        Numbers::Decimal => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
        Numbers::BigEndian => match bytes.len() {
            4 => Some(i32::from_be_bytes(bytes.try_into().ok()?).into()),
            8 => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
            _ => None,
        },
    }
}

/// What topics are for, by their names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roles {
    /// Patterns of dead-letter topics, `*` standing for anything.
    pub dead_letters: Vec<String>,
    /// Patterns of retry topics; they come first, for `orders-retry-dlt` is none.
    pub retries: Vec<String>,
}

/// Topics that hold dead letters where the settings name none.
pub const DEAD_LETTER_TOPICS: &[&str] = &[
    "*.dlt",
    "*-dlt",
    "*.dlq",
    "*-dlq",
    "*_dlq",
    "*_dlt",
    "dlq.*",
    "dlq-*",
    "*.dead-letter*",
    "*-dead-letter*",
    "*deadletter*",
];

/// Retry topics where the settings name none.
pub const RETRY_TOPICS: &[&str] = &["*-retry", "*-retry-*", "*.retry", "*.retry.*", "*_retry", "*_retry_*"];

impl Default for Roles {
    fn default() -> Roles {
        let list = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect();
        Roles { dead_letters: list(DEAD_LETTER_TOPICS), retries: list(RETRY_TOPICS) }
    }
}

impl Roles {
    /// What a topic of this name is for; none for ordinary topics. Case does not matter.
    #[must_use]
    pub fn of(&self, topic: &str) -> Option<Role> {
        let topic = topic.to_lowercase();
        let any = |patterns: &[String]| patterns.iter().any(|p| matches(&p.to_lowercase(), &topic));
        if any(&self.dead_letters) {
            Some(Role::DeadLetter)
        } else if any(&self.retries) {
            Some(Role::Retry)
        } else {
            None
        }
    }
}

/// Whether `name` fits `pattern`, in which `*` stands for any run of characters.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    for (i, part) in parts.iter().enumerate() {
        if i + 1 == parts.len() {
            return left.ends_with(part);
        }
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or("");
    }
    true
}

#[cfg(test)]
mod tests;
