//! Which right is missing where something could not be seen, as the command that grants it.

use super::Change;
use crate::prose::words;

/// What to change, if a right is what is missing. `what` and `why` are the words of what was not seen.
pub(super) fn change(what: &str, why: &str) -> Option<Change> {
    let refused = ["authoriz", "no right"].iter().any(|sign| why.to_lowercase().contains(sign));
    if !refused {
        return None;
    }
    let (operations, resource) = missing(what)?;
    Some(grant(operations, &resource))
}

/// The right to see groups and their members.
pub(super) fn describe_groups() -> Change {
    grant(&["Describe"], "--group '*'")
}

/// Operations and resource in the words of `kafka-acls`.
fn missing(what: &str) -> Option<(&'static [&'static str], String)> {
    let of = |prefix: &str| what.strip_prefix(prefix).map(str::trim);
    let topic = |place: &str| {
        let name = place.rsplit_once('/').filter(|(_, p)| p.bytes().all(|b| b.is_ascii_digit()));
        format!("--topic {}", words::shell(name.map_or(place, |(name, _)| name)))
    };
    let group = |name: &str| format!("--group {}", words::shell(name));
    if what == "topic configuration" {
        return Some((&["DescribeConfigs"], "--topic '*'".to_owned()));
    }
    if what == "broker configuration" {
        return Some((&["DescribeConfigs"], "--cluster".to_owned()));
    }
    if what == "commit history" || what.contains("__consumer_offsets") {
        return Some((&["Describe", "Read"], "--topic __consumer_offsets".to_owned()));
    }
    if of("transactions that broker ").is_some() {
        return Some((&["Describe"], "--transactional-id '*'".to_owned()));
    }
    if of("groups of broker ").is_some() {
        return Some((&["Describe"], "--group '*'".to_owned()));
    }
    let named =
        of("positions of share group ").or_else(|| of("positions of group ")).or_else(|| of("group "));
    if let Some(name) = named {
        return Some((&["Describe"], group(name)));
    }
    let place = of("records of ").or_else(|| of("open transactions of ")).or_else(|| of("partition "));
    place
        .or_else(|| of("topic "))
        .map(|place| -> (&'static [&'static str], String) { (&["Describe", "Read"], topic(place)) })
}

fn grant(operations: &[&str], resource: &str) -> Change {
    let each: Vec<String> = operations.iter().map(|op| format!("--operation {op}")).collect();
    let command = format!(
        "kafka-acls.sh --bootstrap-server HOST:PORT --add --allow-principal User:whither {} {resource}",
        each.join(" ")
    );
    let text = "grant the right that is missing; put your own broker and the name whither logs in with";
    Change { text: text.to_owned(), command: Some(command) }
}

#[cfg(test)]
mod tests {
    use super::change;

    /// The words that the sources use.
    #[test]
    fn each_missing_right_has_its_command() {
        for (what, why, grant) in [
            (
                "topic configuration",
                "DescribeConfigs: TopicAuthorizationFailed",
                "--operation DescribeConfigs --topic '*'",
            ),
            (
                "broker configuration",
                "DescribeConfigs: ClusterAuthorizationFailed",
                "--operation DescribeConfigs --cluster",
            ),
            (
                "commit history",
                "Topic authorization failed.",
                "--operation Describe --operation Read --topic __consumer_offsets",
            ),
            (
                "records of payroll/3",
                "TopicAuthorizationFailed",
                "--operation Describe --operation Read --topic payroll",
            ),
            (
                "topic pay roll",
                "no right to describe it",
                "--operation Describe --operation Read --topic 'pay roll'",
            ),
            ("group billing", "GroupAuthorizationFailed", "--operation Describe --group billing"),
            ("positions of share group s", "GroupAuthorizationFailed", "--operation Describe --group s"),
            (
                "transactions that broker 2 coordinates",
                "TransactionalIdAuthorizationFailed",
                "--operation Describe --transactional-id '*'",
            ),
        ] {
            let command = change(what, why).and_then(|change| change.command).unwrap_or_default();
            assert!(command.ends_with(&format!("User:whither {grant}")), "{what}: {command}");
        }
    }

    #[test]
    fn where_no_right_is_missing_none_is_granted() {
        assert_eq!(change("records of payroll/3", "the deadline came first"), None);
        assert_eq!(change("the end of the watch", "no right"), None);
    }
}
