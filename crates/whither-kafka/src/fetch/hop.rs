//! Finds where to read on without walking batches: three fields of each header tell.

/// Bytes before the length counts: base offset and length.
const FRAME_BYTES: usize = 12;
/// Where the last offset delta of format v2 stands.
const LAST_DELTA_AT: usize = 23;
const MAGIC_AT: usize = 16;

/// The offset behind the last whole batch; none if there is no whole batch of a known format.
#[must_use]
pub fn next_offset(records: &[u8]) -> Option<i64> {
    let mut next = None;
    let mut rest = records;
    while let Some((end, size)) = whole_batch(rest) {
        next = Some(next.map_or(end, |n: i64| n.max(end)));
        rest = rest.get(size..)?;
    }
    next
}

fn whole_batch(bytes: &[u8]) -> Option<(i64, usize)> {
    let base = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let length = i32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
    let size = usize::try_from(length).ok()?.checked_add(FRAME_BYTES)?;
    if size > bytes.len() {
        return None;
    }
    let delta = match bytes.get(MAGIC_AT)? {
        2 => i32::from_be_bytes(bytes.get(LAST_DELTA_AT..LAST_DELTA_AT + 4)?.try_into().ok()?),
        // Old formats carry the offset of the (last) message itself.
        _ => 0,
    };
    (base >= 0 && delta >= 0 && size > MAGIC_AT).then(|| (base + i64::from(delta) + 1, size))
}

#[cfg(test)]
mod tests {
    use super::next_offset;

    fn batch(base: i64, delta: i32, payload: usize) -> Vec<u8> {
        let mut bytes = base.to_be_bytes().to_vec();
        let length = i32::try_from(49 + payload).unwrap();
        bytes.extend(length.to_be_bytes());
        bytes.extend([0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
        bytes.extend(delta.to_be_bytes());
        bytes.resize(12 + 49 + payload, 0);
        bytes
    }

    #[test]
    fn goes_behind_the_last_whole_batch() {
        let mut bytes = batch(10, 4, 100);
        bytes.extend(batch(15, 0, 3));
        let whole = bytes.len();
        bytes.extend(batch(16, 9, 50));
        assert_eq!(next_offset(&bytes), Some(26));
        assert_eq!(next_offset(&bytes[..whole + 20]), Some(16));
        assert_eq!(next_offset(&bytes[..20]), None);
        assert_eq!(next_offset(&[]), None);
    }

    #[test]
    fn does_not_trust_lengths() {
        let mut bytes = batch(10, 4, 100);
        bytes[8..12].copy_from_slice(&(-1_i32).to_be_bytes());
        assert_eq!(next_offset(&bytes), None);
        bytes[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
        assert_eq!(next_offset(&bytes), None);
    }
}
