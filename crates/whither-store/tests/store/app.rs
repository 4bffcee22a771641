//! The smallest owner of a store: its state is the numbers it was given, one after the other, and each number makes a row
//! in every table. What is right after a crash can then be said in one line: the numbers 1 to the last mark, each once.

use std::sync::Arc;
use whither_store::disk::Disk;
use whither_store::{
    BalanceFilter, BalanceRow, CommitRow, Entry, FindingRow, IndexKind, IndexRow, LagRow, OpenError, Opened,
    Options, Reader, Recovered, Repair, Retention, SpanKind, SpanRow, SpanStatus, Store, StoreError,
};

pub(crate) const GROUP: &str = "billing";
pub(crate) const TOPIC: &str = "orders";
/// State is kept under so many keys.
const KEYS: u32 = 5;
const FACT: u8 = 1;

/// The options with this retention.
pub(crate) const fn with(retention: Retention) -> Options {
    Options { retention, repair: Repair::Refuse, buffered_bytes: whither_store::limits::BUFFERED_BYTES }
}

/// Keeps everything for so many milliseconds, however much it is.
pub(crate) const fn keeping(ms: i64) -> Retention {
    Retention {
        keep_ms: ms,
        keep_summary_ms: ms,
        keep_index_ms: ms,
        keep_spans_ms: ms,
        keep_kept_ms: ms,
        keep_bytes: u64::MAX,
        keep_index_bytes: u64::MAX,
        keep_kept_bytes: u64::MAX,
    }
}

pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) recovered: Recovered,
    /// Every number applied, in order.
    applied: Vec<u32>,
    /// The last number that was marked.
    pub(crate) marked: u32,
}

impl App {
    pub(crate) fn open(disk: Arc<dyn Disk>, options: Options) -> Result<App, OpenError> {
        let Opened { store, checkpoint, log, recovered } = Store::open_on(disk, options)?;
        let mut app = App { store, recovered, applied: Vec::new(), marked: 0 };
        if let Some(checkpoint) = checkpoint {
            app.marked = checkpoint.mark.as_deref().map_or(0, number);
            for blob in checkpoint {
                app.applied.extend(blob?.chunks_exact(4).map(number));
            }
            app.applied.sort_unstable();
        }
        for entry in log {
            match entry? {
                Entry::Fact { kind, payload } => {
                    assert_eq!((kind, &payload), (FACT, &fact(number(&payload))));
                    app.apply(number(&payload));
                }
                Entry::Mark(mark) => app.marked = number(&mark),
            }
        }
        app.store.publish();
        assert_eq!(app.applied, (1..=app.marked).collect::<Vec<_>>(), "state is what was marked");
        Ok(app)
    }

    /// The last number that was given.
    pub(crate) fn last(&self) -> u32 {
        self.applied.last().copied().unwrap_or(0)
    }

    /// Takes the next number.
    pub(crate) fn next(&mut self) -> Result<(), StoreError> {
        let n = self.last() + 1;
        self.store.append(FACT, &fact(n))?;
        self.apply(n);
        Ok(())
    }

    pub(crate) fn mark(&mut self) -> Result<(), StoreError> {
        let last = self.last();
        self.store.mark(&last.to_le_bytes())?;
        self.marked = last;
        Ok(())
    }

    pub(crate) fn checkpoint(&mut self) -> Result<(), StoreError> {
        let now_ms = i64::from(self.last());
        let mut writer = self.store.begin_checkpoint()?;
        for key in 0..KEYS {
            let of_key = self.applied.iter().filter(|n| *n % KEYS == key);
            writer.blob(&of_key.flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>())?;
        }
        writer.finish(now_ms)
    }

    pub(crate) fn merge(&mut self) -> Result<bool, StoreError> {
        let Some(merge) = self.store.merge_due() else { return Ok(false) };
        let merged = merge.run()?;
        self.store.apply_merge(merged).map(|()| true)
    }

    fn apply(&mut self, n: u32) {
        let at_ms = i64::from(n);
        let (group, topic): (Arc<str>, Arc<str>) = (GROUP.into(), TOPIC.into());
        self.store.put_finding(finding(n));
        self.store.put_lag(LagRow {
            group: group.clone(),
            topic: topic.clone(),
            partition: 0,
            at_ms,
            committed: Some(at_ms),
            end: at_ms * 2,
            log_start: 0,
            lag_records: None,
            lag_ms: None,
        });
        self.store.put_commit(CommitRow {
            group: group.clone(),
            topic: topic.clone(),
            partition: 0,
            at_ms,
            offset: Some(at_ms),
            member: None,
            client_id: None,
            host: None,
            memberless: false,
        });
        let verdict = "delivered".into();
        self.store.put_balance(BalanceRow {
            group,
            topic: topic.clone(),
            partition: 0,
            at_ms,
            verdict,
            records: at_ms,
        });
        self.store.put_index(IndexRow {
            what: IndexKind::Key,
            hash: hash(n),
            topic,
            partition: 0,
            offset: at_ms,
            at_ms,
        });
        self.store.put_span(span(n));
        self.applied.push(n);
    }

