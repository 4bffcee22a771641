//! A span, and what is around it.

use std::fmt;

use crate::attributes::{Attributes, Text, of_number};
use crate::refused::Refused;
use crate::wire::{Field, Fields, Malformed, once};

/// A trace's id: 16 bytes, not all zeros.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub [u8; 16]);

/// A span's id: 8 bytes, not all zeros.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub [u8; 8]);

impl TraceId {
    fn of(bytes: &[u8]) -> Option<TraceId> {
        bytes.try_into().ok().filter(|id| *id != [0; 16]).map(TraceId)
    }
}

impl SpanId {
    fn of(bytes: &[u8]) -> Option<SpanId> {
        bytes.try_into().ok().filter(|id| *id != [0; 8]).map(SpanId)
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who sent spans: a process of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Resource<'a> {
    /// What it says of itself: `service.name` and so on.
    pub attributes: Attributes<'a>,
}

/// The instrumentation that made spans.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Scope<'a> {
    message: &'a [u8],
    /// Its name.
    pub name: Text<'a>,
    /// Its version.
    pub version: Text<'a>,
    /// What it says of itself.
    pub attributes: Attributes<'a>,
}

/// The role of a span in its trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the words of the specification")]
pub enum Kind {
    /// Not told, or a kind that is not known.
    #[default]
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// How a span ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Status<'a> {
    /// In a word.
    pub code: StatusCode,
    /// What was said of an error.
    pub message: Text<'a>,
}

/// How a span ended, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the words of the specification")]
pub enum StatusCode {
    #[default]
    Unset,
    Ok,
    Error,
}

/// A span. Times are nanoseconds since the epoch, as they were told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span<'a> {
    /// The process that sent it.
    pub resource: Resource<'a>,
    /// The instrumentation that made it.
    pub scope: Scope<'a>,
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// Its parent; none for a root.
    pub parent_id: Option<SpanId>,
    /// The W3C `tracestate` it was made under.
    pub trace_state: Text<'a>,
    /// Its name.
    pub name: Text<'a>,
    /// Its role.
    pub kind: Kind,
    /// When it began.
    pub start_nanos: u64,
    /// When it ended.
    pub end_nanos: u64,
    /// What is told of it.
    pub attributes: Attributes<'a>,
    /// Attributes that were dropped by its process.
    pub dropped_attributes: u32,
    /// Links that were dropped by its process: 128 are kept by default.
    pub dropped_links: u32,
    /// How it ended.
    pub status: Status<'a>,
    /// The W3C flags in the lowest byte; bits 8 and 9 tell whether the parent is remote.
    pub flags: u32,
    message: &'a [u8],
}

/// Something that happened within a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Event<'a> {
    /// When, in nanoseconds since the epoch.
    pub nanos: u64,
    /// What.
    pub name: Text<'a>,
    /// More of it.
    pub attributes: Attributes<'a>,
}

/// A span that this one follows from, as each record of a batch does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link<'a> {
    /// Its trace; none for the all-zero links that stand for records without a context.
    pub trace_id: Option<TraceId>,
    /// Its id.
    pub span_id: Option<SpanId>,
    /// Its `tracestate`.
    pub trace_state: Text<'a>,
    /// What holds for this link alone, as a record's offset does.
    pub attributes: Attributes<'a>,
}

impl<'a> Span<'a> {
    /// What a span's own message says, as [`Head::join`](crate::Head::join) makes it.
    ///
    /// # Errors
    /// The bytes are no message of this type, or the ids are none.
    pub fn read(message: &'a [u8], resource: Resource<'a>, scope: Scope<'a>) -> Result<Span<'a>, Refused> {
        let (mut trace, mut span, mut parent, mut status) = (&[][..], &[][..], &[][..], None);
        let mut read = Span {
            resource,
            scope,
            trace_id: TraceId([0; 16]),
            span_id: SpanId([0; 8]),
            parent_id: None,
            trace_state: Text::default(),
            name: Text::default(),
            kind: Kind::Unspecified,
            start_nanos: 0,
            end_nanos: 0,
            attributes: Attributes::of_span(message),
            dropped_attributes: 0,
            dropped_links: 0,
            status: Status::default(),
            flags: 0,
            message,
        };
        let mut take = |(number, field): (u32, Field<'a>)| -> Result<(), Malformed> {
            match number {
                1 => trace = field.bytes()?,
                2 => span = field.bytes()?,
                3 => read.trace_state = Text::new(field.bytes()?),
                4 => parent = field.bytes()?,
                5 => read.name = Text::new(field.bytes()?),
                6 => read.kind = Kind::of(field.uint32()?),
                7 => read.start_nanos = field.fixed64()?,
                8 => read.end_nanos = field.fixed64()?,
                10 => read.dropped_attributes = field.uint32()?,
                14 => read.dropped_links = field.uint32()?,
                15 => once(&mut status, field)?,
                16 => read.flags = field.fixed32()?,
                // Attributes, events and links are read when they are asked for.
                9 | 11 | 13 => drop(field.bytes()?),
                _ => {}
            }
            Ok(())
        };
        Fields::new(message).try_for_each(|field| take(field?)).map_err(Refused::Span)?;
        read.trace_id = TraceId::of(trace).ok_or(Refused::TraceId)?;
        read.span_id = SpanId::of(span).ok_or(Refused::SpanId)?;
        read.parent_id = SpanId::of(parent);
        read.status = status.map_or(Ok(Status::default()), Status::read).map_err(Refused::Span)?;
        Ok(read)
    }

    /// What happened within it. One that can't be read is an error among them.
    pub fn events(&self) -> impl Iterator<Item = Result<Event<'a>, Malformed>> {
        of_number(self.message, 11).map(|field| Event::read(field?.bytes()?))
    }

