//! What compaction took above the groups' positions (R3): only where it is asked for, for it reads again what was
//! read.

use std::collections::BTreeMap;

use whither_core::fact::Opened;
use whither_core::{Fact, Key, Offset, Partition};
use whither_kafka::batch::Batches;
use whither_kafka::fetch::{Event, Fetcher, Options, Span};

use super::batches::opened;
use super::look::{Look, of, partition};
use super::plan;

impl Look {
    /// Reads compacted topics once more, from the lowest position to where reading is, and tells which records
    /// are left.
    pub(super) async fn look_for_superseded(&mut self) {
        let mut next: BTreeMap<Partition, Offset> = BTreeMap::new();
        let mut spans = Vec::new();
        for p in self.partitions().into_iter().filter(|p| self.compacted.contains(&p.topic)) {
            let read_to = self.data_next.get(&p).map(|read| read.next);
            let (Some(edges), Some(position), Some(to)) =
                (self.edges_of(&p), self.positions.get(&p).and_then(plan::lowest_position), read_to)
            else {
                continue;
            };
            let from = position.max(edges.log_start);
            if from < to {
                spans.push(Span { partition: of(&p), from, to: Some(to) });
                next.insert(p, from);
            }
        }
        if spans.is_empty() {
            return;
        }
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = fetcher.next().await {
            for one in fetched {
                let p = partition(&one.partition);
                let Some(next) = next.get_mut(&p) else { continue };
                match one.event {
                    Event::Records { records, .. } => {
                        let Some(left) = self.left_of(*next, &records) else { continue };
                        *next = left.to;
                        self.apply(&Key::log(&self.id.clone(), &p), &[Fact::Opened(left)]);
                    }
                    // What retention took is not what compaction took.
                    Event::Gone { to, .. } => *next = to,
                    Event::Failed(_) | Event::Truncated { .. } | Event::Done => {}
                }
            }
        }
    }

    /// Which records whole batches hold from an offset on; none if one of them can't be read.
    fn left_of(&mut self, from: Offset, records: &[u8]) -> Option<Opened> {
        let mut left = Opened { from, to: from, present: Vec::new() };
        for batch in Batches::new(records) {
            let batch = batch.ok()?;
            left.to = left.to.max(batch.header().end_offset());
            if !batch.header().attributes.is_control() {
                left.present.extend(opened(&batch, &mut self.scratch).ok()?.present);
            }
        }
        left.present.retain_mut(|(a, b)| {
            *a = (*a).max(from);
            a < b
        });
        (left.from < left.to).then_some(left)
    }
}
