//! Every limit of the span log, and why it is what it is.

use std::time::Duration;

use whither_core::Span;

/// Bytes of bodies that may wait to be written. More would take memory that rows need; a sender waits as well as we do.
pub(super) const QUEUE_BYTES: usize = 16 << 20;
/// Requests that may wait, whatever their size.
pub(super) const QUEUE_REQUESTS: usize = 1024;
/// When a sender that was turned away may come again: a checkpoint takes less.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Bytes of bodies that one mark acknowledges: enough to make a sync cheap, little enough to answer soon.
pub(super) const GROUP_BYTES: usize = 4 << 20;
/// Spans of one request. Ten thousand is what the largest exporters send; spans of no content could be a million.
pub(super) const REQUEST_SPANS: usize = 65_536;
/// Bytes of rows that wait for a checkpoint.
pub(super) const BUFFERED_BYTES: usize = 48 << 20;
/// Bytes of names and resources that rows share: few, unless somebody puts an id into a name.
pub(super) const SHARED_BYTES: usize = 8 << 20;
/// Bytes of a name in a column. What is longer is kept whole with the rest of the span.
pub(super) const NAME_BYTES: usize = 256;
/// A span that says it began longer ago than this before it came did not.
pub(super) const BELIEVED_AGE_MS: i64 = 30 * 24 * 3_600_000;
/// Nor did one that begins this much later than it came.
pub(super) const BELIEVED_AHEAD_MS: i64 = 3_600_000;
/// Services that are remembered by name.
pub(super) const SERVICES: usize = 2_000;
/// Operations of all services that are remembered by name.
pub(super) const OPERATIONS: usize = 20_000;
/// The store is looked after this often.
pub(super) const UPKEEP_EVERY: Duration = Duration::from_secs(1);
/// Merges and retention that failed are tried again after this: they may have to read a lot.
pub(super) const UPKEEP_AGAIN: Span = Span::seconds(600);
