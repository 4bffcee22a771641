//! Requests on a disk that crashes at seeded points, against the one line that must hold: what was acknowledged is there
//! once, what was not is there wholly or not at all.

use bytes::Bytes;
use whither_store::disk::SimulatedDisk;

use super::sent::{Sent, request, span};
use super::{NotTaken, SpanLog, SpanOptions};
use std::sync::Arc;

/// A checkpoint after some requests each.
const OPTIONS_BYTES: usize = 6_000;
const SEEDS: u64 = 40;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn trace_id(n: u64) -> [u8; 16] {
    (u128::from(n + 1) | 1 << 127).to_be_bytes()
}

/// Request `n`: as many spans as its number says.
fn body(n: u64) -> Bytes {
    let spans: Vec<Sent> =
        (0..spans(n)).map(|id| Sent { trace_id: trace_id(n).into(), ..span(1, id as u64 + 1) }).collect();
    request(&format!("service-{}", n % 3), &spans)
}

const fn spans(n: u64) -> usize {
    1 + (n % 5) as usize
}

#[derive(Default)]
struct Told {
    next: u64,
    acknowledged: Vec<u64>,
    unsure: Vec<u64>,
}

impl Told {
    fn check(&self, log: &SpanLog, seed: u64) {
        let traces = log.reader();
        let found = |n: u64| traces.trace(trace_id(n), 99).unwrap().len();
        for &n in &self.acknowledged {
            assert_eq!(found(n), spans(n), "seed {seed}: request {n} was acknowledged");
        }
        for &n in &self.unsure {
            assert!([0, spans(n)].contains(&found(n)), "seed {seed}: a part of request {n}");
        }
    }

    /// Sends until the disk fails; a few at a time, as senders do.
    async fn send(&mut self, log: &SpanLog, random: &mut Random) {
        for _ in 0..random.below(60) {
            let first = self.next;
            self.next += 3;
            let sent = [first, first + 1, first + 2].map(|n| log.take(body(n)));
            let [a, b, c] = sent;
            let answers: [_; 3] = tokio::join!(a, b, c).into();
            let mut failed = false;
            for (n, answer) in (first..).zip(answers) {
                match answer {
                    Ok(taken) => {
                        assert_eq!(taken.accepted, spans(n) as u64);
                        self.acknowledged.push(n);
                    }
                    Err(NotTaken::Stopped) => {
                        self.unsure.push(n);
                        failed = true;
                    }
                    Err(NotTaken::Full(_) | NotTaken::Busy { .. }) => self.unsure.push(n),
                    Err(other) => panic!("{other}"),
                }
            }
            if failed {
                return;
            }
        }
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_nothing_is_doubled() {
    let mut crashes = 0;
    for seed in 0..SEEDS {
        let disk = SimulatedDisk::new(seed);
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x77);
        let mut told = Told::default();
        for _ in 0..8 {
            // An opening may be cut short as well.
            let cut_short = random.below(4) == 0;
            if cut_short {
                disk.crash_after(random.below(40));
            }
            let options = SpanOptions { buffered_bytes: OPTIONS_BYTES, ..SpanOptions::default() };
            match SpanLog::open_on(Arc::new(disk.clone()), options) {
                Ok(log) => {
                    if !cut_short {
                        told.check(&log, seed);
                        disk.crash_after(random.below(150));
                    }
                    told.send(&log, &mut random).await;
                    log.stop();
                }
                Err(error) => assert!(disk.has_crashed(), "seed {seed}: {error}"),
            }
            crashes += u64::from(disk.has_crashed());
            disk.restart();
        }
        let log = SpanLog::open_on(Arc::new(disk.clone()), SpanOptions::default()).unwrap();
        told.check(&log, seed);
        log.stop();
    }
    assert!(crashes > SEEDS, "only {crashes} crashes: the test has lost its teeth");
}
