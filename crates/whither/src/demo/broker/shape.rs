//! Whether a request's lengths can be true, looked at before it is decoded.
//!
//! The codecs reserve room for as many elements as an array claims to have. A claim of two thousand million costs
//! an attacker four bytes and this process its life, so every claim is checked against the bytes that are there.
use bytes::{Buf, Bytes};
use kafka_protocol::messages::ApiKey;

use super::wire::Malformed;

/// Elements of all arrays in one request. The largest real ones name a few thousand partitions.
const MAX_ELEMENTS: usize = 1_000_000;

/// What each request looks like: (request, first flexible version, fields).
///
/// A field is its size in bytes (`1 2 4 8`), `u` a UUID, `s` a string, `b` bytes, `(x)` an array of `x`, or
/// `[ … ]` an array of structures; `@a-b` bounds the versions that have it. Tagged fields end every structure of
/// a flexible version. From `clients/src/main/resources/common/message/*Request.json`.
const SHAPES: &[(ApiKey, i16, &str)] = &[
    (ApiKey::Produce, 9, "s 2 4 [ s [ 4 b ] ]"),
    (
        ApiKey::Fetch,
        12,
        "4@0-14 4 4 4 1 4@7 4@7 [ s@0-12 u@13 [ 4 4@9 8 4@12 8@5 4 ] ] [@7 s@0-12 u@13 (4) ] s@11",
    ),
    (ApiKey::ListOffsets, 6, "4 1@2 [ s [ 4 4@4 8 ] ] 4@10"),
    (ApiKey::Metadata, 9, "[ u@10 s ] 1@4 1@8-10 1@8"),
    (ApiKey::OffsetCommit, 8, "s 4 s s@7 8@2-4 [ s [ 4 8 4@6 s ] ]"),
    (ApiKey::OffsetFetch, 6, "s@0-7 [@0-7 s (4) ] [@8 s s@9 4@9 [ s (4) ] ] 1@7"),
    (ApiKey::FindCoordinator, 3, "s@0-3 1@1 (s)@4"),
    (ApiKey::JoinGroup, 6, "s 4 4@1 s s@5 s [ s b ] s@8"),
    (ApiKey::Heartbeat, 4, "s 4 s s@3"),
    (ApiKey::LeaveGroup, 4, "s s@0-2 [@3 s s s@5 ]"),
    (ApiKey::SyncGroup, 4, "s 4 s s@3 s@5 s@5 [ s b ]"),
    (ApiKey::DescribeGroups, 5, "(s) 1@3"),
    (ApiKey::ListGroups, 3, "(s)@4 (s)@5"),
    (ApiKey::ApiVersions, 3, "s@3 s@3"),
    (ApiKey::CreateTopics, 5, "[ s 4 2 [ 4 (4) ] [ s s ] ] 4 1"),
    (ApiKey::DeleteTopics, 4, "[@6 s u ] (s)@0-5 4"),
    (ApiKey::DeleteRecords, 2, "[ s [ 4 8 ] ] 4"),
    (ApiKey::InitProducerId, 2, "s 4 8@3 2@3"),
    (ApiKey::OffsetForLeaderEpoch, 4, "4@3 [ s [ 4 4 4 ] ]"),
    (ApiKey::AddPartitionsToTxn, 3, "s 8 2 [ s (4) ]"),
    (ApiKey::AddOffsetsToTxn, 3, "s 8 2 s"),
    (ApiKey::EndTxn, 3, "s 8 2 1"),
    (ApiKey::TxnOffsetCommit, 3, "s s 8 2 4@3 s@3 s@3 [ s [ 4 8 4@2 s ] ]"),
    (ApiKey::DescribeConfigs, 4, "[ 1 s (s) ] 1 1@3"),
    (ApiKey::AlterConfigs, 2, "[ 1 s [ s s ] ] 1"),
    (ApiKey::DescribeLogDirs, 2, "[ s (4) ]"),
    (ApiKey::CreatePartitions, 2, "[ s 4 [ (4) ] ] 4 1"),
    (ApiKey::DeleteGroups, 2, "(s)"),
    (ApiKey::IncrementalAlterConfigs, 1, "[ 1 s [ s 1 s ] ] 1"),
    (ApiKey::OffsetDelete, i16::MAX, "s [ s [ 4 ] ]"),
    (ApiKey::DescribeCluster, 0, "1 1@1 1@2"),
    (ApiKey::DescribeProducers, 0, "[ s (4) ]"),
    (ApiKey::DescribeTransactions, 0, "(s)"),
    (ApiKey::ListTransactions, 0, "(s) (8) 8@1 s@2"),
];

