//! Looks at single records and batches again, where the core asks for it.

use std::collections::BTreeMap;

use whither_core::engine::{Need, ReadDeeper};
use whither_core::fact::Record;
use whither_core::{Fact, Key, Offset, Partition, Time};
use whither_kafka::batch::{Batches, key_hash};
use whither_kafka::fetch::{Event, Fetcher, Options, Span};

use super::batches::opened;
use super::look::{Look, of, partition};

/// Looks answered in one round: each is a fetch of its own.
const AT_ONCE: usize = 2_000;

impl Look {
    /// Answers what the core wants to know better, as far as the log still holds it.
    pub(super) async fn look_deeper(&mut self) {
        let mut wanted = std::mem::take(&mut self.run.said_mut().wanted);
        let mut left = AT_ONCE;
        while left > 0 && !wanted.is_empty() {
            // One span a partition at a time: a fetch asks for a partition once.
            let firsts = wanted.iter_mut().filter_map(|(p, wants)| Some((p.clone(), wants.pop_front()?)));
            let round: BTreeMap<Partition, ReadDeeper> = firsts.take(left).collect();
            left -= round.len();
            wanted.retain(|_, wants| !wants.is_empty());
            self.answer(round).await;
        }
    }

    async fn answer(&mut self, round: BTreeMap<Partition, ReadDeeper>) {
        let mut spans = Vec::new();
        for (p, want) in &round {
            let held = self.edges_of(p).is_some_and(|e| e.log_start <= want.from && want.from < e.end);
            if held {
                spans.push(Span { partition: of(p), from: want.from, to: Some(want.to) });
            } else if want.need == Need::Record && self.edges_of(p).is_some_and(|e| e.end <= want.from) {
                self.tell_record(p, absent(want.from));
            }
        }
        if spans.is_empty() {
            return;
        }
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = fetcher.next().await {
            for one in fetched {
                let p = partition(&one.partition);
                let (Some(want), Event::Records { records, .. }) = (round.get(&p), one.event) else {
                    continue;
                };
                match want.need {
                    Need::Offsets => self.tell_offsets(&p, want, &records),
                    Need::Record => self.tell_one(&p, want.from, &records),
                }
            }
        }
    }

    fn tell_offsets(&mut self, p: &Partition, want: &ReadDeeper, records: &[u8]) {
        let mut facts = Vec::new();
        for batch in Batches::new(records).flatten() {
            let header = *batch.header();
            if header.base_offset < want.to
                && want.from < header.end_offset()
                && !header.attributes.is_control()
                && let Ok(mut opened) = opened(&batch, &mut self.scratch)
            {
                clip(&mut opened, want.from);
                facts.push(Fact::Opened(opened));
            }
        }
        self.apply(&Key::log(&self.id.clone(), p), &facts);
    }

    fn tell_one(&mut self, p: &Partition, offset: Offset, records: &[u8]) {
        let holds = |b: &whither_kafka::batch::Batch<'_>| {
            b.header().base_offset <= offset && offset < b.header().end_offset()
        };
        let Some(batch) = Batches::new(records).flatten().find(holds) else { return };
        let mut found = absent(offset);
        if !batch.header().attributes.is_control()
            && let Ok(walk) = batch.records(&mut self.scratch)
        {
            for record in walk.flatten().filter(|r| r.offset == offset) {
                found = Record {
                    offset,
                    exists: true,
                    at: Time(record.timestamp_ms),
                    key_hash: record.key.map(key_hash),
                };
            }
        }
        self.tell_record(p, found);
    }

    fn tell_record(&mut self, p: &Partition, record: Record) {
        self.apply(&Key::ledger(&self.id.clone(), p), &[Fact::Record(record)]);
    }
}

const fn absent(offset: Offset) -> Record {
    Record { offset, exists: false, at: Time(0), key_hash: None }
}

/// A batch that the log start cuts is told of from there on.
fn clip(opened: &mut whither_core::fact::Opened, from: Offset) {
    if opened.from < from {
        opened.from = from;
        opened.present.retain_mut(|(a, b)| {
            *a = (*a).max(from);
            a < b
        });
    }
}
