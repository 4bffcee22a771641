//! `traceparent`, as W3C Trace Context (level 2, section 3.2) has it.

use super::{Context, Format, Headers, Propagated, Sampling, Values, hex};

/// The length of version 00; later versions may be longer.
const LENGTH: usize = 55;

pub(super) fn read(headers: Headers<'_>) -> Option<Propagated> {
    let values = Values::of(headers, "traceparent");
    let text = values.last().transpose()?;
    let context = text.and_then(|text| parse(text).map_err(|why| values.wrong(why)));
    Some(Propagated { format: Format::W3c, context, notes: values.notes().collect() })
}

fn parse(text: &str) -> Result<Context, String> {
    let mut fields = text.split('-');
    let version = fields.next().unwrap_or_default();
    if version.len() != 2 || !version.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err(format!("its version {version:?} is not two lower-case hexadecimal digits"));
    }
    if version == "ff" {
        return Err("its version ff is forbidden".to_owned());
    }
    let (Some(trace), Some(span), Some(flags)) = (fields.next(), fields.next(), fields.next()) else {
        return Err("it is not version-trace-span-flags".to_owned());
    };
    if let Some(why) = hex::fault("trace id", trace, 32).or_else(|| hex::fault("span id", span, 16)) {
        return Err(why);
    }
    let flags = Some(flags).filter(|f| f.len() == 2).and_then(hex::flags);
    let flags = flags.ok_or("its flags are not two hexadecimal digits")?;
    if version == "00" && text.len() != LENGTH {
        return Err(format!("version 00 has {LENGTH} characters, this has {}", text.len()));
    }
    let sampling = if flags & 1 == 1 { Sampling::Sampled } else { Sampling::NotSampled };
    let mut context = Context::new(trace.to_owned(), span.to_owned(), sampling);
    if version != "00" {
        context.more.push(("version", format!("{version}, read as 00")));
    }
    if flags & 2 == 2 {
        context.more.push(("random", "the last 7 bytes of the trace id are random".to_owned()));
    }
    Ok(context)
}