/// Checks the body of a request.
///
/// # Errors
/// [`Malformed::Shape`] when a length goes past the end or an array has too many elements.
pub(crate) fn check(key: ApiKey, version: i16, body: &Bytes) -> Result<(), Malformed> {
    is_true(key, version, body).ok_or(Malformed::Shape { key, version })
}

fn is_true(key: ApiKey, version: i16, body: &[u8]) -> Option<()> {
    let (_, flexible_from, fields) = SHAPES.iter().find(|(of, _, _)| *of == key)?;
    let tokens: Vec<&str> = fields.split_ascii_whitespace().collect();
    let mut walk = Walk { bytes: body, version, flexible: version >= *flexible_from, elements: 0 };
    walk.structure(&tokens)
}

struct Walk<'a> {
    bytes: &'a [u8],
    version: i16,
    flexible: bool,
    elements: usize,
}

impl Walk<'_> {
    fn structure(&mut self, mut tokens: &[&str]) -> Option<()> {
        while let Some((token, rest)) = tokens.split_first() {
            let (kind, versions) = token.split_once('@').unwrap_or((token, ""));
            let here = self.has(versions);
            if kind == "[" {
                let end = matching_end(rest)?;
                let (inner, after) = rest.split_at_checked(end)?;
                if here {
                    self.array(|walk| walk.structure(inner))?;
                }
                tokens = after.get(1..)?;
                continue;
            }
            if here {
                self.field(kind)?;
            }
            tokens = rest;
        }
        if self.flexible { self.tagged_fields() } else { Some(()) }
    }

    fn field(&mut self, kind: &str) -> Option<()> {
        if let Some(element) = kind.strip_prefix('(').and_then(|kind| kind.strip_suffix(')')) {
            return self.array(|walk| walk.field(element));
        }
        match kind {
            "s" => {
                let length = if self.flexible {
                    self.compact_length()?
                } else {
                    i64::from(self.bytes.try_get_i16().ok()?)
                };
                self.skip(length.max(0))
            }
            "b" => {
                let length = if self.flexible {
                    self.compact_length()?
                } else {
                    i64::from(self.bytes.try_get_i32().ok()?)
                };
                self.skip(length.max(0))
            }
            "u" => self.skip(16),
            size => self.skip(size.parse().ok()?),
        }
    }

    fn array(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        let length =
            if self.flexible { self.compact_length()? } else { i64::from(self.bytes.try_get_i32().ok()?) };
        let length = usize::try_from(length.max(0)).ok()?;
        self.count(length)?;
        for _ in 0..length {
            element(self)?;
        }
        Some(())
    }

    fn tagged_fields(&mut self) -> Option<()> {
        let count = usize::try_from(self.unsigned_varint()?).ok()?;
        self.count(count)?;
        for _ in 0..count {
            self.unsigned_varint()?;
            let size = self.unsigned_varint()?;
            self.skip(i64::from(size))?;
        }
        Some(())
    }

    /// Takes note of elements to come; each has a byte at least.
    fn count(&mut self, elements: usize) -> Option<()> {
        self.elements = self.elements.checked_add(elements)?;
        (elements <= self.bytes.len() && self.elements <= MAX_ELEMENTS).then_some(())
    }

    /// -1 for null.
    fn compact_length(&mut self) -> Option<i64> {
        Some(i64::from(self.unsigned_varint()?) - 1)
    }

    fn unsigned_varint(&mut self) -> Option<u32> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.bytes.try_get_u8().ok()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).ok();
            }
        }
        None
    }

    fn skip(&mut self, length: i64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    /// `""` every version, `"a"` from a on, `"a-b"` from a to b.
    fn has(&self, versions: &str) -> bool {
        let (from, to) = versions.split_once('-').unwrap_or((versions, ""));
        let bound = |text: &str, open: i16| text.parse().unwrap_or(open);
        (bound(from, 0)..=bound(to, i16::MAX)).contains(&self.version)
    }
}

/// Index of the `]` that closes what was opened before `tokens`.
fn matching_end(tokens: &[&str]) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "]" if depth == 0 => return Some(at),
            "]" => depth -= 1,
            opens if opens.starts_with('[') => depth += 1,
            _ => {}
        }
    }
    None
}
