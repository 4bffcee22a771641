//! A span in two parts: what has columns of its own, and the rest as it was sent.

use crate::span::{Kind, Span, SpanId, TraceId};
use crate::wire::Fields;

/// The fields of a span that a store has columns for. Behind them its [`Span::rest`] makes the span whole again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head<'a> {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// Its parent.
    pub parent_id: Option<SpanId>,
    /// Its name, as far as a column holds it.
    pub name: &'a str,
    /// Its role.
    pub kind: Kind,
    /// When it began.
    pub start_nanos: u64,
    /// When it ended.
    pub end_nanos: u64,
}

impl Head<'_> {
    /// The span's message: these fields, then the rest. Of a field that stands in both the rest's holds, as protobuf says.
    #[must_use]
    pub fn join(&self, rest: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(80 + self.name.len() + rest.len());
        bytes(&mut out, 1, &self.trace_id.0);
        bytes(&mut out, 2, &self.span_id.0);
        if let Some(parent) = self.parent_id {
            bytes(&mut out, 4, &parent.0);
        }
        bytes(&mut out, 5, self.name.as_bytes());
        out.extend([6 << 3, self.kind.number()]);
        for (number, nanos) in [(7, self.start_nanos), (8, self.end_nanos)] {
            out.push(number << 3 | 1);
            out.extend(nanos.to_le_bytes());
        }
        out.extend_from_slice(rest);
        out
    }
}

fn bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    let mut len = bytes.len();
    while len >= 0x80 {
        out.push(u8::try_from(len & 0x7f).unwrap_or_default() | 0x80);
        len >>= 7;
    }
    out.push(u8::try_from(len).unwrap_or_default());
    out.extend_from_slice(bytes);
}

impl<'a> Span<'a> {
    /// What a [`Head`] with this name holds of it.
    #[must_use]
    pub const fn head<'n>(&self, name: &'n str) -> Head<'n> {
        Head {
            trace_id: self.trace_id,
            span_id: self.span_id,
            parent_id: self.parent_id,
            name,
            kind: self.kind,
            start_nanos: self.start_nanos,
            end_nanos: self.end_nanos,
        }
    }

    /// Appends the fields that its head with this name does not hold: those that have no place there, and those that can't be
    /// told there as they were sent.
    pub fn rest(&self, name: &str, out: &mut Vec<u8>) {
        let mut fields = Fields::new(self.encoded());
        loop {
            let before = fields.rest();
            let Some(Ok((number, _))) = fields.next() else { return };
            let held = match number {
                1 | 2 | 7 | 8 => true,
                4 => self.parent_id.is_some(),
                5 => self.name.as_bytes() == name.as_bytes(),
                6 => self.kind != Kind::Unspecified,
                _ => false,
            };
            if !held {
                let len = before.len() - fields.rest().len();
                out.extend_from_slice(before.get(..len).unwrap_or_default());
            }
        }
    }
}
