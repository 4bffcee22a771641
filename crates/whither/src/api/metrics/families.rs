//! The metrics by name. Each group or partition is a series, never a record, key or member.

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;

use whither_core::verdict::Cause;

use super::Format;
use super::gathered::{Gathered, GroupLag};
use crate::live::{DELAY_BOUNDS, Delays, Settled, refusal_word};

/// Of the process as a whole.
const UNLABELLED: [(&str, &str); 0] = [];

/// What was gathered, to be written.
#[derive(Debug)]
pub(super) struct Exposition {
    pub(super) gathered: Gathered,
    pub(super) format: Format,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families { encoder, format: self.format };
        self.records(&mut families)?;
        self.groups(&mut families)?;
        self.whither(&mut families)?;
        self.counted(&mut families)?;
        self.spans(&mut families)
    }
}

impl Exposition {
    fn records(&self, families: &mut Families<'_>) -> fmt::Result {
        let cluster = &*self.gathered.cluster;
        let ended = |(of, records): (&Settled, &u64)| {
            let labels = [
                ("cluster", cluster.to_owned()),
                ("topic", of.topic.to_string()),
                ("group", of.group.to_string()),
                ("verdict", of.outcome.word().to_owned()),
                ("cause", of.cause.map_or("", Cause::id).to_owned()),
                ("certainty", of.certainty.word().to_owned()),
            ];
            (labels, *records)
        };
        let counted = self.gathered.counted.settled.iter().map(ended);
        families.counter("whither_records", "Records that came to an end; it never falls", counted)?;
        let settled = self.gathered.settled.iter().map(ended);
        families.gauge(
            "whither_records_settled",
            "Records by the end that they came to, as known now",
            settled,
        )?;
        let in_flight = self.gathered.in_flight.iter().map(|((topic, group), records)| {
            ([("cluster", cluster), ("topic", &**topic), ("group", &**group)], *records)
        });
        families.gauge("whither_records_in_flight", "Records that the group has still to read", in_flight)?;
        let residual = [([("cluster", cluster)], self.gathered.residual)];
        families.gauge(
            "whither_balance_residual",
            "Records counted by the reader less records of all verdicts: 0, or there is a bug",
            residual,
        )
    }

    fn groups(&self, families: &mut Families<'_>) -> fmt::Result {
        families.gauge(
            "whither_group_lag_records",
            "Records between the group's position and the log end",
            self.lags(|lag| lag.records),
        )?;
        families.gauge(
            "whither_group_lag_seconds",
            "How long the oldest of them has waited",
            self.lags(|lag| lag.seconds),
        )?;
        families.gauge(
            "whither_group_loses_data_in_seconds",
            "When the log start overtakes the group at the rates of now",
            self.lags(|lag| lag.loses_data_in_seconds),
        )
    }

    fn lags<V>(&self, of: impl Fn(&GroupLag) -> Option<V>) -> impl Iterator<Item = (impl EncodeLabelSet, V)> {
        self.gathered.lags.iter().filter_map(move |lag| {
            let (cluster, topic) = (&*self.gathered.cluster, &*lag.partition.topic);
            let names = [("cluster", cluster), ("group", &*lag.group), ("topic", topic)];
            Some(((names, [("partition", lag.partition.index)]), of(lag)?))
        })
    }

    fn whither(&self, families: &mut Families<'_>) -> fmt::Result {
        let cluster = || [("cluster", &*self.gathered.cluster)];
        families.gauge(
            "whither_ready",
            "1 while it has caught up enough to answer",
            [(cluster(), u64::from(self.gathered.ready))],
        )?;
        families.gauge(
            "whither_store_accepting",
            "0 while the store can't be written and nothing is read",
            [(cluster(), u64::from(self.gathered.accepting))],
        )?;
        families.gauge(
            "whither_store_bytes",
            "Size of what is stored",
            [(UNLABELLED, self.gathered.store_bytes)],
        )?;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        families.gauge("whither_build_info", "Which whither this is: always 1", [(version, 1_u64)])
    }

    fn counted(&self, families: &mut Families<'_>) -> fmt::Result {
        let counted = &self.gathered.counted;
        let facts = counted.facts.iter().map(|(source, n)| ([("source", source.word())], *n));
        families.counter("whither_facts", "Facts taken in since the process started", facts)?;
        let refused = counted
            .refused
            .iter()
            .map(|((source, why), n)| ([("source", source.word()), ("reason", refusal_word(*why))], *n));
        let spans = self.gathered.spans.iter().flat_map(|spans| &spans.reasons);
        let refused = refused.chain(spans.map(|(why, n)| ([("source", "spans"), ("reason", *why)], *n)));
        families.counter("whither_refused", "Facts and spans refused since the process started", refused)?;
        families.counter(
            "whither_reader_records",
            "Records read since the process started",
            [(UNLABELLED, counted.records)],
        )?;
        let revised = counted.revised.iter().map(|((from, to, certainty), n)| {
            ([("from", from.word()), ("to", to.word()), ("certainty", certainty.word())], *n)
        });
        families.counter(
            "whither_verdict_revisions",
            "Findings whose verdict later evidence changed since the process started",
            revised,
        )?;
        families.histogram(
            "whither_verdict_delay_seconds",
            "From a commit, as the broker timed it, until what follows from it is told",
            &counted.delays,
        )
    }

    fn spans(&self, families: &mut Families<'_>) -> fmt::Result {
        let Some(spans) = &self.gathered.spans else { return Ok(()) };
        let requests = spans
            .requests
            .iter()
            .map(|((transport, result), n)| ([("transport", transport.word()), ("result", result)], *n));
        families.counter("whither_otlp_requests", "Requests with spans, by what was answered", requests)?;
        let by_result = [("accepted", spans.accepted), ("refused", spans.refused)];
        families.counter(
            "whither_otlp_spans",
            "Spans of the requests that were taken",
            by_result.map(|(result, n)| ([("result", result)], n)),
        )?;
        families.gauge(
            "whither_otlp_bytes_under_way",
            "Bytes of requests that came and are not kept yet",
            [(UNLABELLED, spans.bytes_under_way)],
        )?;
        let listening = spans.listening.iter();
        families.gauge(
            "whither_otlp_listening",
            "0 while the address is taken by another program, and no spans come in by it",
            listening.map(|(transport, does)| ([("transport", transport.word())], u64::from(*does))),
        )
    }
}

/// Writes one family after the other.
struct Families<'a> {
    encoder: DescriptorEncoder<'a>,
    format: Format,
}

impl Families<'_> {
    fn counter<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let total = format!("{name}_total");
        match self.format {
            // The older format knows a counter by the name of its samples.
            Format::Text => self.family(&total, help, MetricType::Counter, samples),
            Format::OpenMetrics => {
                let mut samples = samples.into_iter().peekable();
                if samples.peek().is_none() {
                    return Ok(());
                }
                let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
                samples.try_for_each(|(labels, value)| {
                    family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)
                })
            }
        }
    }

    fn gauge<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, samples)
    }

    fn histogram(&mut self, name: &str, help: &str, delays: &Delays) -> fmt::Result {
        let buckets: Vec<(f64, u64)> = DELAY_BOUNDS.into_iter().zip(delays.counts).collect();
        let sum = Duration::from_millis(delays.sum_ms).as_secs_f64();
        let count = delays.counts.iter().sum();
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        family.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    /// A family whose samples are named as it is; none where there are no samples.
    fn family<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        samples: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let mut family = self.encoder.encode_descriptor(name, help, None, kind)?;
        samples.try_for_each(|(labels, value)| family.encode_family(&labels)?.encode_gauge(&value))
    }
}
