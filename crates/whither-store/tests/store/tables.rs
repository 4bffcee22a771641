//! Queries against a list of the same rows, over segments that were merged, others, and rows in memory.

use crate::app::keeping;
use std::collections::BTreeMap;
use std::sync::Arc;
use whither_store::disk::SimulatedDisk;
use whither_store::{
    BalanceFilter, BalanceRow, CommitRow, IndexKind, IndexRow, LagRow, Options, Retention, Store,
};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % limit
    }

    /// Names that are longer than what statistics keep of them, and differ at the end.
    fn name(&mut self, of: &str) -> Arc<str> {
        format!("{of}-{}-{}", "x".repeat(80), self.below(7)).into()
    }
}

#[derive(Default)]
struct Rows {
    lag: Vec<LagRow>,
    commits: Vec<CommitRow>,
    balance: Vec<BalanceRow>,
    index: Vec<IndexRow>,
}

fn store() -> Store {
    let options = Options { retention: keeping(i64::MAX), ..Options::default() };
    Store::open_on(Arc::new(SimulatedDisk::new(1)), options).unwrap().store
}

/// Rounds of random rows; a checkpoint after each but the last, merges in between.
fn filled(random: &mut Random, store: &mut Store) -> Rows {
    let mut rows = Rows::default();
    for round in 0..20_i64 {
        for _ in 0..400 {
            let at_ms = round * 1000 + random.below(1500);
            let (group, topic) = (random.name("group"), random.name("topic"));
            let partition = i32::try_from(random.below(3)).unwrap();
            let (end, committed) = (random.below(1000), Some(random.below(1000)).filter(|n| n % 5 != 0));
            rows.lag.push(LagRow {
                group: group.clone(),
                topic: topic.clone(),
                partition,
                at_ms,
                committed,
                end,
                log_start: 0,
                lag_records: committed.map(|_| random.below(1 << 40)),
                lag_ms: None,
            });
            store.put_lag(rows.lag.last().unwrap().clone());
            rows.commits.push(CommitRow {
                group: group.clone(),
                topic: topic.clone(),
                partition,
                at_ms,
                offset: committed,
                member: committed.map(|n| n.to_string().into()),
                client_id: None,
                host: Some("/10.0.0.1".into()),
                memberless: end % 2 == 0,
            });
            store.put_commit(rows.commits.last().unwrap().clone());
            let verdict = random.name("verdict");
            let topic_again = topic.clone();
            rows.balance.push(BalanceRow {
                group,
                topic: topic_again,
                partition,
                at_ms,
                verdict,
                records: end,
            });
            store.put_balance(rows.balance.last().unwrap().clone());
            let what =
                [IndexKind::Key, IndexKind::Trace, IndexKind::Header][usize::try_from(end % 3).unwrap()];
            // Some hashes are many, some at the ends of what a number can be.
            let hash = [u64::MAX, 0, 1 << 63, random.0][usize::try_from(random.below(4)).unwrap()];
            rows.index.push(IndexRow { what, hash, topic, partition, offset: end, at_ms });
            store.put_index(rows.index.last().unwrap().clone());
        }
        store.mark(b"").unwrap();
        if round < 19 {
            store.begin_checkpoint().unwrap().finish(0).unwrap();
            while let Some(merge) = store.merge_due() {
                store.apply_merge(merge.run().unwrap()).unwrap();
            }
        }
    }
    rows
}

#[test]
fn answers_are_those_of_a_list_of_all_rows() {
    let mut random = Random(7);
    let mut store = store();
    let rows = filled(&mut random, &mut store);
    assert!(store.sizes().segments < 4 * 12, "{} segments: nothing was merged", store.sizes().segments);
    let first = rows.lag.iter().map(|r| r.at_ms).chain(rows.commits.iter().map(|r| r.at_ms)).min();
    assert_eq!(store.oldest_ms(), first);
    let reader = store.reader();
    for _ in 0..40 {
        let (group, topic) = (random.name("group"), random.name("topic"));
        let partition = i32::try_from(random.below(3)).unwrap();
        let from = random.below(20_000);
        let during = from..from + random.below(10_000);

        let mut expected: Vec<&LagRow> = rows
            .lag
            .iter()
            .filter(|r| r.group == group && r.topic == topic && r.partition == partition)
            .filter(|r| during.contains(&r.at_ms))
            .collect();
        expected.sort_by_key(|r| r.at_ms);
        expected.dedup_by_key(|r| r.at_ms);
        let width = usize::try_from(during.end - during.start).unwrap();
        let found = reader.lag(&group, &topic, partition, during.clone(), width).unwrap();
        assert_eq!(
            found.iter().map(|r| r.at_ms).collect::<Vec<_>>(),
            expected.iter().map(|r| r.at_ms).collect::<Vec<_>>()
        );
        let thinned = reader.lag(&group, &topic, partition, during.clone(), 5).unwrap();
        assert!(thinned.len() <= 5);
        let peak = |rows: &[&LagRow]| rows.iter().filter_map(|r| r.lag_records).max();
        assert_eq!(peak(&thinned.iter().collect::<Vec<_>>()).is_some(), peak(&expected).is_some());

        let mut positions: BTreeMap<(Arc<str>, i32), &CommitRow> = BTreeMap::new();
        for row in rows.commits.iter().filter(|row| row.group == group && row.at_ms <= from) {
            let place = (row.topic.clone(), row.partition);
            if positions.get(&place).is_none_or(|known| known.at_ms <= row.at_ms) {
                positions.insert(place, row);
            }
        }
        let found = reader.positions_at(&group, from).unwrap();
        let at = |row: &CommitRow| (row.topic.clone(), row.partition, row.at_ms);
        assert_eq!(
            found.iter().map(at).collect::<Vec<_>>(),
            positions.into_values().map(at).collect::<Vec<_>>()
        );

        let filter = BalanceFilter { group: Some(&group), topic: None, partition: Some(partition) };
        let wanted =
            |r: &&BalanceRow| r.group == group && r.partition == partition && during.contains(&r.at_ms);
        let mut expected: Vec<BalanceRow> = rows.balance.iter().filter(wanted).cloned().collect();
        let mut found = reader.balance(during, &filter).unwrap();
        for rows in [&mut expected, &mut found] {
            rows.sort_by_key(|r| (r.topic.clone(), r.at_ms, r.verdict.clone(), r.records));
        }
        assert_eq!(found, expected);
    }
}

