use super::recipe::Recipe;
use super::{
    damage, dead_letters, healthy_logs, healthy_members, healthy_positions, positions, retention, topics,
    transactions,
};

/// All of them, in the order of the table in the guide: causes, then what is healthy but odd.
pub fn all() -> Vec<Recipe> {
    let mut all = Vec::new();
    all.extend_from_slice(retention::RECIPES);
    all.extend_from_slice(topics::RECIPES);
    all.extend_from_slice(transactions::RECIPES);
    all.extend_from_slice(positions::RECIPES);
    all.extend_from_slice(damage::RECIPES);
    all.extend_from_slice(dead_letters::RECIPES);
    all.extend_from_slice(healthy_logs::RECIPES);
    all.extend_from_slice(healthy_positions::RECIPES);
    all.extend_from_slice(healthy_members::RECIPES);
    all
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn names_are_unique_and_usable_as_topics() {
        let mut names: Vec<_> = all().iter().map(|recipe| recipe.name).collect();
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
