//! One span's messaging operation, whatever generation of attributes it is told in.

use whither_otlp::{Attributes, Kind, Span, StatusCode, Text, Value};

use super::habits;
use super::names::{self, Field};

/// What a span did with records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// It made a message that another span sends.
    Create,
    /// It sent one or a batch.
    Send,
    /// It was given one or a batch.
    Receive,
    /// It worked on one or a batch.
    Process,
    /// It committed.
    Settle,
}

/// Where a record is, as far as it is told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The topic.
    pub topic: Option<String>,
    /// The partition.
    pub partition: Option<i32>,
    /// The offset.
    pub offset: Option<i64>,
}

/// A messaging operation on Kafka.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Messaging {
    /// What was done.
    pub operation: Operation,
    /// To which record; a batch names what its records have in common.
    pub place: Place,
    /// The consumer group.
    pub group: Option<String>,
    /// The `client.id`.
    pub client: Option<String>,
    /// The cluster's id: what tells two clusters apart.
    pub cluster: Option<String>,
    /// How many records it is about, where that is told.
    pub batch: Option<u64>,
    /// What kind of error it ended with.
    pub error: Option<String>,
    /// Fields that two attributes tell differently: the newer name holds.
    pub conflicts: Vec<Field>,
}

/// The attributes that tell of fields, by field, the first name first.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    values: [Option<(usize, Value<'a>)>; Field::COUNT],
    conflicts: Vec<Field>,
}

impl<'a> Said<'a> {
    pub(super) fn of(attributes: Attributes<'a>) -> Said<'a> {
        let mut said = Said::default();
        for attribute in attributes.iter().filter_map(Result::ok) {
            let Some((field, rank)) = names::of(attribute.key.as_bytes()) else { continue };
            let Some(place) = said.values.get_mut(field as usize) else { continue };
            let before = *place;
            if before.is_none_or(|(other, _)| rank < other) {
                *place = Some((rank, attribute.value));
            }
            let differs = before.is_some_and(|(_, other)| !same(other, attribute.value));
            if differs && !said.conflicts.contains(&field) {
                said.conflicts.push(field);
            }
        }
        said
    }

    fn value(&self, field: Field) -> Option<Value<'a>> {
        self.values.get(field as usize).copied().flatten().map(|(_, value)| value)
    }

    /// Text that says something: clients write `none` and nothing where they have nothing to tell.
    pub(super) fn text(&self, field: Field) -> Option<String> {
        let Some(Value::Text(text)) = self.value(field) else { return None };
        Some(text.to_str().into_owned()).filter(|text| !matches!(text.as_str(), "" | "none"))
    }

    /// A number that counts something: clients write it as text too, and -1 where they do not know it.
    pub(super) fn number(&self, field: Field) -> Option<i64> {
        number(self.value(field)?).filter(|n| *n >= 0)
    }

    fn place(&self) -> Place {
        Place {
            topic: self.text(Field::Topic),
            partition: self.number(Field::Partition).and_then(|n| i32::try_from(n).ok()),
            offset: self.number(Field::Offset),
        }
    }
}

/// A number, or the number that text spells.
fn number(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Int(n) => Some(n),
        Value::Text(text) => text.as_str()?.parse().ok(),
        _ => None,
    }
}

/// Whether two values say the same: offsets come as numbers and as text.
fn same(a: Value<'_>, b: Value<'_>) -> bool {
    a == b || number(a).is_some_and(|n| number(b) == Some(n))
}

impl Place {
    /// What a link says of the record it stands for.
    #[must_use]
    pub fn of_link(attributes: Attributes<'_>) -> Place {
        Said::of(attributes).place()
    }

    /// What is not told here is as there.
    #[must_use]
    pub fn or(self, other: &Place) -> Place {
        Place {
            topic: self.topic.or_else(|| other.topic.clone()),
            partition: self.partition.or(other.partition),
            offset: self.offset.or(other.offset),
        }
    }
}

impl Messaging {
    /// What a span says, if it is about Kafka.
    #[must_use]
    pub fn of(span: &Span<'_>) -> Option<Messaging> {
        let said = Said::of(span.attributes);
        if !is_kafka(&said) {
            return None;
        }
        let operation = operation(&said, span)?;
        let mut read = Messaging {
            operation,
            place: said.place(),
            group: said.text(Field::Group),
            client: said.text(Field::Client),
            cluster: said.text(Field::Cluster),
            batch: said.number(Field::BatchCount).and_then(|n| u64::try_from(n).ok()),
            error: said.text(Field::ErrorType),
            conflicts: Vec::new(),
        };
        if read.error.is_none() && span.status.code == StatusCode::Error {
            read.error = Some(exception(span).unwrap_or_else(|| "_OTHER".to_owned()));
        }
        habits::apply(&said, span.scope.name, &mut read);
        read.conflicts = said.conflicts;
        Some(read)
    }
}

/// Those of other systems are none of ours; some tracers name no system.
fn is_kafka(said: &Said<'_>) -> bool {
    match said.text(Field::System) {
        Some(system) => system.eq_ignore_ascii_case("kafka") || system.eq_ignore_ascii_case("AmazonMSK"),
        None => said.value(Field::Topic).is_some() && said.value(Field::Offset).is_some(),
    }
}

/// By type, else by name, else by the span's role: an attribute is surer than a span's name, which some clients turn
/// around.
fn operation(said: &Said<'_>, span: &Span<'_>) -> Option<Operation> {
    let told = |field| said.text(field).and_then(|word| of_word(&word));
    let of_name = || span.name.to_str().split(' ').find_map(of_word);
    told(Field::OperationType).or_else(|| told(Field::OperationName)).or_else(|| match span.kind {
        Kind::Producer => Some(Operation::Send),
        Kind::Consumer => Some(of_name().filter(|o| *o != Operation::Send).unwrap_or(Operation::Receive)),
        _ => of_name(),
    })
}

fn of_word(word: &str) -> Option<Operation> {
    Some(match word.to_ascii_lowercase().as_str() {
        "create" => Operation::Create,
        "send" | "publish" | "produce" => Operation::Send,
        "receive" | "recv" | "poll" | "consume" | "fetch" => Operation::Receive,
        "process" | "deliver" => Operation::Process,
        "settle" | "commit" | "ack" => Operation::Settle,
        _ => return None,
    })
}

/// The type of the exception that a span recorded last.
fn exception(span: &Span<'_>) -> Option<String> {
    let exceptions = span.events().filter_map(Result::ok).filter(|e| e.name == Text::from("exception"));
    let types = exceptions.filter_map(|e| match e.attributes.get("exception.type") {
        Some(Value::Text(text)) => Some(text.to_str().into_owned()),
        _ => None,
    });
    types.last()
}
