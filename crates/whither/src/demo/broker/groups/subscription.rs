//! Reading which topics a member subscribes, from the metadata it gives its assignor.
use bytes::Buf;

/// Topics in a `ConsumerProtocolSubscription` of any version; nothing if it is not one.
pub(crate) fn subscribed_topics(mut metadata: &[u8]) -> Vec<String> {
    let mut topics = Vec::new();
    let count = metadata.try_get_i16().and_then(|_version| metadata.try_get_i32()).unwrap_or(0);
    for _ in 0..count {
        let Some(topic) = string(&mut metadata) else { break };
        topics.push(topic);
    }
    topics
}

fn string(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}