#[test]
fn messages_are_found_by_every_hash_and_kind() {
    let mut random = Random(8);
    let mut store = store();
    let rows = filled(&mut random, &mut store);
    let reader = store.reader();
    let place = |row: &IndexRow| (row.at_ms, row.topic.clone(), row.partition, row.offset);
    for row in rows.index.iter().step_by(97) {
        for what in [IndexKind::Key, IndexKind::Trace, IndexKind::Header] {
            let same = |r: &&IndexRow| r.what == what && r.hash == row.hash;
            let mut expected: Vec<_> = rows.index.iter().filter(same).map(place).collect();
            let mut found: Vec<_> =
                reader.find(what, row.hash, None, usize::MAX).unwrap().iter().map(place).collect();
            assert!(found.is_sorted_by_key(|found| std::cmp::Reverse(found.0)), "newest first");
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected);
        }
    }
    assert_eq!(reader.find(IndexKind::Key, 12_345, None, 9).unwrap(), []);
    let row = rows.index.last().unwrap();
    let of_topic = reader.find(row.what, row.hash, Some(&row.topic), 3).unwrap();
    assert!(of_topic.len() == 3 && of_topic.iter().all(|found| found.topic == row.topic), "{of_topic:?}");
}

#[test]
fn retention_deletes_whole_segments_and_keeps_the_summary_longer() {
    let retention = Retention { keep_summary_ms: 12_000, ..keeping(5_000) };
    let options = Options { retention, ..Options::default() };
    let disk = SimulatedDisk::new(1);
    let mut store = Store::open_on(Arc::new(disk.clone()), options).unwrap().store;
    for at_ms in (0..20_000).step_by(1000) {
        let (group, topic): (Arc<str>, Arc<str>) = ("g".into(), "t".into());
        let verdict = "delivered".into();
        store.put_balance(BalanceRow {
            group,
            topic: topic.clone(),
            partition: 0,
            at_ms,
            verdict,
            records: 1,
        });
        store.put_index(IndexRow {
            what: IndexKind::Key,
            hash: 1,
            topic,
            partition: 0,
            offset: at_ms,
            at_ms,
        });
        store.mark(b"").unwrap();
        store.begin_checkpoint().unwrap().finish(at_ms).unwrap();
    }
    let reader = store.reader();
    assert_eq!(reader.index_forgot_ms(), None);
    let used = disk.used();
    let retained = store.retain(20_000).unwrap();
    assert_eq!(retained.segments, 15 + 8);
    assert_eq!(used - disk.used(), retained.bytes, "the files are gone");
    assert_eq!(reader.find(IndexKind::Key, 1, None, 100).unwrap().last().unwrap().at_ms, 15_000);
    assert_eq!(reader.balance(0..i64::MAX, &BalanceFilter::default()).unwrap().first().unwrap().at_ms, 8_000);
    assert_eq!(reader.index_forgot_ms(), Some(14_000));
    drop(store);
    // By size: the oldest go, the summary stays.
    let retention = Retention { keep_bytes: 1, ..keeping(i64::MAX) };
    let options = Options { retention, ..Options::default() };
    let mut store = Store::open_on(Arc::new(disk), options).unwrap().store;
    assert_eq!(store.reader().index_forgot_ms(), Some(14_000), "it is remembered");
    assert_eq!(store.retain(20_000).unwrap().segments, 5);
    assert_eq!(store.reader().index_forgot_ms(), Some(19_000));
    assert_eq!(store.reader().balance(0..i64::MAX, &BalanceFilter::default()).unwrap().len(), 12);
}

#[test]
fn the_index_is_kept_small_before_anything_else_is() {
    let retention = Retention { keep_index_bytes: 20_000, ..keeping(i64::MAX) };
    let options = Options { retention, ..Options::default() };
    let mut store = Store::open_on(Arc::new(SimulatedDisk::new(1)), options).unwrap().store;
    let (group, topic): (Arc<str>, Arc<str>) = ("g".into(), "t".into());
    for at_ms in 0..10 {
        store.put_commit(CommitRow {
            group: group.clone(),
            topic: topic.clone(),
            partition: 0,
            at_ms,
            offset: None,
            member: None,
            client_id: None,
            host: None,
            memberless: true,
        });
        let mut random = Random(at_ms.unsigned_abs());
        for offset in 0..1_000 {
            random.below(1);
            let (what, hash) = (IndexKind::Key, random.0);
            store.put_index(IndexRow { what, hash, topic: topic.clone(), partition: 0, offset, at_ms });
        }
        store.mark(b"").unwrap();
        store.begin_checkpoint().unwrap().finish(at_ms).unwrap();
    }
    let (before, retained) = (store.sizes(), store.retain(10).unwrap());
    assert!((1..10).contains(&retained.segments), "{retained:?} of {before:?}");
    assert_eq!(store.reader().latest_commits("g", 99).unwrap().len(), 10, "no commit went");
    let forgot = store.reader().index_forgot_ms().unwrap();
    assert_eq!(usize::try_from(forgot).unwrap() + 1, retained.segments, "the oldest went");
}
