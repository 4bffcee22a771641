//! Spans against a list of all of them: traces, and marked ones that outlive the others.

use crate::app::{keeping, with};
use std::collections::BTreeMap;
use std::sync::Arc;
use whither_store::disk::SimulatedDisk;
use whither_store::{Retention, SpanKind, SpanRow, SpanSearch, SpanStatus, Store, StoreError};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.below(3) > 0).then_some(value)
    }

    fn word(&mut self, of: &str) -> Arc<str> {
        format!("{of}-{}", self.below(7)).into()
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.below(256).to_le_bytes()[0]).collect()
    }

    fn trace_id(&mut self) -> [u8; 16] {
        match self.below(200) {
            0 => [0xff; 16],
            1 => 1_u128.to_be_bytes(),
            n => u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes(),
        }
    }

    fn span(&mut self, at_ms: i64) -> SpanRow {
        let nanos = self.one(&[0, 999_999, 1]);
        let absurd = self.below(20) == 0;
        SpanRow {
            trace_id: self.trace_id(),
            start_nanos: if absurd { self.one(&[0, i64::MIN, i64::MAX]) } else { at_ms * 1_000_000 + nanos },
            span_id: self.below(u64::MAX).to_be_bytes(),
            parent_id: Some(self.below(9).to_be_bytes()).filter(|_| nanos != 1),
            duration_nanos: self.one(&[0, -5, i64::MAX, i64::MIN, 1_234_567]),
            received_ms: absurd.then_some(at_ms),
            service: self.word("service"),
            name: self.word("operation"),
            kind: self.one(&[
                SpanKind::Unspecified,
                SpanKind::Server,
                SpanKind::Producer,
                SpanKind::Consumer,
            ]),
            status: self.one(&[SpanStatus::Unset, SpanStatus::Ok]),
            did: self.maybe("process".into()),
            topic: Some(self.word("topic")).filter(|_| nanos > 0),
            partition: self.maybe(i32::MAX),
            offset: self.one(&[None, Some(0), Some(i64::MAX), Some(42)]),
            group: self.maybe("billing".into()),
            resource: self.one(&[b"a".as_slice(), b"", &[0xff; 300]]).into(),
            scope: self.bytes(3).into(),
            rest: self.bytes(40).into(),
        }
    }
}

fn store(retention: Retention) -> (Store, SimulatedDisk) {
    let disk = SimulatedDisk::new(1);
    (Store::open_on(Arc::new(disk.clone()), with(retention)).unwrap().store, disk)
}

fn checkpoint(store: &mut Store) {
    store.mark(b"").unwrap();
    store.begin_checkpoint().unwrap().finish(0).unwrap();
}

fn merge_all(store: &mut Store) -> usize {
    let mut merged = 0;
    while let Some(merge) = store.merge_due() {
        store.apply_merge(merge.run().unwrap()).unwrap();
        merged += 1;
    }
    merged
}

/// Rounds of random spans; a checkpoint after each but the last.
pub(crate) fn filled(store: &mut Store, seed: u64) -> Vec<SpanRow> {
    let mut random = Random(seed);
    let mut rows = Vec::new();
    let mut merged = 0;
    for round in 0..20 {
        for _ in 0..300 {
            let later = i64::try_from(random.below(1500)).unwrap();
            let row = random.span(round * 1000 + later);
            store.put_span(row.clone());
            rows.push(row);
        }
        store.mark(b"").unwrap();
        if round < 19 {
            checkpoint(store);
            merged += merge_all(store);
        }
    }
    assert!(merged > 0);
    rows
}

fn sorted(mut rows: Vec<SpanRow>) -> Vec<SpanRow> {
    rows.sort_by_key(|row| (row.start_nanos, row.span_id));
    rows
}

#[test]
fn a_trace_is_all_spans_of_its_id() {
    let (mut store, _) = store(keeping(i64::MAX));
    let mut of_trace: BTreeMap<[u8; 16], Vec<SpanRow>> = BTreeMap::new();
    for row in filled(&mut store, 3) {
        of_trace.entry(row.trace_id).or_default().push(row);
    }
    assert!(of_trace.len() > 150);
    let reader = store.reader();
    for (trace_id, expected) in of_trace {
        let found = reader.trace(trace_id, usize::MAX).unwrap();
        assert!(found.is_sorted_by_key(|row| row.start_nanos));
        assert_eq!(sorted(found), sorted(expected));
        assert_eq!(reader.trace(trace_id, 3).unwrap().len(), 3);
    }
    assert_eq!(reader.trace([0x11; 16], usize::MAX).unwrap(), []);
}

