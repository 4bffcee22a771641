//! Java producers.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::admin::config;
use super::driver::number_in;
use super::error::Error;
use super::jvm::Jvm;

/// A `KafkaProducer`. Transactional if its configuration has a `transactional.id`.
#[derive(Debug)]
pub struct Producer<'a> {
    jvm: &'a Jvm,
    name: String,
}

/// What to send: `count` records to one partition.
#[derive(Debug, Clone)]
pub struct Records {
    fields: Map<String, Value>,
    headers: Vec<Value>,
}

impl Records {
    /// `count` small records with keys `key-0`, `key-1`, …
    pub fn new(topic: &str, partition: i32, count: i64) -> Self {
        let mut fields = Map::new();
        fields.insert("topic".to_owned(), json!(topic));
        fields.insert("partition".to_owned(), json!(partition));
        fields.insert("count".to_owned(), json!(count));
        Self { fields, headers: Vec::new() }
    }

    /// All with this key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.field("key", json!(key))
    }

    /// All with this value.
    #[must_use]
    pub fn value(self, value: &str) -> Self {
        self.field("value", json!(value))
    }

    /// Values of this many zero bytes.
    #[must_use]
    pub fn size(self, bytes: usize) -> Self {
        self.field("size", json!(bytes))
    }

    /// No value.
    #[must_use]
    pub fn tombstone(self) -> Self {
        self.field("tombstone", json!(true))
    }

    /// The record's own time, in milliseconds since 1970.
    #[must_use]
    pub fn timestamp_ms(self, timestamp: i64) -> Self {
        self.field("timestamp", json!(timestamp))
    }

    /// One batch per record.
    #[must_use]
    pub fn singly(self) -> Self {
        self.field("singly", json!(true))
    }

    /// A header; may be called again, also with the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push(json!({"key": name, "base64": base64(value)}));
        self
    }

    fn field(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }
}

impl Jvm {
    /// Opens a producer; a transactional one is initialised.
    ///
    /// # Errors
    /// What the client reports.
    pub fn producer(&self, name: &str, pairs: &[(&str, &str)]) -> Result<Producer<'_>, Error> {
        self.call("producer.open", json!({"client": name, "config": config(pairs)}))?;
        Ok(Producer { jvm: self, name: name.to_owned() })
    }

    /// Sends with a plain producer of its own; returns the offsets.
    ///
    /// # Errors
    /// What the client reports.
    pub fn send(&self, records: Records) -> Result<Range<i64>, Error> {
        let name = format!("plain-{}", records.fields["topic"]);
        let producer = self.producer(&name, &[])?;
        let offsets = producer.send(records)?;
        producer.close()?;
        Ok(offsets)
    }
}

impl Producer<'_> {
    /// Sends and waits for the acknowledgements; returns the offsets, first to last + 1.
    ///
    /// # Errors
    /// What the client reports.
    pub fn send(&self, records: Records) -> Result<Range<i64>, Error> {
        const COMMAND: &str = "producer.send";
        let mut arguments = records.fields;
        arguments.insert("headers".to_owned(), Value::Array(records.headers));
        arguments.insert("client".to_owned(), json!(self.name));
        let answer = self.jvm.call(COMMAND, Value::Object(arguments))?;
        Ok(number_in(COMMAND, &answer, "from")?..number_in(COMMAND, &answer, "to")?)
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// What the client reports.
    pub fn begin(&self) -> Result<(), Error> {
        self.call("producer.begin")
    }

    /// Commits it.
    ///
    /// # Errors
    /// What the client reports.
    pub fn commit(&self) -> Result<(), Error> {
        self.call("producer.commit")
    }

    /// Aborts it.
    ///
    /// # Errors
    /// What the client reports.
    pub fn abort(&self) -> Result<(), Error> {
        self.call("producer.abort")
    }

    /// Adds a group's offset to the transaction.
    ///
    /// # Errors
    /// What the client reports.
    pub fn send_offset(&self, group: &str, topic: &str, partition: i32, offset: i64) -> Result<(), Error> {
        let arguments = json!({
            "client": self.name, "group": group, "topic": topic, "partition": partition, "offset": offset
        });
        self.jvm.call("producer.send_offsets", arguments).map(drop)
    }

    /// Closes it; an open transaction is aborted.
    ///
    /// # Errors
    /// What the client reports.
    pub fn close(self) -> Result<(), Error> {
        self.call("producer.close")
    }

    /// Is gone without a word, as after a crash: an open transaction stays open.
    ///
    /// # Errors
    /// What the client reports.
    pub fn vanish(self) -> Result<(), Error> {
        self.call("producer.vanish")
    }

    fn call(&self, command: &str) -> Result<(), Error> {
        self.jvm.call(command, json!({"client": self.name})).map(drop)
    }
}

/// RFC 4648, padded: header values are bytes, JSON strings are not.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let symbol = ALPHABET[group >> (18 - 6 * at) & 63];
            text.push(if at <= chunk.len() { char::from(symbol) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_as_in_rfc_4648() {
        let vectors = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0, 1]), "//4AAQ==");
    }
}
