//! Every limit of the store, and why it is what it is.

/// Bytes of entries gathered before they are compressed and written as a block of the log: large enough for lz4 to
/// find repeats, small enough to be written in one call.
pub const BLOCK_BYTES: usize = 256 << 10;
/// The largest payload of one entry of the log. A batch header's fact is some 60 bytes; a receipt may be long.
pub const MAX_ENTRY_BYTES: usize = 16 << 20;
/// The largest blob of a checkpoint. A key's state stays under 2 MB; this leaves room and bounds what a reader allocates.
pub const MAX_BLOB_BYTES: usize = 64 << 20;
/// A checkpoint is due at the latest when the log holds this, or as much as the last checkpoint if that is more: writing
/// state then costs at most as much as writing facts.
pub const CHECKPOINT_LOG_BYTES: u64 = 64 << 20;
/// A checkpoint is due when the last one is older than this: it bounds how long a restart replays.
pub const CHECKPOINT_EVERY_MS: i64 = 10 * 60 * 1000;
/// A checkpoint is due when the rows in memory take this.
pub const BUFFERED_BYTES: usize = 64 << 20;
/// Segments of one level that become one of the next. A look-up probes at most this many for each level.
pub const MERGE_WIDTH: usize = 8;
/// The largest segment that a merge may produce: it bounds a merge's time and the room it needs while it runs.
pub const MERGE_BYTES: u64 = 1 << 30;
/// The same for spans: each of them is written once more for each level, and they come fast.
pub const SPAN_MERGE_WIDTH: usize = 16;
/// The same for spans: a search reads segments from the newest on, so one must not reach far back.
pub const SPAN_MERGE_BYTES: u64 = 256 << 20;
/// Traces that spans are kept of when a segment's time is over: 4 MB of ids while it is looked through.
pub const KEPT_TRACES: usize = 250_000;
/// Spans whose columns a search looks at: half a second. It ends between two segments.
pub const SEARCH_ROWS: u64 = 10_000_000;
/// Spans that a search opens to look at their attributes: about a second.
pub const SEARCH_OPENED: u64 = 500_000;
/// Spans that are looked through for which service calls which: a few seconds.
pub const PAIR_ROWS: u64 = 10_000_000;
/// Spans of one trace that count for that.
pub const PAIR_TRACE_SPANS: usize = 100_000;
/// The share of the retention time that a merged segment may span: files are deleted whole, so a row may outlive its
/// time by this much.
pub const MERGE_SPAN_SHARE: i64 = 8;
/// Rows of a row group: what other tools read in parallel.
pub const ROW_GROUP_ROWS: usize = 1 << 20;
/// Encoded bytes of a row group: what a writer holds in memory.
pub const ROW_GROUP_BYTES: usize = 32 << 20;
/// Rows of a page: what a look-up decodes at least.
pub const PAGE_ROWS: usize = 2048;
/// Rows decoded at a time by a scan.
pub const BATCH_ROWS: usize = 4096;
/// The same of each segment that is merged: some are open at once, and spans are large.
pub const MERGE_BATCH_ROWS: usize = 512;
/// Memory for pages of the catalogue, which is small.
pub const CATALOGUE_CACHE_BYTES: usize = 1 << 20;
/// What must fit on a disk that was full before it counts as having room again.
pub const PROBE_BYTES: usize = 1 << 20;
