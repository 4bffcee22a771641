//! Single values as they stand in a line: moments, topic ids, partitions, keys.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use whither_core::key::At;
use whither_core::{Key, Name, Partition, Time, TopicId};

/// A moment: RFC 3339 where that is a sensible one, else milliseconds since 1970 as a number (Kafka has -1 for
/// "none", and clients write what they like).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct When(pub(super) Time);

impl When {
    /// The end of the year 9999: RFC 3339 has four digits for a year.
    const LAST_MS: i64 = 253_402_207_200_999;
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Time(ms) = self.0;
        match Timestamp::from_millisecond(ms) {
            Ok(at) if (0..=When::LAST_MS).contains(&ms) => serializer.collect_str(&format_args!("{at:.3}")),
            _ => serializer.serialize_i64(ms),
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
        deserializer.deserialize_any(WhenVisitor)
    }
}

struct WhenVisitor;

impl Visitor<'_> for WhenVisitor {
    type Value = When;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time like \"2026-03-01T12:00:00.000Z\", or milliseconds since 1970 as a number")
    }

    fn visit_i64<E: serde::de::Error>(self, ms: i64) -> Result<When, E> {
        Ok(When(Time(ms)))
    }

    fn visit_u64<E: serde::de::Error>(self, ms: u64) -> Result<When, E> {
        let ms = i64::try_from(ms).map_err(|_| E::custom(format_args!("{ms} ms is too large for a time")))?;
        Ok(When(Time(ms)))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<When, E> {
        let at: Timestamp = text.parse().map_err(|error| {
            E::custom(format_args!("{text:?} is not a time like \"2026-03-01T12:00:00.000Z\": {error}"))
        })?;
        if at.subsec_nanosecond() % 1_000_000 != 0 {
            return Err(E::custom(format_args!(
                "{text:?} is finer than a millisecond: Kafka's times are not"
            )));
        }
        Ok(When(Time(at.as_millisecond())))
    }
}

/// A topic id: 22 characters as Kafka's tools print it, or a small number where somebody wrote it by hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Id(pub(super) TopicId);

impl Id {
    /// Ids below this are written as numbers; Kafka draws its own at random from 128 bits.
    const NUMBERS: u128 = 1 << 16;
    const LETTERS: &'static [u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    pub(super) fn is_unknown(&self) -> bool {
        !self.0.is_known()
    }

    /// URL-safe base64 of the 16 bytes, without padding: 21 letters of 6 bits and one of 2.
    fn text(self) -> String {
        let TopicId(id) = self.0;
        let sextets = (0..21).map(|i| (id >> (122 - 6 * i)) & 0x3f).chain([(id & 0x3) << 4]);
        sextets.filter_map(|s| Id::LETTERS.get(usize::try_from(s).ok()?)).map(|b| char::from(*b)).collect()
    }

    fn parse(text: &str) -> Option<Id> {
        if text.len() != 22 {
            return None;
        }
        let mut id: u128 = 0;
        for (i, letter) in text.bytes().enumerate() {
            let sextet = Id::LETTERS.iter().position(|l| *l == letter)? as u128;
            id = match i {
                21 if sextet & 0xf != 0 => return None,
                21 => (id << 2) | (sextet >> 4),
                _ => (id << 6) | sextet,
            };
        }
        Some(Id(TopicId(id)))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match u64::try_from(self.0.0) {
            Ok(number) if self.0.0 < Id::NUMBERS => serializer.serialize_u64(number),
            _ => serializer.serialize_str(&self.text()),
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a topic id: 22 characters as kafka-topics prints it, or a number below 65536")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Id, E> {
        let id = u128::from(number);
        if id >= Id::NUMBERS {
            return Err(E::invalid_value(serde::de::Unexpected::Unsigned(number), &self));
        }
        Ok(Id(TopicId(id)))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
        Id::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// A partition as `topic/index`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place(pub(super) Partition);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.topic, self.0.index)
    }
}

impl FromStr for Place {
    type Err = &'static str;

    /// The last slash divides: a topic that a header names may hold any character.
    fn from_str(text: &str) -> Result<Place, &'static str> {
        let (topic, index) =
            text.rsplit_once('/').ok_or("a partition is written topic/index, as orders/0")?;
        let index =
            index.parse().map_err(|_| "behind the slash stands the partition's index, as orders/0")?;
        Ok(Place(Partition::new(topic, index)))
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Place, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|why| D::Error::custom(format_args!("{text:?}: {why}")))
    }
}

/// A key without its cluster: `log orders/0` or `ledger orders/0`; none for keys that no source gives facts to.
pub(super) fn subject(at: &At) -> Option<String> {
    match at {
        At::Log(p) => Some(format!("log {}/{}", p.topic, p.index)),
        At::Ledger(p) => Some(format!("ledger {}/{}", p.topic, p.index)),
        At::Letters(_) | At::Origin(..) => None,
    }
}

/// The key that `text` names in a cluster.
pub(super) fn key(cluster: &Name, text: &str) -> Result<Key, &'static str> {
    const FORMS: &str =
        "a key is \"log topic/0\" for what was read, or \"ledger topic/0\" for what was asked";
    let (stage, partition) = text.split_once(' ').ok_or(FORMS)?;
    match stage {
        "log" => Ok(Key::log(cluster, &Place::from_str(partition)?.0)),
        "ledger" => Ok(Key::ledger(cluster, &Place::from_str(partition)?.0)),
        _ => Err(FORMS),
    }
}

/// A key's hash: 16 hexadecimal digits, for most JSON tools keep only 53 bits of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hash(pub(super) u64);

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = u64::from_str_radix(&text, 16);
        hash.map(Hash).map_err(|_| D::Error::custom("a key's hash is written in up to 16 hexadecimal digits"))
    }
}
