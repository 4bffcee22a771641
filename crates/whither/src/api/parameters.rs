//! What may stand in a query, as the API's description tells it. [`Query`](super::query::Query) reads it; a test holds
//! that both know the same names.
#![expect(dead_code, reason = "described here, read elsewhere")]

use utoipa::{IntoParams, ToSchema};

use crate::json::words::{Cause, Certainty, ShownAs, Verdict};

/// Of every list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// Items of a page, or lines; all of them if it is left out with lines.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// What the page before gave as `next`.
    cursor: Option<String>,
    /// One document a page, or a line for each item of all pages.
    #[param(inline)]
    format: Option<Format>,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum Format {
    Json,
    Ndjson,
}

/// Which groups and topics.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Names {
    /// Only these groups; repeated, or separated by commas.
    group: Option<Vec<String>>,
    /// Only these topics; as `group`.
    topic: Option<Vec<String>>,
}

/// Which part of the cluster.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Place {
    /// Only these groups; repeated, or separated by commas.
    group: Option<Vec<String>>,
    /// Only these topics; as `group`.
    topic: Option<Vec<String>>,
    /// Only these partitions; as `group`.
    partition: Option<Vec<i32>>,
}

/// Of when.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Period {
    /// Only what was seen since then: RFC 3339, milliseconds since 1970, or a time ago as `15m`.
    #[param(example = "1h")]
    since: Option<String>,
    /// Only what was seen before then.
    #[param(example = "2026-11-21T13:00:00Z")]
    until: Option<String>,
}

/// Which findings.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Told {
    /// Only these verdicts.
    verdict: Option<Vec<Verdict>>,
    /// Only these causes.
    cause: Option<Vec<Cause>>,
    /// Only what is told with this certainty.
    certainty: Option<Vec<Certainty>>,
    /// Only what is shown so.
    shown_as: Option<Vec<ShownAs>>,
}

/// Of the balance.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Sums {
    /// Adds rows up.
    #[param(inline)]
    by: Option<By>,
    /// Only rows that count any of these.
    verdict: Option<Vec<Verdict>>,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum By {
    Group,
    Topic,
}

/// Of dead letters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Letters {
    /// Only these causes.
    cause: Option<Vec<Cause>>,
    /// Only what is told with this certainty.
    certainty: Option<Vec<Certainty>>,
}

/// Of a group's lag over time.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfLag {
    /// The group.
    #[param(min_length = 1)]
    group: String,
    /// The topic.
    #[param(min_length = 1)]
    topic: String,
    /// The partition.
    #[param(minimum = 0)]
    partition: i32,
    /// At most so many points.
    #[param(minimum = 1, maximum = 2000, default = 200)]
    points: Option<u16>,
}

/// Of a partition's ranges.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfRanges {
    /// What became of them for this group.
    group: Option<String>,
    /// From this offset on.
    #[param(minimum = 0)]
    from: Option<i64>,
    /// Up to this offset, exclusive.
    #[param(minimum = 0)]
    to: Option<i64>,
    /// At most so many ranges.
    #[param(minimum = 1, maximum = 4000, default = 400)]
    points: Option<u16>,
}

/// Of a group's positions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfOffsets {
    /// The moment: RFC 3339, milliseconds since 1970, or a time ago as `15m`; now if it is left out.
    #[param(example = "15m")]
    at: Option<String>,
}

/// What is searched for. At least one of `q`, `key`, `trace` and `header` is needed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// Anything: a position as `orders/3@1842`, a key, a header as `NAME=VALUE`, a trace id, a name.
    q: Option<String>,
    /// A record's key.
    key: Option<String>,
    /// A trace id of 32 hexadecimal digits, or a `traceparent`.
    trace: Option<String>,
    /// A header as `NAME=VALUE`.
    header: Option<String>,
    /// Only records of this topic.
    topic: Option<String>,
    /// At most so many records.
    #[param(minimum = 1, maximum = 100, default = 100)]
    limit: Option<u16>,
}
