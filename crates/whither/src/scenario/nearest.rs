//! The word somebody probably meant.

/// The choice that is nearest to `word`, if it is near: a letter or two wrong, or the beginning of it.
pub(super) fn nearest<'a>(word: &str, choices: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words are no slip of a name, and distance costs their square.
    const LETTERS_MAX: usize = 64;
    if word.len() > LETTERS_MAX {
        return None;
    }
    let allowed = word.chars().count().div_ceil(3).min(3);
    choices
        .into_iter()
        .map(|choice| (if choice.starts_with(word) { 1 } else { distance(word, choice) }, choice))
        .filter(|(far, _)| *far <= allowed)
        .min()
        .map(|(_, choice)| choice)
}

/// Letters to insert, drop or replace to make one of the other (Levenshtein), ignoring case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().flat_map(char::to_lowercase).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = *above;
            left = replaced.min(left + 1).min(diagonal + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("Base", "base"), 0);
    }

    #[test]
    fn offers_what_is_near_and_nothing_else() {
        let words = ["base", "last", "producer_id", "producer_epoch"];
        assert_eq!(nearest("bse", words), Some("base"));
        assert_eq!(nearest("producerId", words), Some("producer_id"));
        assert_eq!(nearest("producer_e", words), Some("producer_epoch"));
        assert_eq!(nearest("colour", words), None);
        assert_eq!(nearest(&"x".repeat(100_000), words), None);
    }
}
