//! The shapes of the answers to the requests we make, in the versions we make them. Fields are those of Kafka's
//! `clients/src/main/resources/common/message/*Response.json`, in their order; a test compares them with what
//! `kafka-protocol` encodes.

use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::Request;

use super::shape::Shape::{Fixed, List, Numbers, OldTexts, One, Perhaps, Text, Texts};
use super::shape::{Field, Shape, Struct};
use crate::messages::streams_group_describe::StreamsGroupDescribeRequest;

const BOOL: Field = all(Fixed(1));
const I8: Field = all(Fixed(1));
const I16: Field = all(Fixed(2));
const I32: Field = all(Fixed(4));
const I64: Field = all(Fixed(8));
const UUID: Field = all(Fixed(16));
const TEXT: Field = all(Text);
const I32S: Field = all(Numbers(4));

/// The shape of what answers a request; none for requests that are never made.
pub(super) fn of(key: i16) -> Option<&'static Struct> {
    if key == StreamsGroupDescribeRequest::KEY {
        return Some(&STREAMS_GROUP_DESCRIBE);
    }
    Some(match ApiKey::try_from(key).ok()? {
        ApiKey::ApiVersions => &API_VERSIONS,
        ApiKey::SaslHandshake => &SASL_HANDSHAKE,
        ApiKey::SaslAuthenticate => &SASL_AUTHENTICATE,
        ApiKey::Metadata => &METADATA,
        ApiKey::ListOffsets => &LIST_OFFSETS,
        ApiKey::Fetch => &FETCH,
        ApiKey::OffsetForLeaderEpoch => &OFFSET_FOR_LEADER_EPOCH,
        ApiKey::FindCoordinator => &FIND_COORDINATOR,
        ApiKey::ListGroups => &LIST_GROUPS,
        ApiKey::DescribeGroups => &DESCRIBE_GROUPS,
        ApiKey::ConsumerGroupDescribe => &CONSUMER_GROUP_DESCRIBE,
        ApiKey::ShareGroupDescribe => &SHARE_GROUP_DESCRIBE,
        ApiKey::DescribeShareGroupOffsets => &DESCRIBE_SHARE_GROUP_OFFSETS,
        ApiKey::OffsetFetch => &OFFSET_FETCH,
        ApiKey::DescribeCluster => &DESCRIBE_CLUSTER,
        ApiKey::DescribeConfigs => &DESCRIBE_CONFIGS,
        ApiKey::DescribeProducers => &DESCRIBE_PRODUCERS,
        ApiKey::ListTransactions => &LIST_TRANSACTIONS,
        ApiKey::DescribeTransactions => &DESCRIBE_TRANSACTIONS,
        ApiKey::DescribeLogDirs => &DESCRIBE_LOG_DIRS,
        _ => return None,
    })
}

const fn all(shape: Shape) -> Field {
    between(0, i16::MAX, shape)
}

const fn since(version: i16, shape: Shape) -> Field {
    between(version, i16::MAX, shape)
}

const fn until(version: i16, shape: Shape) -> Field {
    between(0, version, shape)
}

const fn between(since: i16, until: i16, shape: Shape) -> Field {
    Field { since, until, shape }
}

const fn list(of: &'static Struct) -> Field {
    all(List(of))
}

const fn fields(fields: &'static [Field]) -> Struct {
    Struct { fields, tags: &[], tagged: true }
}

static API_VERSIONS: Struct = Struct {
    fields: &[I16, list(&fields(&[I16, I16, I16])), I32],
    tags: &[
        (0, List(&fields(&[TEXT, I16, I16]))),
        (1, Fixed(8)),
        (2, List(&fields(&[TEXT, I16, I16]))),
        (3, Fixed(1)),
    ],
    tagged: true,
};

/// Version 1, which is older than KIP-482.
static SASL_HANDSHAKE: Struct = Struct { fields: &[I16, all(OldTexts)], tags: &[], tagged: false };

static SASL_AUTHENTICATE: Struct = fields(&[I16, TEXT, TEXT, I64]);

static METADATA: Struct = fields(&[
    I32,
    list(&fields(&[I32, TEXT, I32, TEXT])),
    TEXT,
    I32,
    list(&fields(&[
        I16,
        TEXT,
        since(10, Fixed(16)),
        BOOL,
        list(&fields(&[I16, I32, I32, I32, I32S, I32S, I32S])),
        I32,
    ])),
    until(10, Fixed(4)),
]);

static LIST_OFFSETS: Struct =
    fields(&[I32, list(&fields(&[TEXT, list(&fields(&[I32, I16, I64, I64, I32]))]))]);

static FETCH: Struct =
    fields(&[I32, I16, I32, list(&fields(&[until(12, Text), since(13, Fixed(16)), list(&FETCH_PARTITION)]))]);

static FETCH_PARTITION: Struct = Struct {
    fields: &[I32, I16, I64, I64, I64, list(&fields(&[I64, I64])), I32, TEXT],
    tags: &[(0, One(&fields(&[I32, I64]))), (1, One(&fields(&[I32, I32]))), (2, One(&fields(&[I64, I32])))],
    tagged: true,
};

static OFFSET_FOR_LEADER_EPOCH: Struct =
    fields(&[I32, list(&fields(&[TEXT, list(&fields(&[I16, I32, I32, I64]))]))]);