/// A span of trace `n` at `n` seconds and one a second later: in the next segment.
fn pairs(store: &mut Store) {
    let mut random = Random(9);
    for n in 0..20_u8 {
        for (of, status) in [(n, SpanStatus::Unset), (n.wrapping_sub(1), SpanStatus::Ok)] {
            let failed = n == 4 && of == 4;
            let status = if failed { SpanStatus::Error } else { status };
            let (received_ms, start_nanos) = (None, i64::from(n) * 1_000_000_000);
            store.put_span(SpanRow {
                trace_id: [of; 16],
                status,
                received_ms,
                start_nanos,
                ..random.span(0)
            });
        }
        if n == 8 {
            store.keep_trace([2; 16], 8_000);
        }
        checkpoint(store);
    }
}

fn retain(store: &mut Store, now_ms: i64) {
    store.retain(now_ms).unwrap();
    merge_all(store);
}

#[test]
fn marked_traces_outlive_others() {
    let (mut store, disk) = store(Retention { keep_kept_ms: 50_000, ..keeping(5_000) });
    pairs(&mut store);
    retain(&mut store, 20_000);
    let reader = store.reader();
    let spans = |n: u8| reader.trace([n; 16], 9).unwrap().len();
    assert_eq!([2, 4].map(spans), [2, 2], "one was marked, one failed: what lies in two segments is whole");
    assert_eq!([0, 1, 3, 5, 13].map(spans), [0; 5]);
    assert_eq!([15, 18].map(spans), [2, 2], "their time has not come");
    drop(store);
    let store = Store::open_on(Arc::new(disk), with(Retention { keep_kept_ms: 50_000, ..keeping(5_000) }));
    let mut store = store.unwrap().store;
    let reader = store.reader();
    assert_eq!(reader.trace([4; 16], 9).unwrap().len(), 2, "it is remembered");
    retain(&mut store, 1_000_000);
    assert_eq!(reader.trace([4; 16], 9).unwrap().len(), 0, "their time comes too");
    assert_eq!(store.sizes().segments, 0);
}

#[test]
fn what_is_kept_longer_has_a_budget_of_its_own() {
    let (mut store, _) = store(Retention { keep_kept_ms: 50_000, keep_kept_bytes: 4_000, ..keeping(5_000) });
    pairs(&mut store);
    retain(&mut store, 20_000);
    let reader = store.reader();
    assert_eq!(reader.trace([4; 16], 9).unwrap().len(), 2);
    retain(&mut store, 20_000);
    assert_eq!(reader.trace([4; 16], 9).unwrap().len(), 0);
    assert_eq!(reader.trace([15; 16], 9).unwrap().len(), 2, "others do not suffer");
}

#[test]
fn without_room_for_marked_traces_retention_goes_on() {
    let (mut store, disk) = store(Retention { keep_kept_ms: 50_000, ..keeping(5_000) });
    pairs(&mut store);
    disk.set_capacity(disk.used());
    assert_eq!(store.retain(20_000).unwrap().segments, 0);
    let merge = store.merge_due().unwrap();
    assert!(matches!(merge.run(), Err(StoreError::Full { .. })));
    let used = disk.used();
    assert!(store.retain(20_000).unwrap().segments > 0, "they are not kept for ever");
    assert!(disk.used() < used);
}

