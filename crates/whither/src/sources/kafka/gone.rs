//! What tells why records went that a group had not read (R2), asked when they did: how their topic is configured now,
//! and whether the log starts inside a batch that was read before. Retention removes whole segments, so DeleteRecords
//! put it there.

use whither_core::fact::Batch;
use whither_core::{Fact, Key, Offset, Partition};
use whither_kafka::batch::Batches;
use whither_kafka::fetch::{Event, Fetcher, Options, Span};

use super::batches::fact_of;
use super::look::{Look, of, partition};
use super::plan;

/// One batch is wanted of each partition.
const LITTLE: i32 = 16 << 10;

impl Look {
    /// Looks at the log starts, as they were told, that stand above a group's position and did not when last looked at.
    pub(super) async fn look_at_what_went(&mut self) {
        let mut news: Vec<(Partition, Offset)> = Vec::new();
        for p in std::mem::take(&mut self.told.crossed) {
            let position = self.positions.get(&p).and_then(plan::lowest_position);
            let start = self.told.edges.0.get(&p).map(|edges| edges.log_start);
            if let Some(start) = start.filter(|start| position.is_some_and(|position| position < *start))
                && self.told.overtaken.is_news(&p, start)
            {
                news.push((p, start));
            }
        }
        if news.is_empty() {
            return;
        }
        self.describe(news.iter().map(|(p, _)| p.clone()).collect()).await;
        self.look_for_cuts(&news).await;
        // Whether members may hold what went decides what can be proved.
        self.heads.groups_changed = true;
    }

    /// Nothing is kept of where batches begin: those that were read are asked for once more.
    async fn look_for_cuts(&mut self, starts: &[(Partition, Offset)]) {
        let was_read = |(p, start): &&(Partition, Offset)| {
            let read = self.run.was_read(&Key::log(&self.id, p));
            read.iter().any(|(from, next)| from < start && start < next)
        };
        let span = |(p, start): &(Partition, Offset)| Span {
            partition: of(p),
            from: *start,
            to: Some(start.saturating_add(1)),
        };
        let spans: Vec<Span> = starts.iter().filter(was_read).map(span).collect();
        if spans.is_empty() {
            return;
        }
        let options = Options { partition_max_bytes: LITTLE, ..Options::default() };
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, options);
        while let Some(fetched) = self.next_of(&mut fetcher).await {
            for one in fetched {
                // What can't be asked is left open: why it went is then told less surely.
                let Event::Records { from, records, .. } = one.event else { continue };
                if let Some(Ok(batch)) = Batches::new(&records).next()
                    && batch.header().base_offset < from
                {
                    let key = Key::log(&self.id.clone(), &partition(&one.partition));
                    // Its records were counted when it was read.
                    self.apply(&key, &[Fact::Batch(Batch { count: 0, ..fact_of(batch.header()) })]);
                }
            }
        }
    }
}
