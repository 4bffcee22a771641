//! Identifiers in hexadecimal.

/// Why text is no identifier of so many digits; none if it is one.
pub(super) fn fault(what: &str, text: &str, digits: usize) -> Option<String> {
    if text.len() != digits {
        return Some(format!("its {what} has {} characters, not {digits}", text.chars().count()));
    }
    if let Some(c) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Some(format!("its {what} has {c:?} in it, which is no hexadecimal digit"));
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Some(format!("its {what} has upper-case digits: the specification wants lower-case ones"));
    }
    zeros(what, text)
}

/// Why an identifier of zeros is none.
pub(super) fn zeros(what: &str, text: &str) -> Option<String> {
    text.bytes().all(|b| b == b'0').then(|| format!("its {what} is all zeros, which means none"))
}

/// Eight flags.
pub(super) fn flags(text: &str) -> Option<u8> {
    let legal = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    legal.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}
