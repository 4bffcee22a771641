//! Examples from the specifications, and what is wrong with others.

use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn read(headers: &[(&str, &str)]) -> TraceContext {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).into()))).collect();
    TraceContext::of(&headers)
}

/// The one context there is, in one line.
fn line(headers: &[(&str, &str)]) -> String {
    let all = read(headers);
    let [one] = all.contexts.as_slice() else { panic!("{all:?}") };
    match &one.context {
        Err(invalid) => invalid.to_string(),
        Ok(c) => {
            let parent = c.parent_id.as_ref().map(|id| format!(" of {id}")).unwrap_or_default();
            let ids = [&c.trace_id, &c.span_id].map(|id| id.as_deref().unwrap_or("-"));
            format!("{}/{}{parent}, {}", ids[0], ids[1], c.sampling)
        }
    }
}

#[test]
fn each_format_is_read() {
    let sampled = format!("{TRACE}/{SPAN}, sampled");
    assert_eq!(line(&[("traceparent", &format!("00-{TRACE}-{SPAN}-01"))]), sampled);
    assert_eq!(line(&[("b3", &format!("{TRACE}-{SPAN}-1"))]), sampled);
    assert_eq!(line(&[("uber-trace-id", &format!("{TRACE}:f067aa0ba902b7:0:1"))]), sampled);
    let multi = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN), ("X-B3-Sampled", "1")];
    assert_eq!(line(&multi), sampled);
    let datadog = [
        ("x-datadog-trace-id", "11803532876627986230"),
        ("x-datadog-parent-id", "67667974448284343"),
        ("x-datadog-sampling-priority", "2"),
        ("x-datadog-tags", "_dd.p.dm=-4,_dd.p.tid=4bf92f3577b34da6"),
    ];
    assert_eq!(line(&datadog), sampled);
}

