//! The hashes under which the message index keeps records: who writes it and who asks it agree here.

use whither_kafka::batch::key_hash;
use whither_store::trace_hash;

/// The hash of a key.
#[must_use]
pub fn key(key: &[u8]) -> u64 {
    key_hash(key)
}

/// The hash of a trace id; none if it is not 32 hexadecimal digits.
#[must_use]
pub fn trace(id: &str) -> Option<u64> {
    let id = (id.len() == 32).then(|| u128::from_str_radix(id, 16).ok()).flatten()?;
    Some(trace_hash(id.to_be_bytes()))
}

/// The hash of a header. Names can't hold a zero byte that would make two of them one.
#[must_use]
pub fn header(name: &str, value: &[u8]) -> u64 {
    key_hash(&[name.as_bytes(), &[0], value].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_its_name_and_its_value() {
        assert_ne!(header("ab", b"c"), header("a", b"bc"));
        assert_ne!(header("a", b"b"), key(b"ab"));
    }

    #[test]
    fn a_trace_is_found_however_its_digits_are_written() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace(id), trace(&id.to_uppercase()));
        assert!(trace(id).is_some() && trace("4bf9").is_none() && trace(&"x".repeat(32)).is_none());
    }
}