    /// Whether every table holds the rows from `first` to the last mark once, and no other ones that are newer.
    pub(crate) fn check_rows(&self, first: u32) {
        let reader = self.store.reader();
        let all = 0..i64::MAX;
        let expected: Vec<i64> = (first..=self.marked).map(i64::from).collect();
        let from_first = |mut at: Vec<i64>| {
            at.sort_unstable();
            let kept = at.into_iter().filter(|at| *at >= i64::from(first)).collect::<Vec<_>>();
            assert_eq!(kept, expected);
        };
        let rows = reader.findings(all.clone(), usize::MAX).unwrap();
        assert!(rows.iter().all(|row| *row == finding(u32::try_from(row.at_ms).unwrap())));
        from_first(rows.iter().map(|row| row.at_ms).collect());
        let rows = reader.balance(all, &BalanceFilter::default()).unwrap();
        from_first(rows.iter().map(|row| row.records).collect());
        let until = i64::from(self.marked) + 1;
        let points = usize::try_from(until).unwrap();
        from_first(
            reader.lag(GROUP, TOPIC, 0, 0..until, points).unwrap().iter().map(|row| row.at_ms).collect(),
        );
        // Spans that failed are kept longer, and a look-up of each would take long.
        let some = usize::try_from(self.marked / 20).unwrap();
        for n in (1..=self.marked).filter(|n| n.is_multiple_of(7)).step_by(some / 7 + 1) {
            assert!(reader.trace(trace_id(n), 10).unwrap().len() <= 1, "span {n} is doubled");
        }
        for n in [first, first.midpoint(self.marked), self.marked] {
            if (first..=self.marked).contains(&n) {
                check_one(&reader, n);
            }
        }
    }
}

/// Whether a number is found once, and is where the group was.
fn check_one(reader: &Reader, n: u32) {
    let found = reader.find(IndexKind::Key, hash(n), None, 10).unwrap();
    assert_eq!(found.iter().map(|row| row.offset).collect::<Vec<_>>(), [i64::from(n)]);
    assert_eq!(reader.find(IndexKind::Trace, hash(n), None, 10).unwrap(), []);
    let positions = reader.positions_at(GROUP, i64::from(n)).unwrap();
    assert_eq!(positions.iter().map(|row| row.offset).collect::<Vec<_>>(), [Some(i64::from(n))]);
    assert_eq!(reader.finding_history(u64::from(n)).unwrap(), [finding(n)]);
    assert_eq!(reader.trace(trace_id(n), 10).unwrap(), [span(n)]);
}

fn trace_id(n: u32) -> [u8; 16] {
    (u128::from(hash(n)) << 64 | u128::from(n)).to_be_bytes()
}

/// Every seventh failed, so its trace is marked.
fn span(n: u32) -> SpanRow {
    SpanRow {
        trace_id: trace_id(n),
        start_nanos: i64::from(n) * 1_000_000 + 5,
        span_id: hash(n).to_be_bytes(),
        parent_id: n.is_multiple_of(2).then(|| hash(n + 1).to_be_bytes()),
        duration_nanos: i64::from(n),
        received_ms: None,
        service: "orders".into(),
        name: "process orders".into(),
        kind: SpanKind::Consumer,
        status: if n.is_multiple_of(7) { SpanStatus::Error } else { SpanStatus::Unset },
        did: Some("process".into()),
        topic: Some(TOPIC.into()),
        partition: Some(0),
        offset: Some(i64::from(n)),
        group: n.is_multiple_of(3).then(|| GROUP.into()),
        resource: b"resource".as_slice().into(),
        scope: b"scope".as_slice().into(),
        rest: n.to_be_bytes().to_vec().into(),
    }
}

/// A fact's bytes: some are longer than a block of the log.
fn fact(n: u32) -> Vec<u8> {
    let mut bytes = n.to_le_bytes().to_vec();
    let len = if n.is_multiple_of(97) { 300_000 } else { 20 };
    bytes.extend((0..len).map(|i| (hash(n.wrapping_add(i / 8)) >> (i % 8 * 8)).to_le_bytes()[0]));
    bytes
}

fn finding(n: u32) -> FindingRow {
    FindingRow {
        id: u64::from(n),
        at_ms: i64::from(n),
        group: n.is_multiple_of(2).then(|| GROUP.into()),
        topic: TOPIC.into(),
        partition: 0,
        from: 0,
        to: i64::from(n),
        records: i64::from(n),
        at_most: n.is_multiple_of(3),
        verdict: "expired".into(),
        certainty: "strong".into(),
        cause: Some("retention_time".into()),
        cause_certainty: None,
        shown_as: "loss".into(),
        recoverable: false,
        withdrawn: n.is_multiple_of(5),
        json: format!("{{\"n\":{n}}}"),
    }
}

pub(crate) fn hash(n: u32) -> u64 {
    (u64::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}
