//! The identity of a record's key where the key itself must not be kept.

use twox_hash::XxHash3_64;

/// A 64-bit hash of a record's key: XXH3-64 with seed 0, as its specification (0.8, frozen) defines it.
///
/// Hashes are stored and compared over years and machines, so neither the function nor its seed will change.
/// Kafka's own murmur2 has 32 bits and collides among a hundred thousand keys. The hash has no secret: it keeps
/// keys out of files and screens, but whoever can guess a key can confirm it.
///
/// A record without a key has no hash, which is not that of the empty key.
#[must_use]
#[inline]
pub fn key_hash(key: &[u8]) -> u64 {
    XxHash3_64::oneshot(key)
}

#[cfg(test)]
mod tests {
    use super::key_hash;

    /// Values of the reference implementation (xxhsum -H3): if one changes, stored hashes no longer match.
    #[test]
    fn never_changes() {
        assert_eq!(key_hash(b""), 0x2d06_8005_38d3_94c2);
        assert_eq!(key_hash(b"a"), 0xe6c6_32b6_1e96_4e1f);
        assert_eq!(key_hash(b"abc"), 0x78af_5f94_892f_3950);
    }
}
