//! The whole server in a world of its own: the follower, its readers, the client and the store as they ship, against
//! the demo broker in memory, on a simulated disk, in virtual time. All that happens follows from a seed.
//!
//! Two servers follow the same broker. One is left alone; the other crashes, loses its disk's last writes, its room,
//! its brokers and its clock. What it publishes must be what the first one publishes, after all of it.
//!
//! `WHITHER_SIMULATIONS` says how many seeds are run, `WHITHER_SIMULATION_FROM` which is the first,
//! `WHITHER_SIMULATION_SEED` that only this one is.

mod random;
mod network;
mod world;
mod server;
mod compare;

use std::future::Future;
use std::time::Duration;

use whither_core::verdict::ShownAs;
use whither_core::{Span, Time};

use crate::clock::simulated;
use compare::differences;
use random::Random;
use server::Server;
use world::World;

/// Any moment will do.
const START: Time = Time(1_772_370_000_000);
/// Things that happen in a run.
const STEPS: usize = 40;
/// Between two looks at whether all is well again.
const STEPS_APART: u64 = 8;
/// Both servers have seen all within this time, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(400);
const HOUR: Span = Span::hours(1);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

/// Runs in virtual time: where everybody waits, time passes at once.
fn in_virtual_time<T>(run: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    let told = runtime.block_on(async {
        simulated::begin(START);
        run.await
    });
    simulated::end();
    told
}

/// What a run came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Told {
    crashes: u64,
    publications: u64,
    losses: usize,
    /// Proofs that were taken back.
    revised: Vec<String>,
    /// A fingerprint of everything that was published, and when.
    trace: u64,
    /// Virtual time that passed.
    took: Duration,
}

/// Seconds in a row for which both are the same before it is believed: a log start is published as it is read, and judged
/// one round later.
const SETTLED: u32 = 4;

/// Two servers and what happens to them.
struct Run {
    random: Random,
    world: World,
    calm: Server,
    tried: Server,
}

impl Run {
    async fn new(seed: u64) -> Run {
        let world = World::new(seed).await;
        let calm = Server::start("calm", seed, &world.broker);
        let tried = Server::start("tried", seed, &world.broker);
        Run { random: Random(seed), world, calm, tried }
    }

    async fn steps(mut self, steps: usize) -> Told {
        let began = tokio::time::Instant::now();
        for _ in 0..steps {
            if self.random.one_in(STEPS_APART) {
                self.all_is_well().await;
                // Both see it before anything else happens: a log start is told a round after it was read.
                self.tried.disk.calm();
                self.world.damage().await;
                self.pass(10_000).await;
                self.all_is_well().await;
            }
            self.world.work().await;
            self.disturb().await;
            if self.random.one_in(3) {
                self.world.damage_unseen().await;
            }
            let milliseconds = self.random.below(20_000);
            self.pass(milliseconds).await;
        }
        self.all_is_well().await;
        let losses = self.calm.findings().values().filter(|v| v.shown_as == ShownAs::Loss).count();
        let (calm, tried) = (self.calm.end().await, self.tried.end().await);
        Told {
            crashes: tried.crashes,
            publications: calm.publications + tried.publications,
            losses,
            revised: calm.revised.into_iter().chain(tried.revised).collect(),
            trace: calm.trace ^ tried.trace.rotate_left(1),
            took: began.elapsed(),
        }
    }

    /// Lets time pass. A server whose power has failed is started again.
    async fn pass(&mut self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        self.tried.revive().await;
    }

    /// Does something to the server that is tried, and to the clock.
    async fn disturb(&mut self) {
        let r = self.random.next();
        let tried = &mut self.tried;
        match r % 12 {
            0 | 1 => tried.disk.crash_after((r >> 8) & 0xff),
            2 => tried.disk.fail_sync_after((r >> 8) & 0x0f),
            3 => tried.disk.set_capacity(tried.disk.used() + ((r >> 8) & 0x3fff)),
            4 => tried.disk.set_capacity(u64::MAX),
            5 => tried.network.cut(),
            6 => tried.network.mend(),
            7 => tried.kill(r & 0x100 == 0).await,
            8 => {
                tried.stop().await;
                self.pass(if r & 0x100 == 0 { 900_000 } else { (r >> 8) & 0xffff }).await;
            }
            9 => simulated::step(HOUR),
            10 => simulated::step(Span(-HOUR.0)),
            _ => {}
        }
    }

    /// Mends everything, and waits until both servers publish the same.
    async fn all_is_well(&mut self) {
        self.tried.disk.restore();
        self.tried.network.mend();
        let began = tokio::time::Instant::now();
        let mut well = 0;
        loop {
            self.pass(1_000).await;
            self.tried.disk.restore();
            let differences = differences(&self.world, &self.calm, &self.tried);
            well = if differences.is_empty() { well + 1 } else { 0 };
            if well == SETTLED {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "calm and tried differ:\n{}", differences.join("\n"));
        }
    }
}

fn run(seed: u64, steps: usize) -> Told {
    println!("to run it again: WHITHER_SIMULATION_SEED={seed} cargo test -p whither --lib simulation");
    in_virtual_time(async { Run::new(seed).await.steps(steps).await })
}