#[test]
fn a_search_finds_the_newest_traces() {
    let (mut store, _) = store(keeping(i64::MAX));
    let rows = filled(&mut store, 4);
    let reader = store.reader();
    let mut random = Random(5);
    for n in 0..60 {
        let from = i64::try_from(random.below(20_000)).unwrap();
        let until = from + i64::try_from(random.below(9_000)).unwrap();
        let service = random.word("service");
        let operation = random.word("operation");
        let search = SpanSearch {
            service: Some(service).filter(|_| n % 2 == 0),
            operation: Some(operation).filter(|_| n % 3 == 0),
            shortest_nanos: random.one(&[i64::MIN, 0, 1]),
            longest_nanos: random.one(&[i64::MAX, 2_000_000]),
            failed: n % 20 == 0,
            ..SpanSearch::during(from..until)
        };
        let billing = |row: &SpanRow| row.group.as_deref() == Some("billing");
        let wanted: Option<&dyn Fn(&SpanRow) -> bool> = if n % 4 == 0 { Some(&billing) } else { None };
        let mut expected: BTreeMap<[u8; 16], i64> = BTreeMap::new();
        for row in rows.iter().filter(|row| {
            search.during.contains(&row.at_ms())
                && search.service.as_ref().is_none_or(|service| row.service == *service)
                && search.operation.as_ref().is_none_or(|operation| row.name == *operation)
                && (search.shortest_nanos..=search.longest_nanos).contains(&row.duration_nanos)
                && (!search.failed || row.status == SpanStatus::Error)
                && wanted.is_none_or(|wanted| wanted(row))
        }) {
            let at = expected.entry(row.trace_id).or_insert(i64::MIN);
            *at = row.at_ms().max(*at);
        }
        let mut expected: Vec<_> = expected.into_iter().collect();
        expected.sort_by_key(|(trace_id, at_ms)| std::cmp::Reverse((*at_ms, *trace_id)));
        for limit in [usize::MAX, 5, 1] {
            expected.truncate(limit);
            let found = reader.search(&search, wanted, limit).unwrap();
            assert_eq!((found.traces, found.unseen_before_ms), (expected.clone(), None));
        }
    }
}

#[test]
fn services_that_call_others_are_counted() {
    let (mut store, _) = store(keeping(i64::MAX));
    let mut random = Random(6);
    let mut expected: BTreeMap<(Arc<str>, Arc<str>), u64> = BTreeMap::new();
    for round in 0..20_u64 {
        for trace in 0..30_u64 {
            let trace_id = u128::from(round.saturating_sub(random.below(2)) * 100 + trace + 1).to_be_bytes();
            let at_ms = i64::try_from(round * 1_000).unwrap();
            let services: Vec<Arc<str>> = (0..4).map(|_| random.word("service")).collect();
            let first = random.below(u64::MAX - 10);
            for (n, service) in services.iter().enumerate() {
                let id = |n: usize| (first + n as u64).to_be_bytes();
                let parent_id = n.checked_sub(1).map(id);
                let (start_nanos, received_ms) = (at_ms * 1_000_000, None);
                let row = SpanRow {
                    service: service.clone(),
                    parent_id,
                    span_id: id(n),
                    trace_id,
                    ..random.span(0)
                };
                store.put_span(SpanRow { start_nanos, received_ms, ..row });
                if n > 0 && services[n - 1] != *service && (5_000..15_000).contains(&at_ms) {
                    *expected.entry((services[n - 1].clone(), service.clone())).or_default() += 1;
                }
            }
        }
        store.mark(b"").unwrap();
        if round < 19 {
            checkpoint(&mut store);
            merge_all(&mut store);
        }
    }
    let pairs = store.reader().service_pairs(5_000..15_000).unwrap();
    assert_eq!((pairs.calls, pairs.unseen_before_ms), (expected, None));
    assert!(store.reader().service_pairs(90_000..95_000).unwrap().calls.is_empty());
}

#[test]
fn parent_and_child_meet_wherever_they_lie() {
    let (mut store, _) = store(keeping(i64::MAX));
    let mut random = Random(7);
    for (service, span_id, parent_id) in
        [("billing", [2; 8], Some([1; 8])), ("orders", [1; 8], None), ("mail", [3; 8], Some([2; 8]))]
    {
        let (service, received_ms) = (service.into(), None);
        let start_nanos = 1_000_000_000;
        let row = SpanRow { service, span_id, parent_id, trace_id: [7; 16], ..random.span(0) };
        store.put_span(SpanRow { start_nanos, received_ms, ..row });
        checkpoint(&mut store);
    }
    let calls = store.reader().service_pairs(0..i64::MAX).unwrap().calls;
    let names: Vec<_> = calls.iter().map(|((from, to), n)| (&**from, &**to, *n)).collect();
    assert_eq!(names, [("billing", "mail", 1), ("orders", "billing", 1)]);
}