#[test]
fn what_only_some_write_is_read_too() {
    assert_eq!(line(&[("b3", "0")]), "-/-, not sampled");
    let parent = "00f067aa0ba902b8";
    assert_eq!(
        line(&[("b3", &format!("{SPAN}-{SPAN}-d-{parent}"))]),
        format!("{SPAN:0>32}/{SPAN} of {parent}, sampled, for debugging")
    );
    assert_eq!(
        line(&[("uber-trace-id", "1%3Aa%3A7%3A0")]),
        format!("{:0>32}/{:0>16} of {:0>16}, not sampled", 1, 'a', 7)
    );
    // A later version may have more fields.
    assert_eq!(
        line(&[("traceparent", &format!("cc-{TRACE}-{SPAN}-00-what-comes"))]),
        format!("{TRACE}/{SPAN}, not sampled")
    );
    assert_eq!(
        line(&[("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)]),
        format!("{TRACE}/{SPAN}, the sampling is left to the reader")
    );
}

#[test]
fn it_is_said_why_a_context_is_not_valid() {
    let upper = TRACE.to_uppercase();
    let zeros = "0".repeat(32);
    let wrong = [
        ("traceparent", format!("00-{zeros}-{SPAN}-01"), "its trace id is all zeros"),
        ("traceparent", format!("00-{TRACE}-{}-01", "0".repeat(16)), "its span id is all zeros"),
        ("traceparent", format!("00-{upper}-{SPAN}-01"), "upper-case digits"),
        ("traceparent", format!("ff-{TRACE}-{SPAN}-01"), "version ff is forbidden"),
        ("traceparent", format!("00-{TRACE}-{SPAN}-01-more"), "version 00 has 55 characters, this has 60"),
        ("traceparent", format!("00-{TRACE}-{SPAN}"), "not version-trace-span-flags"),
        ("traceparent", format!("0-{TRACE}-{SPAN}-01"), "not two lower-case hexadecimal digits"),
        ("traceparent", format!("00-{}-{SPAN}-01", &TRACE[1..]), "has 31 characters, not 32"),
        ("traceparent", format!("00-{TRACE}-{SPAN}-+1"), "its flags are not"),
        ("traceparent", format!("00-{}-{SPAN}-01", "ö".repeat(16)), "no hexadecimal digit"),
        ("b3", "yes".to_owned(), "nor one of 0, 1 and d"),
        ("b3", format!("{TRACE}-{SPAN}-2"), "its sampling \"2\""),
        ("X-B3-TraceId", TRACE.to_owned(), "X-B3-SpanId: it is missing"),
        ("uber-trace-id", format!("{TRACE}:{SPAN}:0"), "it has 3 fields"),
        ("uber-trace-id", format!(":{SPAN}:0:1"), "its trace id has 0 characters"),
        ("x-datadog-trace-id", TRACE.to_owned(), "is no decimal number of 64 bits"),
        ("x-datadog-parent-id", "1".to_owned(), "x-datadog-trace-id: it is missing"),
    ];
    for (name, value, why) in wrong {
        let told = line(&[(name, &value)]);
        assert!(told.contains(why), "{name}={value}: {told}");
    }
    let null = TraceContext::of(&[("traceparent".into(), None)]);
    assert!(null.has_invalid() && null.contexts[0].context.as_ref().unwrap_err().why.contains("null"));
    let bytes = TraceContext::of(&[("traceparent".into(), Some(vec![0xff, 0]))]);
    assert!(bytes.contexts[0].context.as_ref().unwrap_err().why.contains("no UTF-8"));
}

#[test]
fn a_header_that_stands_twice_is_said() {
    let (a, b) = (format!("00-{TRACE}-{SPAN}-01"), format!("00-{}-{SPAN}-01", "a".repeat(32)));
    let twice = read(&[("traceparent", &a), ("traceparent", &b)]);
    assert_eq!(twice.contexts[0].context.as_ref().unwrap().trace_id, Some("a".repeat(32)));
    assert!(twice.contexts[0].notes[0].contains("2 times with different values"), "{twice:?}");
    let same = read(&[("traceparent", &a), ("traceparent", &a), ("Traceparent", &a)]);
    assert_eq!(same.contexts[0].notes.len(), 2, "{same:?}");
    assert!(same.contexts[0].notes[0].contains("always the same"), "{same:?}");
}

#[test]
fn contexts_that_disagree_are_said() {
    let w3c = ("traceparent", format!("00-{TRACE}-{SPAN}-01"));
    let half = [(w3c.0, w3c.1.as_str()), ("x-datadog-trace-id", "11803532876627986230")];
    assert_eq!(read(&half).notes, Vec::<String>::new());
    let other = [(w3c.0, w3c.1.as_str()), ("x-datadog-trace-id", "5")];
    assert!(read(&other).notes[0].contains("name different traces"));
    assert!(read(&[("tracestate", "a=b")]).notes[0].contains("without a traceparent"));
}

#[test]
fn state_tells_how_many_traces_were_kept() {
    let state = |text| read(&[("tracestate", text)]).state.unwrap();
    let kept = state(" ot=th:8;rv:6e6d1a75832a2f , dd=s:1;o:rum,fw529a3039@dt=FfAA").unwrap();
    assert_eq!(
        kept.members.iter().map(|m| m.key.as_str()).collect::<Vec<_>>(),
        ["ot", "dd", "fw529a3039@dt"]
    );
    assert_eq!(kept.members[0].sampled.unwrap().share(), 0.5);
    assert_eq!(state("ot=th:0").unwrap().members[0].sampled.unwrap().share(), 1.0);
    let wrong = [
        ("ot=th:xyz", "not 1 to 14 hexadecimal"),
        ("a=1,a=2", "twice"),
        ("A=1", "is no key"),
        ("a", "no key=value"),
        ("a=", "is empty"),
        ("a=b=c", "not printable"),
    ];
    for (text, why) in wrong {
        let told = state(text).unwrap_err().to_string();
        assert!(told.contains(why), "{text}: {told}");
    }
    let many: Vec<String> = (0..33).map(|i| format!("k{i}=v")).collect();
    assert!(state(&many.join(",")).unwrap_err().why.contains("at most 32"));
}

#[test]
fn baggage_is_decoded() {
    let baggage = |text: &str| read(&[("baggage", text)]).baggage.unwrap();
    let two = baggage("user = Am%C3%A9lie ; secret;ttl=3,plan=a%2Cb%").unwrap();
    let told: Vec<_> = two.entries.iter().map(|e| (e.key.as_str(), e.value.as_str())).collect();
    assert_eq!(told, [("user", "Amélie"), ("plan", "a,b%")]);
    assert_eq!(two.entries[0].properties, ["secret", "ttl=3"]);
    for (text, why) in [
        ("a b=c", "is no key"),
        ("a=\"b\"", "percent-encoded"),
        ("a=%ff", "not UTF-8"),
        ("a", "no key=value"),
    ] {
        let told = baggage(text).unwrap_err().to_string();
        assert!(told.contains(why), "{text}: {told}");
    }
    let many: Vec<String> = (0..65).map(|i| format!("k{i}=v")).collect();
    assert_eq!(baggage(&many.join(",")).unwrap().notes.len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_header_makes_it_panic(values in proptest::collection::vec("[0-9a-f:%=;,@-]{0,60}|\\PC{0,20}", 14)) {
        let names = [
            "traceparent", "tracestate", "baggage", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId",
            "X-B3-Sampled", "X-B3-Flags", "uber-trace-id", "x-datadog-trace-id", "x-datadog-parent-id",
            "x-datadog-tags", "x-datadog-sampling-priority",
        ];
        let headers: Vec<_> = names.iter().map(|n| (*n).to_owned()).zip(values.into_iter().map(|v| Some(v.into_bytes()))).collect();
        let read = TraceContext::of(&headers);
        proptest::prop_assert_eq!(read.contexts.len(), 5);
    }
}
