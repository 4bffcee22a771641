//! Jaeger's `uber-trace-id`: `{trace}:{span}:{parent}:{flags}`, leading zeros left out.

use super::{Context, Format, Headers, Propagated, Sampling, Values, hex};

/// Flags, a bit each.
const SAMPLED: u8 = 1;
const DEBUG: u8 = 2;
const FIREHOSE: u8 = 8;

pub(super) fn read(headers: Headers<'_>) -> Option<Propagated> {
    let values = Values::of(headers, "uber-trace-id");
    let text = values.last().transpose()?;
    let context = text.and_then(|text| parse(text).map_err(|why| values.wrong(why)));
    let mut notes: Vec<String> = values.notes().collect();
    // Clients of the Jaeger project wrote a header for each item.
    let items = headers.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("uberctx-"));
    notes.extend(items.map(|(name, _)| format!("{name} is an item of Jaeger's own baggage")));
    Some(Propagated { format: Format::Jaeger, context, notes })
}

fn parse(text: &str) -> Result<Context, String> {
    // Some clients wrote it as in a URL.
    let text = text.replace("%3A", ":").replace("%3a", ":");
    let fields: Vec<&str> = text.split(':').collect();
    let &[trace, span, parent, flags] = fields.as_slice() else {
        return Err(format!("it has {} fields, not trace:span:parent:flags", fields.len()));
    };
    let trace = id("trace id", trace, 32)?;
    let span = id("span id", span, 16)?;
    let flags = hex::flags(flags).ok_or_else(|| format!("its flags {flags:?} are no byte"))?;
    let sampling = match flags {
        _ if flags & DEBUG == DEBUG => Sampling::Debug,
        _ if flags & SAMPLED == SAMPLED => Sampling::Sampled,
        _ => Sampling::NotSampled,
    };
    let mut context = Context::new(trace, span, sampling);
    // 0 since parents are no longer told.
    if !parent.is_empty() && parent.bytes().any(|b| b != b'0') {
        context.parent_id = Some(id("parent", parent, 16)?);
    }
    if flags & FIREHOSE == FIREHOSE {
        context.more.push(("firehose", "kept out of indexes".to_owned()));
    }
    Ok(context)
}

fn id(what: &str, text: &str, digits: usize) -> Result<String, String> {
    if text.is_empty() || text.len() > digits {
        return Err(format!("its {what} has {} characters, not 1 to {digits}", text.len()));
    }
    let filled = format!("{:0>digits$}", text.to_ascii_lowercase());
    hex::fault(what, &filled, digits).map_or(Ok(filled), Err)
}