    /// What it follows from. One that can't be read is an error among them.
    pub fn links(&self) -> impl Iterator<Item = Result<Link<'a>, Malformed>> {
        of_number(self.message, 13).map(|field| Link::read(field?.bytes()?))
    }

    /// The bytes of the span itself.
    #[must_use]
    pub const fn encoded(&self) -> &'a [u8] {
        self.message
    }
}

impl Kind {
    /// Its number in OTLP.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    const fn of(number: u32) -> Kind {
        match number {
            1 => Kind::Internal,
            2 => Kind::Server,
            3 => Kind::Client,
            4 => Kind::Producer,
            5 => Kind::Consumer,
            _ => Kind::Unspecified,
        }
    }
}

impl<'a> Status<'a> {
    fn read(message: &'a [u8]) -> Result<Status<'a>, Malformed> {
        let mut status = Status::default();
        for field in Fields::new(message) {
            match field? {
                (2, field) => status.message = Text::new(field.bytes()?),
                (3, field) => {
                    status.code = match field.uint32()? {
                        1 => StatusCode::Ok,
                        2 => StatusCode::Error,
                        _ => StatusCode::Unset,
                    }
                }
                _ => {}
            }
        }
        Ok(status)
    }
}

impl<'a> Resource<'a> {
    /// What a resource's own message says.
    #[must_use]
    pub const fn read(message: &'a [u8]) -> Resource<'a> {
        Resource { attributes: Attributes::of(message, 1) }
    }

    /// The bytes of its message.
    #[must_use]
    pub const fn encoded(&self) -> &'a [u8] {
        self.attributes.message()
    }
}

impl<'a> Scope<'a> {
    /// The bytes of its message.
    #[must_use]
    pub const fn encoded(&self) -> &'a [u8] {
        self.message
    }

    /// What a scope's own message says.
    ///
    /// # Errors
    /// The bytes are no message of this type.
    pub fn read(message: &'a [u8]) -> Result<Scope<'a>, Malformed> {
        let mut scope = Scope { message, attributes: Attributes::of(message, 3), ..Scope::default() };
        for field in Fields::new(message) {
            match field? {
                (1, field) => scope.name = Text::new(field.bytes()?),
                (2, field) => scope.version = Text::new(field.bytes()?),
                _ => {}
            }
        }
        Ok(scope)
    }
}

impl<'a> Event<'a> {
    fn read(message: &'a [u8]) -> Result<Event<'a>, Malformed> {
        let mut event = Event { attributes: Attributes::of(message, 3), ..Event::default() };
        for field in Fields::new(message) {
            match field? {
                (1, field) => event.nanos = field.fixed64()?,
                (2, field) => event.name = Text::new(field.bytes()?),
                _ => {}
            }
        }
        Ok(event)
    }
}

impl<'a> Link<'a> {
    fn read(message: &'a [u8]) -> Result<Link<'a>, Malformed> {
        let attributes = Attributes::of(message, 4);
        let mut link = Link { trace_id: None, span_id: None, trace_state: Text::default(), attributes };
        for field in Fields::new(message) {
            match field? {
                (1, field) => link.trace_id = TraceId::of(field.bytes()?),
                (2, field) => link.span_id = SpanId::of(field.bytes()?),
                (3, field) => link.trace_state = Text::new(field.bytes()?),
                _ => {}
            }
        }
        Ok(link)
    }
}
