//! From a request to its spans.

use crate::refused::Refused;
use crate::span::{Resource, Scope, Span};
use crate::wire::{Fields, Malformed, once};

/// The spans of an `ExportTraceServiceRequest`, or of a `TracesData`, which looks the same.
#[must_use]
pub fn spans(request: &[u8]) -> Spans<'_> {
    let empty = || Fields::new(&[]);
    Spans {
        request: Fields::new(request),
        of_resource: empty(),
        of_scope: empty(),
        resource: Resource::default(),
        scope: Scope::default(),
    }
}

/// Spans in the order they stand.
#[derive(Clone, Debug)]
pub struct Spans<'a> {
    request: Fields<'a>,
    of_resource: Fields<'a>,
    of_scope: Fields<'a>,
    resource: Resource<'a>,
    scope: Scope<'a>,
}

impl<'a> Spans<'a> {
    /// The next span's bytes, with its resource and scope in their places.
    fn advance(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        loop {
            if let Some(span) = next(&mut self.of_scope, 2)? {
                return Ok(Some(span));
            }
            if let Some(scope_spans) = next(&mut self.of_resource, 2)? {
                self.scope = single(scope_spans)?.map_or(Ok(Scope::default()), Scope::read)?;
                self.of_scope = Fields::new(scope_spans);
                continue;
            }
            let Some(resource_spans) = next(&mut self.request, 1)? else { return Ok(None) };
            self.resource = single(resource_spans)?.map_or(Resource::default(), Resource::read);
            self.of_resource = Fields::new(resource_spans);
        }
    }
}

impl<'a> Iterator for Spans<'a> {
    type Item = Result<Span<'a>, Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(span) => span.map(|span| Span::read(span, self.resource, self.scope)),
            Err(malformed) => {
                // What follows can't be found.
                *self = spans(&[]);
                Some(Err(Refused::Request(malformed)))
            }
        }
    }
}

/// The next field of this number.
fn next<'a>(fields: &mut Fields<'a>, number: u32) -> Result<Option<&'a [u8]>, Malformed> {
    for field in fields {
        let (n, field) = field?;
        if n == number {
            return field.bytes().map(Some);
        }
    }
    Ok(None)
}

/// What stands once, in both messages under number 1: it may come behind what it holds for.
fn single(message: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let mut found = None;
    for field in Fields::new(message) {
        let (number, field) = field?;
        if number == 1 {
            once(&mut found, field)?;
        }
    }
    Ok(found)
}
