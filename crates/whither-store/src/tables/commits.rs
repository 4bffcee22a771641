//! Each commit: where every group was at any moment.

use super::Table;
use super::columns::{Reading, Writing, flag, int, small, text, time};
use super::row::Row;
use arrow_schema::Schema;
use parquet::errors::Result;
use std::cmp::Ordering;
use std::sync::Arc;

/// A commit, or the removal of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitRow {
    /// The consumer group.
    pub group: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The position; `None`: it was removed.
    pub offset: Option<i64>,
    /// The member that committed, as far as it could be told.
    pub member: Option<Arc<str>>,
    /// Its client id.
    pub client_id: Option<Arc<str>>,
    /// Its host.
    pub host: Option<Arc<str>>,
    /// Whether nobody was a member then.
    pub memberless: bool,
}

impl Row for CommitRow {
    const TABLE: Table = Table::Commits;
    const SORTED_BY: &'static [&'static str] = &["consumer_group", "topic", "partition", "happened_at"];

    fn schema() -> Schema {
        Schema::new(vec![
            text("consumer_group"),
            text("topic"),
            small("partition"),
            time("happened_at"),
            int("committed_offset").with_nullable(true),
            text("member_id").with_nullable(true),
            text("client_id").with_nullable(true),
            text("host").with_nullable(true),
            flag("memberless"),
        ])
    }

    fn order(&self, other: &Self) -> Ordering {
        (&self.group, &self.topic, self.partition, self.at_ms).cmp(&(
            &other.group,
            &other.topic,
            other.partition,
            other.at_ms,
        ))
    }

    fn at_ms(&self) -> i64 {
        self.at_ms
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }

    fn write(rows: &[&Self], columns: &mut Writing) {
        columns.texts(rows.iter().map(|row| &*row.group));
        columns.texts(rows.iter().map(|row| &*row.topic));
        columns.smalls(rows.iter().map(|row| row.partition));
        columns.times(rows.iter().map(|row| row.at_ms));
        columns.maybe_ints(rows.iter().map(|row| row.offset));
        columns.maybe_texts(rows.iter().map(|row| row.member.as_deref()));
        columns.maybe_texts(rows.iter().map(|row| row.client_id.as_deref()));
        columns.maybe_texts(rows.iter().map(|row| row.host.as_deref()));
        columns.flags(rows.iter().map(|row| row.memberless));
    }

    fn read(columns: &mut Reading<'_>) -> Result<Vec<Self>> {
        let mut rows = Vec::with_capacity(columns.rows());
        let mut group = columns.texts()?;
        let mut topic = columns.texts()?;
        let partition = columns.smalls()?;
        let at_ms = columns.times()?;
        let mut offset = columns.maybe_ints()?;
        let mut member = columns.maybe_texts()?;
        let mut client_id = columns.maybe_texts()?;
        let mut host = columns.maybe_texts()?;
        let mut memberless = columns.flags()?;
        for i in 0..columns.rows() {
            rows.push(CommitRow {
                group: group.next().unwrap_or_default(),
                topic: topic.next().unwrap_or_default(),
                partition: partition[i],
                at_ms: at_ms[i],
                offset: offset.next().flatten(),
                member: member.next().flatten(),
                client_id: client_id.next().flatten(),
                host: host.next().flatten(),
                memberless: memberless.next().unwrap_or_default(),
            });
        }
        Ok(rows)
    }
}
