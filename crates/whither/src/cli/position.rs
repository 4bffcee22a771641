//! A record's position in the spellings that Kafka's tools, and people, use.

use std::fmt;
use std::str::FromStr;

use whither_core::{Offset, Partition};

/// Kafka's own limit for a topic's name.
const TOPIC_CHARS: usize = 249;

/// One record's place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// Its partition.
    pub partition: Partition,
    /// Its offset there.
    pub offset: Offset,
}

/// Text that names no position.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{why}; write topic/partition@offset, as in orders/3@188231 (also orders[3]@188231, orders/3/188231, orders:3:188231)"
)]
pub struct NotAPosition {
    why: &'static str,
}

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Position, NotAPosition> {
        let wrong = |why| NotAPosition { why };
        let (topic, index, offset) = split(text.trim()).ok_or(wrong("no partition and offset in it"))?;
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if topic.is_empty() || topic.len() > TOPIC_CHARS || !topic.chars().all(legal) {
            return Err(wrong("no topic has such a name"));
        }
        let index: i32 = digits(index).ok_or(wrong("the partition is not a number"))?;
        let offset: Offset = digits(offset).ok_or(wrong("the offset is not a number"))?;
        Ok(Position { partition: Partition::new(topic, index), offset })
    }
}

fn split(text: &str) -> Option<(&str, &str, &str)> {
    if let Some((place, offset)) = text.rsplit_once('@') {
        if let Some((topic, index)) = place.strip_suffix(']').and_then(|p| p.rsplit_once('[')) {
            return Some((topic, index, offset));
        }
        let (topic, index) = place.rsplit_once(['/', ':'])?;
        return Some((topic, index, offset));
    }
    let (place, offset) = text.rsplit_once(['/', ':'])?;
    let (topic, index) = place.rsplit_once(['/', ':'])?;
    Some((topic, index, offset))
}

/// A number without a sign; thousands may stand apart, as whither prints them.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    let plain: String = text.chars().filter(|c| *c != ',').collect();
    if plain.chars().all(|c| c.is_ascii_digit()) { plain.parse().ok() } else { None }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.partition.topic, self.partition.index, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn every_spelling_means_the_same() {
        let spellings = [
            "orders.v1/3@188231",
            "orders.v1/3/188231",
            "orders.v1[3]@188231",
            "orders.v1:3:188231",
            "orders.v1/3@188,231",
        ];
        for text in spellings {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), "orders.v1/3@188231", "{text}");
        }
    }

    #[test]
    fn what_is_none_says_why() {
        let of = |text: &str| text.parse::<Position>().unwrap_err().why;
        assert_eq!(of("orders"), "no partition and offset in it");
        assert_eq!(of("orders@7"), "no partition and offset in it");
        assert_eq!(of("/3@7"), "no topic has such a name");
        assert_eq!(of("or ders/3@7"), "no topic has such a name");
        assert_eq!(of("orders/x@7"), "the partition is not a number");
        assert_eq!(of("orders/3@-7"), "the offset is not a number");
        assert_eq!(of("orders/3@99999999999999999999"), "the offset is not a number");
        assert_eq!(of("orders/3@"), "the offset is not a number");
    }
}
