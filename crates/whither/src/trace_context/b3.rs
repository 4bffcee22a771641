//! Zipkin's B3 (openzipkin/b3-propagation), in one header and in several.

use super::{Context, Format, Headers, Invalid, Propagated, Sampling, Values, hex};

pub(super) fn single(headers: Headers<'_>) -> Option<Propagated> {
    let values = Values::of(headers, "b3");
    let text = values.last().transpose()?;
    let context = text.and_then(|text| parse_single(text).map_err(|why| values.wrong(why)));
    Some(Propagated { format: Format::B3Single, context, notes: values.notes().collect() })
}

/// `{trace}-{span}[-{sampling}[-{parent}]]`, or the sampling alone.
fn parse_single(text: &str) -> Result<Context, String> {
    if let Some(sampling) = sampling_of(text) {
        return Ok(decision(sampling));
    }
    let fields: Vec<&str> = text.split('-').collect();
    let (trace, span, rest) = match fields.as_slice() {
        [trace, span, rest @ ..] if rest.len() <= 2 => (*trace, *span, rest),
        _ => return Err("it is neither trace-span-sampling-parent nor one of 0, 1 and d".to_owned()),
    };
    let sampling = match rest.first() {
        None => Sampling::Deferred,
        Some(letter) => {
            sampling_of(letter).ok_or(format!("its sampling {letter:?} is none of 0, 1 and d"))?
        }
    };
    let mut context = ids(trace, span, sampling)?;
    if let Some(parent) = rest.get(1) {
        context.parent_id = Some(span_id("parent", parent)?);
    }
    Ok(context)
}

pub(super) fn multi(headers: Headers<'_>) -> Option<Propagated> {
    let [trace, span, parent, sampled, flags] =
        ["X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled", "X-B3-Flags"]
            .map(|name| Values::of(headers, name));
    let all = [&trace, &span, &parent, &sampled, &flags];
    if !all.iter().any(|values| values.is_there()) {
        return None;
    }
    let notes = all.iter().flat_map(|values| values.notes()).collect();
    let context = read_multi(&trace, &span, &parent, &sampled, &flags);
    Some(Propagated { format: Format::B3Multi, context, notes })
}

fn read_multi(
    trace: &Values<'_>,
    span: &Values<'_>,
    parent: &Values<'_>,
    sampled: &Values<'_>,
    flags: &Values<'_>,
) -> Result<Context, Invalid> {
    let sampling = match (flags.last()?, sampled.last()?) {
        (Some("1"), _) => Sampling::Debug,
        (_, None) => Sampling::Deferred,
        (_, Some("1" | "true")) => Sampling::Sampled,
        (_, Some("0" | "false")) => Sampling::NotSampled,
        (_, Some(other)) => return Err(sampled.wrong(format!("{other:?} is neither 1 nor 0"))),
    };
    let (trace_id, span_id_) = match (trace.last()?, span.last()?) {
        (Some(trace), Some(span)) => (trace, span),
        (Some(_), None) => return Err(span.wrong("it is missing beside X-B3-TraceId")),
        (None, Some(_)) => return Err(trace.wrong("it is missing beside X-B3-SpanId")),
        (None, None) => return Ok(decision(sampling)),
    };
    let mut context = Context::new(
        trace_id_of(trace_id).map_err(|why| trace.wrong(why))?,
        span_id("span id", span_id_).map_err(|why| span.wrong(why))?,
        sampling,
    );
    if let Some(id) = parent.last()? {
        context.parent_id = Some(span_id("span id", id).map_err(|why| parent.wrong(why))?);
    }
    Ok(context)
}

fn ids(trace: &str, span: &str, sampling: Sampling) -> Result<Context, String> {
    Ok(Context::new(trace_id_of(trace)?, span_id("span id", span)?, sampling))
}

/// 32 digits, or 16 by older tracers.
fn trace_id_of(text: &str) -> Result<String, String> {
    let digits = if text.len() == 16 { 16 } else { 32 };
    hex::fault("trace id", text, digits).map_or_else(|| Ok(format!("{text:0>32}")), Err)
}

fn span_id(what: &str, text: &str) -> Result<String, String> {
    hex::fault(what, text, 16).map_or_else(|| Ok(text.to_owned()), Err)
}

fn sampling_of(letter: &str) -> Option<Sampling> {
    match letter {
        "1" => Some(Sampling::Sampled),
        "0" => Some(Sampling::NotSampled),
        "d" => Some(Sampling::Debug),
        _ => None,
    }
}

/// The sampling alone: whoever reads it begins a trace of its own.
fn decision(sampling: Sampling) -> Context {
    Context { trace_id: None, span_id: None, parent_id: None, sampling, more: Vec::new() }
}