static FIND_COORDINATOR: Struct = fields(&[
    I32,
    until(3, Fixed(2)),
    until(3, Text),
    until(3, Fixed(4)),
    until(3, Text),
    until(3, Fixed(4)),
    since(4, List(&fields(&[TEXT, I32, TEXT, I32, I16, TEXT]))),
]);

static LIST_GROUPS: Struct =
    fields(&[I32, I16, list(&fields(&[TEXT, TEXT, since(4, Text), since(5, Text)]))]);

static DESCRIBE_GROUPS: Struct = fields(&[
    I32,
    list(&fields(&[I16, TEXT, TEXT, TEXT, TEXT, list(&fields(&[TEXT, TEXT, TEXT, TEXT, TEXT, TEXT])), I32])),
]);

static CONSUMER_GROUP_DESCRIBE: Struct = fields(&[
    I32,
    list(&fields(&[
        I16,
        TEXT,
        TEXT,
        TEXT,
        I32,
        I32,
        TEXT,
        list(&fields(&[
            TEXT,
            TEXT,
            TEXT,
            I32,
            TEXT,
            TEXT,
            all(Texts),
            TEXT,
            all(One(&CONSUMER_ASSIGNMENT)),
            all(One(&CONSUMER_ASSIGNMENT)),
        ])),
        I32,
    ])),
]);

static CONSUMER_ASSIGNMENT: Struct = fields(&[list(&fields(&[UUID, TEXT, I32S]))]);

static SHARE_GROUP_DESCRIBE: Struct = fields(&[
    I32,
    list(&fields(&[
        I16,
        TEXT,
        TEXT,
        TEXT,
        I32,
        I32,
        TEXT,
        list(&fields(&[TEXT, TEXT, I32, TEXT, TEXT, all(Texts), all(One(&CONSUMER_ASSIGNMENT))])),
        I32,
    ])),
]);

static STREAMS_GROUP_DESCRIBE: Struct = fields(&[
    I32,
    list(&fields(&[
        I16,
        TEXT,
        TEXT,
        TEXT,
        I32,
        I32,
        all(Perhaps(&fields(&[I32, list(&SUBTOPOLOGY)]))),
        list(&STREAMS_MEMBER),
        I32,
    ])),
]);

static SUBTOPOLOGY: Struct =
    fields(&[TEXT, all(Texts), all(Texts), list(&STREAMS_TOPIC), list(&STREAMS_TOPIC)]);

static STREAMS_TOPIC: Struct = fields(&[TEXT, I32, I16, list(&TEXT_PAIR)]);

static TEXT_PAIR: Struct = fields(&[TEXT, TEXT]);

static STREAMS_MEMBER: Struct = fields(&[
    TEXT,
    I32,
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    I32,
    TEXT,
    all(Perhaps(&fields(&[TEXT, I16]))),
    list(&TEXT_PAIR),
    list(&TASK_OFFSET),
    list(&TASK_OFFSET),
    all(One(&STREAMS_ASSIGNMENT)),
    all(One(&STREAMS_ASSIGNMENT)),
    BOOL,
]);

static TASK_OFFSET: Struct = fields(&[TEXT, I32, I64]);

static STREAMS_ASSIGNMENT: Struct = fields(&[list(&TASKS), list(&TASKS), list(&TASKS)]);

static TASKS: Struct = fields(&[TEXT, I32S]);

static DESCRIBE_SHARE_GROUP_OFFSETS: Struct = fields(&[
    I32,
    list(&fields(&[
        TEXT,
        list(&fields(&[TEXT, UUID, list(&fields(&[I32, I64, I32, I64, I16, TEXT]))])),
        I16,
        TEXT,
    ])),
]);

static OFFSET_FETCH: Struct = fields(&[
    I32,
    until(7, List(&OFFSET_FETCH_TOPIC)),
    until(7, Fixed(2)),
    since(8, List(&fields(&[TEXT, list(&OFFSET_FETCH_TOPIC), I16]))),
]);

static OFFSET_FETCH_TOPIC: Struct = fields(&[TEXT, list(&fields(&[I32, I64, I32, TEXT, I16]))]);

static DESCRIBE_CLUSTER: Struct =
    fields(&[I32, I16, TEXT, TEXT, I32, list(&fields(&[I32, TEXT, I32, TEXT])), I32]);

static DESCRIBE_CONFIGS: Struct = fields(&[
    I32,
    list(&fields(&[
        I16,
        TEXT,
        I8,
        TEXT,
        list(&fields(&[TEXT, TEXT, BOOL, I8, BOOL, list(&fields(&[TEXT, TEXT, I8])), I8, TEXT])),
    ])),
]);

static DESCRIBE_PRODUCERS: Struct = fields(&[
    I32,
    list(&fields(&[TEXT, list(&fields(&[I32, I16, TEXT, list(&fields(&[I64, I32, I32, I64, I32, I64]))]))])),
]);

static LIST_TRANSACTIONS: Struct = fields(&[I32, I16, all(Texts), list(&fields(&[TEXT, I64, TEXT]))]);

static DESCRIBE_TRANSACTIONS: Struct =
    fields(&[I32, list(&fields(&[I16, TEXT, TEXT, I32, I64, I64, I16, list(&fields(&[TEXT, I32S]))]))]);

static DESCRIBE_LOG_DIRS: Struct = fields(&[
    I32,
    since(3, Fixed(2)),
    list(&fields(&[
        I16,
        TEXT,
        list(&fields(&[TEXT, list(&fields(&[I32, I64, I64, BOOL]))])),
        since(4, Fixed(8)),
        since(4, Fixed(8)),
    ])),
]);
