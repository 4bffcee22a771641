//! What clients put where the conventions do not look for it.

use whither_otlp::Text;

use super::messaging::{Messaging, Said};
use super::names::Field;

/// Fills what a client tells in its own way.
pub(super) fn apply(said: &Said<'_>, scope: Text<'_>, read: &mut Messaging) {
    group_and_client(said, read);
    if let Some(id) = said.text(Field::MessageId) {
        place_in_id(&id, &scope.to_str(), read);
    }
}

/// Spring and SmallRye write `group - client`, as a consumer's id and as a client's.
fn group_and_client(said: &Said<'_>, read: &mut Messaging) {
    let both = said.text(Field::GroupAndClient).or_else(|| read.client.clone());
    let Some((group, client)) = both.as_deref().and_then(|both| both.split_once(" - ")) else { return };
    if read.group.as_deref().is_none_or(|known| known == group) {
        read.group = Some(group.to_owned());
        read.client = Some(client.to_owned());
    }
}

/// Python's clients write `topic.partition.offset` as the message's id, otelsarama the offset alone.
fn place_in_id(id: &str, scope: &str, read: &mut Messaging) {
    let place = &mut read.place;
    let Some(topic) = &place.topic else { return };
    if let Some(rest) = id.strip_prefix(topic.as_str()).and_then(|rest| rest.strip_prefix('.')) {
        let Some((partition, offset)) = rest.split_once('.') else { return };
        let (Ok(partition), Ok(offset)) = (partition.parse::<i32>(), offset.parse::<i64>()) else { return };
        if partition >= 0 && offset >= 0 && place.partition.is_none_or(|known| known == partition) {
            place.partition = Some(partition);
            place.offset = place.offset.or(Some(offset));
        }
    } else if scope.ends_with("otelsarama") {
        place.offset = place.offset.or_else(|| id.parse().ok().filter(|offset| *offset >= 0));
    }
}
