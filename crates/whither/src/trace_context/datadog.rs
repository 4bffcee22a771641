//! Datadog's headers: decimal numbers, the upper half of the trace id among the tags.

use super::{Context, Format, Headers, Invalid, Propagated, Sampling, Values, hex};

pub(super) fn read(headers: Headers<'_>) -> Option<Propagated> {
    let [trace, span, priority, origin, tags] = [
        "x-datadog-trace-id",
        "x-datadog-parent-id",
        "x-datadog-sampling-priority",
        "x-datadog-origin",
        "x-datadog-tags",
    ]
    .map(|name| Values::of(headers, name));
    let all = [&trace, &span, &priority, &origin, &tags];
    if !all.iter().any(|values| values.is_there()) {
        return None;
    }
    let notes = all.iter().flat_map(|values| values.notes()).collect();
    let context = parse(&trace, &span, &priority, &origin, &tags);
    Some(Propagated { format: Format::Datadog, context, notes })
}

fn parse(
    trace: &Values<'_>,
    span: &Values<'_>,
    priority: &Values<'_>,
    origin: &Values<'_>,
    tags: &Values<'_>,
) -> Result<Context, Invalid> {
    let low = number(trace)?.ok_or_else(|| trace.wrong("it is missing"))?;
    let high = match tags.last()?.and_then(|tags| tag(tags, "_dd.p.tid")) {
        None => "0".repeat(16),
        Some(id) => match hex::fault("_dd.p.tid", id, 16) {
            Some(why) => return Err(tags.wrong(why)),
            None => id.to_owned(),
        },
    };
    let sampling = match priority.last()?.map(str::parse::<i32>) {
        None => Sampling::Deferred,
        Some(Err(_)) => return Err(priority.wrong("its value is no number")),
        Some(Ok(n)) if n > 0 => Sampling::Sampled,
        Some(Ok(_)) => Sampling::NotSampled,
    };
    let span_id = number(span)?;
    let mut context = Context::new(format!("{high}{low:016x}"), String::new(), sampling);
    context.span_id = span_id.map(|id| format!("{id:016x}"));
    if let Some(n) = priority.last()? {
        let why = match n {
            "-1" => "dropped by a rule or a user",
            "0" => "dropped by the sampler",
            "1" => "kept by the sampler",
            "2" => "kept by a rule or a user",
            _ => "an unknown priority",
        };
        context.more.push(("priority", format!("{n}: {why}")));
    }
    if let Some(origin) = origin.last()? {
        context.more.push(("origin", origin.to_owned()));
    }
    Ok(context)
}

fn number(values: &Values<'_>) -> Result<Option<u64>, Invalid> {
    let Some(text) = values.last()? else { return Ok(None) };
    let number = text.parse::<u64>();
    let number = number.map_err(|_| values.wrong(format!("{text:?} is no decimal number of 64 bits")))?;
    hex::zeros("number", &number.to_string()).map_or(Ok(Some(number)), |why| Err(values.wrong(why)))
}

fn tag<'a>(tags: &'a str, name: &str) -> Option<&'a str> {
    tags.split(',').filter_map(|tag| tag.split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value)
}
