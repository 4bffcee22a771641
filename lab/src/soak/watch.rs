//! What must hold of everything that a server publishes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::server::Client;

/// Complaints beyond this many say nothing new.
const COMPLAINTS: usize = 50;

/// What was published so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) looks: u64,
    pub(super) records_read: u64,
    pub(super) complaints: Vec<String>,
    /// Losses that were proved, by id.
    proved: BTreeMap<String, Value>,
    restarted: bool,
}

impl Watch {
    /// The server was killed: what it told before still holds at once.
    pub(super) fn restarted(&mut self) {
        self.restarted = true;
    }

    pub(super) fn losses(&self) -> usize {
        self.proved.len()
    }

    /// Looks at everything.
    pub(super) fn look(&mut self, server: &Client) {
        let after = if std::mem::take(&mut self.restarted) { " after a kill" } else { "" };
        let (status, rows, findings) = (server.status(), server.list("/balance"), server.list("/findings"));
        let (Ok(status), Ok(rows), Ok(findings)) = (status, rows, findings) else {
            return self.complain(format!("the server did not answer{after}"));
        };
        self.looks += 1;
        let read = status.get("records_read").and_then(Value::as_u64).unwrap_or(0);
        if read < self.records_read {
            self.complain(format!("{read} records read{after}, {} before", self.records_read));
        }
        self.records_read = read;
        for row in rows.iter().filter(|row: &&Value| row.get("residual").and_then(Value::as_i64) != Some(0)) {
            self.complain(format!("a residual{after}: {row}"));
        }
        self.keep(&findings, after);
    }

    /// What was proved once is told for ever.
    fn keep(&mut self, findings: &[Value], after: &str) {
        let text = |of: &Value, field: &str| of.get(field).and_then(Value::as_str).map(str::to_owned);
        let told: BTreeMap<String, &Value> =
            findings.iter().filter_map(|finding| Some((text(finding, "id")?, finding))).collect();
        let mut gone = Vec::new();
        for (id, before) in &self.proved {
            let holds = told.get(id).is_some_and(|now| {
                ["verdict", "certainty"].into_iter().all(|field| text(now, field) == text(before, field))
            });
            if !holds {
                gone.push(format!("{before} is told{after} as {:?}", told.get(id)));
            }
        }
        gone.into_iter().for_each(|gone| self.complain(gone));
        let is = |of: &Value, field: &str, word: &str| of.get(field).and_then(Value::as_str) == Some(word);
        for (id, finding) in told {
            if is(finding, "shown_as", "loss") && is(finding, "certainty", "proof") {
                self.proved.insert(id, finding.clone());
            }
        }
    }

    /// The rows, if the server has read everything and nothing is wrong with it.
    pub(super) fn rows(&self, server: &Client) -> Option<Vec<Value>> {
        let status = server.status().ok()?;
        let is_well = status.get("caught_up")?.as_bool()? && status.get("problems")?.as_array()?.is_empty();
        if is_well { server.list("/balance").ok() } else { None }
    }

    fn complain(&mut self, complaint: String) {
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push(complaint);
        }
    }
}

/// Where a server and a look at everything differ. Of what was gone before the look, only the server knows more: then
/// the rows must still end at the same offset and leave the same to be read.
pub(super) fn differences(server: &[Value], check: &[Value]) -> Vec<String> {
    let by_place = |rows: &[Value]| -> BTreeMap<String, Value> {
        let place = |row: &Value| format!("{} {}/{}", row["group"], row["topic"], row["partition"]);
        rows.iter().map(|row| (place(row), row.clone())).collect()
    };
    let (server, check) = (by_place(server), by_place(check));
    let mut all: Vec<String> = Vec::new();
    for (place, told) in &server {
        match check.get(place) {
            None => all.push(format!("{place}: a check has no such row")),
            Some(looked) if agree(told, looked) => {}
            Some(looked) => all.push(format!("the server tells {told}, a check {looked}")),
        }
    }
    all.extend(
        check
            .keys()
            .filter(|place| !server.contains_key(*place))
            .map(|place| format!("{place}: the server has no such row")),
    );
    all
}

fn agree(server: &Value, check: &Value) -> bool {
    let waits = |row: &Value| row["verdicts"].get("in_flight").cloned().unwrap_or_else(|| 0.into());
    let ends = server["to"] == check["to"] && waits(server) == waits(check);
    let is_whole = |row: &Value| row["at_most"] == Value::Bool(false);
    let same_range = server["from"] == check["from"] && is_whole(server) && is_whole(check);
    ends && (!same_range || server["verdicts"] == check["verdicts"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(from: i64, at_most: bool, delivered: u64) -> Value {
        json!({"group": "g", "topic": "t", "partition": 0, "from": from, "to": 9, "at_most": at_most,
               "verdicts": {"delivered": delivered, "in_flight": 2}})
    }

    #[test]
    fn rows_of_the_same_range_must_be_the_same() {
        assert!(differences(&[row(0, false, 7)], &[row(0, false, 7)]).is_empty());
        assert_eq!(differences(&[row(0, false, 7)], &[row(0, false, 6)]).len(), 1);
        assert_eq!(differences(&[row(0, false, 7)], &[]).len(), 1);
        assert_eq!(differences(&[], &[row(0, false, 7)]).len(), 1);
    }

    #[test]
    fn of_what_is_gone_the_server_knows_more() {
        assert!(differences(&[row(0, false, 7)], &[row(3, true, 5)]).is_empty());
        let mut other = row(3, true, 5);
        other["verdicts"]["in_flight"] = 3.into();
        assert_eq!(differences(&[row(0, false, 7)], &[other]).len(), 1);
    }

    #[test]
    fn what_was_proved_and_is_gone_is_told() {
        let loss = json!({"id": "1", "shown_as": "loss", "certainty": "proof", "verdict": "deleted"});
        let mut watch = Watch::default();
        watch.keep(std::slice::from_ref(&loss), "");
        watch.keep(&[loss], "");
        assert_eq!((watch.losses(), watch.complaints.len()), (1, 0));
        watch.keep(&[], " after a kill");
        assert_eq!(watch.complaints.len(), 1);
    }
}