#[test]
fn whatever_happens_to_a_server_it_tells_what_one_that_is_left_alone_tells() {
    let first = number("WHITHER_SIMULATION_FROM").unwrap_or(0);
    let seeds = first..first + number("WHITHER_SIMULATIONS").unwrap_or(12);
    let only = number("WHITHER_SIMULATION_SEED");
    let (mut crashes, mut losses, mut virtual_time) = (0, 0, Duration::ZERO);
    let began = std::time::Instant::now();
    for seed in only.map_or(seeds.clone(), |seed| seed..seed + 1) {
        let told = run(seed, STEPS);
        assert!(told.revised.is_empty(), "proofs were taken back: {}", told.revised.join("\n"));
        crashes += told.crashes;
        losses += told.losses;
        virtual_time += told.took;
    }
    let real = began.elapsed();
    println!(
        "{crashes} crashes and {losses} losses in {} s of virtual time, {:.0} times as fast as life",
        virtual_time.as_secs(),
        virtual_time.as_secs_f64() / real.as_secs_f64()
    );
    if only.is_none() {
        let runs = seeds.end - seeds.start;
        assert!(
            crashes >= runs && losses as u64 >= runs,
            "{crashes} crashes, {losses} losses: it has lost its teeth"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(run(7, 12), run(7, 12));
    assert_ne!(run(7, 12).trace, run(8, 12).trace);
}

/// A server that has begun, and a world in which nothing goes wrong by itself.
async fn calm_start(seed: u64) -> (World, Server) {
    let mut world = World::new(seed).await;
    let server = Server::start("alone", seed, &world.broker);
    world.keep_up().await;
    server.until("it is well", Server::is_well).await;
    (world, server)
}

#[test]
fn brokers_that_are_gone_for_minutes_are_told_and_missed_no_longer_than_they_are_gone() {
    in_virtual_time(async {
        let (mut world, server) = calm_start(3).await;
        server.network.cut();
        server.until("it is told", |server| !server.problems().is_empty()).await;
        for _ in 0..10 {
            world.work().await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            assert!(!server.problems().is_empty());
        }
        server.network.mend();
        server.until("it goes on", Server::is_well).await;
        let calm = Server::start("calm", 4, &world.broker);
        calm.until("both are the same", |calm| differences(&world, calm, &server).is_empty()).await;
        calm.end().await;
        server.end().await;
    });
}

#[test]
fn a_broker_that_stands_still_is_told_while_it_does() {
    in_virtual_time(async {
        let (mut world, server) = calm_start(7).await;
        server.network.stand_still(true);
        world.work().await;
        tokio::time::sleep(Duration::from_secs(12)).await;
        let told = server.problems();
        assert!(told.iter().any(|p| p.contains("a broker has not answered for")), "{told:?}");
        tokio::time::sleep(Duration::from_secs(20)).await;
        let why = server.not_ready().unwrap();
        assert!(why.contains("the newest look at the cluster is 3"), "{why}");
        server.network.stand_still(false);
        server.until("it goes on", |server| server.not_ready().is_none() && server.is_well()).await;
        let calm = Server::start("calm", 8, &world.broker);
        calm.until("both are the same", |calm| differences(&world, calm, &server).is_empty()).await;
        calm.end().await;
        server.end().await;
    });
}

#[test]
fn a_full_disk_is_told_and_reading_goes_on_when_there_is_room() {
    in_virtual_time(async {
        let (mut world, server) = calm_start(5).await;
        server.disk.set_capacity(server.disk.used());
        world.keep_up().await;
        server.until("it is told", |server| server.not_ready().is_some()).await;
        let why = server.not_ready().unwrap();
        assert!(why.contains("no room in simulated: free some; reading goes on then"), "{why}");
        let known = server.rows();
        world.work().await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(server.rows(), known, "what is not on disk is not told");
        server.disk.restore();
        server.until("it goes on", |server| server.not_ready().is_none() && server.is_well()).await;
        let calm = Server::start("calm", 6, &world.broker);
        calm.until("both are the same", |calm| differences(&world, calm, &server).is_empty()).await;
        calm.end().await;
        server.end().await;
    });
}

/// Groups that keep up lose nothing, and are told to lose nothing, whatever the clock does.
#[test]
fn a_clock_that_is_set_by_an_hour_alarms_nobody() {
    for by in [HOUR, Span(-HOUR.0)] {
        in_virtual_time(async {
            let mut world = World::new(1).await;
            let server = Server::start("clocked", 1, &world.broker);
            for turn in 0..60 {
                world.keep_up().await;
                world.purge_what_was_read().await;
                if turn % 20 == 10 {
                    simulated::step(by);
                }
                tokio::time::sleep(Duration::from_secs(7)).await;
                let told = server.findings();
                assert!(told.is_empty(), "set by {by:?}, turn {turn}: {told:#?}");
                assert_eq!(server.alarming(), Vec::<String>::new(), "set by {by:?}, turn {turn}");
            }
            server.end().await;
        });
    }
}

/// What was read and then purged while nobody looked is no loss, although our own clock says that it was purged before
/// it was read.
#[test]
fn a_clock_that_is_an_hour_off_takes_no_purge_for_a_loss() {
    for by in [HOUR, Span(-HOUR.0)] {
        in_virtual_time(async {
            let (mut world, mut server) = calm_start(9).await;
            server.stop().await;
            simulated::step(by);
            tokio::time::sleep(Duration::from_secs(30)).await;
            world.keep_up().await;
            world.purge_what_was_read().await;
            server.revive().await;
            server.until("it is well", Server::is_well).await;
            tokio::time::sleep(Duration::from_secs(30)).await;
            let told = server.findings();
            assert!(told.is_empty(), "set by {by:?}: {told:#?}");
            server.end().await;
        });
    }
}
