//! Every bound of the core, with its reason.

use crate::time::Span;

/// Bounds on what one key may hold and hand out. Past a bound the core forgets in a stated way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Contiguous reads of one partition held apart: a reader makes a handful.
    pub reads: usize,
    /// Runs of one partition's log held apart. Past it the oldest are folded into [`crate::fact::RunKind::Sparse`]
    /// runs, whose inside can be asked for again. 64 bytes each: keeps a key's state far below 2 MB.
    pub runs: usize,
    /// Runs folded into one at a time: small enough that opening one again is a short read.
    pub fold: usize,
    /// Transactions open at once in one partition; a broker holds fewer producers than this per partition.
    pub open_transactions: usize,
    /// Groups with a position in one partition.
    pub groups: usize,
    /// Odd moves of one group in one partition kept apart (rewinds, jumps, tombstones); the oldest go first.
    pub moves: usize,
    /// Facts held back until the watermark passes them, in one ledger. Past it the older half is taken in its
    /// own order without waiting for what may still come between.
    pub held_back: usize,
    /// Moments at which the log start was seen to move, kept in one ledger; the oldest go first.
    pub starts: usize,
    /// Offsets with their time kept for one partition, evenly spread.
    pub time_samples: usize,
    /// Exceptional records (dead letters, corrupt and replaced ranges, producers that gave up) kept in one
    /// ledger.
    pub exceptions: usize,
    /// Stations of one routed record.
    pub stations: usize,
    /// A name longer than this is refused: Kafka's own limit for topics is 249, for groups 32,767 bytes.
    pub name_bytes: usize,
    /// Leader epochs whose end is remembered.
    pub epochs: usize,
    /// Groups of one offsets partition whose membership is held.
    pub members_groups: usize,
}

impl Limits {
    /// What one machine does well with.
    pub const DEFAULT: Limits = Limits {
        reads: 64,
        runs: 2_048,
        fold: 64,
        open_transactions: 10_000,
        groups: 10_000,
        moves: 64,
        held_back: 100_000,
        starts: 256,
        time_samples: 64,
        exceptions: 20_000,
        stations: 32,
        name_bytes: 32_767,
        epochs: 64,
        members_groups: 100_000,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}

/// How long after its own timeout the coordinator may still take to abort a transaction: the scan interval
/// (`transaction.abort.timed.out.transaction.cleanup.interval.ms`, 10 s) three times over (R13).
pub const ABORT_SCAN: Span = Span::seconds(30);

/// Time alone changes what is told of a partition: a group goes dormant, retention comes nearer, a transaction hangs.
/// All of that is told in minutes or hours, so it is early enough to look this often.
pub(crate) const LOOK_AGAIN: Span = Span::seconds(60);

/// While nothing but growth happens to a log, how much of it is in flight for each group is told this often. How far groups
/// are behind is told of the log's end, and sooner.
pub(crate) const GROWTH_TOLD: Span = Span::seconds(5);

/// A producer's or consumer's word for a record that does not move is given this long: the default of
/// `max.poll.interval.ms`, after which a consumer that does not poll is no member any more.
pub(crate) const POLL_INTERVAL: Span = Span::seconds(300);

/// A consumer finds a new partition within this: twice the default of `metadata.max.age.ms`.
pub(crate) const PARTITION_FOUND: Span = Span::seconds(600);
