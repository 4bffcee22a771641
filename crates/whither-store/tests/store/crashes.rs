//! Random work on a simulated disk that crashes, fails to sync and fills up, against the one line that must hold.

use crate::app::{App, keeping, with};
use crate::asked;
use std::sync::Arc;
use whither_store::disk::SimulatedDisk;
use whither_store::{OpenError, Options, StoreError};

/// Keeps 150 "milliseconds", which are numbers.
const OPTIONS: Options = with(keeping(150));
const KEEP: u32 = 150;

/// How many seeds: `WHITHER_STORE_SEEDS`, few unless asked.
fn seeds() -> u64 {
    asked("WHITHER_STORE_SEEDS").unwrap_or(60)
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

struct Run {
    disk: SimulatedDisk,
    random: Random,
    /// The last mark that returned.
    acknowledged: u32,
    /// The last one that was tried.
    tried: u32,
    /// Rows before it may have been deleted.
    first: u32,
    crashes: u64,
    /// A sync is to fail.
    failing: bool,
}

impl Run {
    fn life(&mut self) {
        // An opening may be cut short as well.
        let app = App::open(Arc::new(self.disk.clone()), OPTIONS);
        let mut app = match app {
            Ok(app) => app,
            Err(_) if self.disk.has_crashed() => return,
            // The sync that was to fail was one of opening.
            Err(OpenError::Io { .. } | OpenError::Catalogue { .. }) if self.failing => {
                return self.failing = false;
            }
            Err(error) => panic!("{error:?}"),
        };
        assert!((self.acknowledged..=self.tried).contains(&app.marked), "a mark was lost or invented");
        self.acknowledged = app.marked;
        app.check_rows(self.first);
        for _ in 0..self.random.below(60) {
            let worked = self.work(&mut app);
            self.tried = self.tried.max(app.last());
            self.acknowledged = app.marked;
            if !worked {
                break;
            }
        }
        if !self.disk.has_crashed() {
            app.check_rows(self.first);
        }
    }

    /// Does one thing; false if the store must be opened again.
    fn work(&mut self, app: &mut App) -> bool {
        let done = match self.random.below(20) {
            0..=9 => (0..self.random.below(12)).try_for_each(|_| app.next()),
            10..=13 => app.mark(),
            14..=16 => app.mark().and_then(|()| app.checkpoint()),
            17 => app.merge().map(drop),
            18 => {
                self.first = self.first.max(app.last().saturating_sub(KEEP));
                app.store.retain(i64::from(app.last())).map(drop)
            }
            _ => {
                self.fault();
                Ok(())
            }
        };
        match done {
            Ok(()) => true,
            Err(StoreError::Full { .. }) => {
                self.disk.set_capacity(u64::MAX);
                // The first try may meet a sync that fails.
                assert!(app.store.accepting() || app.store.accepting() || self.disk.has_crashed());
                true
            }
            Err(_) if self.disk.has_crashed() => false,
            Err(StoreError::Broken { .. }) => false,
            // A sync failed, of a file that did not count yet.
            Err(StoreError::Io { .. } | StoreError::Segment { .. } | StoreError::Catalogue { .. }) => true,
            Err(error) => panic!("{error:?}"),
        }
    }

    fn fault(&mut self) {
        match self.random.below(4) {
            0 | 1 => self.disk.crash_after(self.random.below(120)),
            2 => {
                self.disk.fail_sync_after(self.random.below(12));
                self.failing = true;
            }
            _ => self.disk.set_capacity(self.disk.used() + self.random.below(40_000)),
        }
    }
}

#[test]
fn what_was_marked_survives_and_no_row_is_doubled() {
    let only = asked("WHITHER_STORE_SEED");
    let from = asked("WHITHER_STORE_SEEDS_FROM").unwrap_or(0);
    let mut crashes = 0;
    for seed in only.map_or(from..from + seeds(), |seed| seed..seed + 1) {
        let disk = SimulatedDisk::new(seed);
        let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5151);
        let mut run = Run { disk, random, acknowledged: 0, tried: 0, first: 1, crashes: 0, failing: false };
        println!("WHITHER_STORE_SEED={seed}");
        for _ in 0..12 {
            if run.random.below(4) == 0 {
                run.disk.crash_after(run.random.below(60));
            }
            run.life();
            run.crashes += u64::from(run.disk.has_crashed());
            // The process may die, or open the store again, while the power stays.
            if run.disk.has_crashed() || run.random.below(2) == 0 {
                run.disk.restart();
            }
            run.disk.set_capacity(u64::MAX);
        }
        crashes += run.crashes;
    }
    assert!(only.is_some() || crashes > seeds(), "only {crashes} crashes: the test has lost its teeth");
}
