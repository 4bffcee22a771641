//! docs/benchmarks.md.

mod server;

use std::fmt::Write;

use crate::checking::Checking;
use crate::judging::Judging;
use crate::machine::Machine;
use crate::reading::{Read, Reader, Reading};
use crate::samples::Samples;
use crate::server::Server;

const MEGA: f64 = 1e6;
const MIB: f64 = 1_048_576.0;
/// What `check` may take, and what ordinary records may cost.
const CHECK_SECONDS: f64 = 10.0;
const CHECK_MIB: f64 = 150.0;
const GROWTH_MIB: f64 = 1.0;

/// Everything that was measured.
pub(crate) struct Page<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) kafka: &'a str,
    pub(crate) librdkafka: &'a str,
    pub(crate) reading: &'a Reading,
    pub(crate) judging: &'a Judging,
    pub(crate) checking: &'a Checking,
    pub(crate) server: &'a Server,
}

impl Page<'_> {
    pub(crate) fn render(&self) -> String {
        let mut page = String::new();
        page.push_str("# Benchmarks\n\nWritten by `./x bench`; do not edit.\n\n");
        self.machine(&mut page);
        self.targets(&mut page);
        self.reading(&mut page);
        self.judging(&mut page);
        self.checking(&mut page);
        server::render(self.server, &mut page);
        page
    }

    fn machine(&self, page: &mut String) {
        let m = self.machine;
        let rows = [
            ("date", m.date.clone()),
            ("machine", format!("{}, {} cores, {}", m.model, m.cores, m.memory)),
            ("kernel", m.kernel.clone()),
            ("load when it began", m.load.clone()),
            ("Kafka", format!("{}, one node on the same machine, plaintext over loopback", self.kafka)),
            ("librdkafka", self.librdkafka.to_owned()),
            ("rustc", m.rustc.clone()),
        ];
        table(page, &["", ""], rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]));
        page.push_str(
            "\nCosts are user and system time of a whole process, start to exit, as the kernel counts them, not \
             time on the wall: broker and readers share the cores. Compare ratios, which were taken side by side, \
             rather than figures of different machines.\n",
        );
    }

    fn targets(&self, page: &mut String) {
        page.push_str("\n## Targets\n\n");
        let mut rows = Vec::new();
        for read in &self.reading.codecs {
            for (reader, ratios) in &read.ratios {
                let Some(target) = reader.target(read.codec) else { continue };
                let what = format!("{}, {}", reader.name(), read.codec);
                let median = ratios.median();
                rows.push(target_row(
                    what,
                    format!("≥ {target} x librdkafka"),
                    format!("{median:.1} x"),
                    median >= target,
                ));
            }
        }
        let growth = self.growth_mib();
        rows.push(target_row(
            format!("memory for {} more ordinary records", count(self.judging.records - 1_000_000)),
            format!("≤ {GROWTH_MIB} MiB"),
            format!("{growth:+.2} MiB"),
            growth <= GROWTH_MIB,
        ));
        let (seconds, mib) = (self.checking.wall_seconds.median(), mib(self.checking.max_rss_bytes));
        let what = format!("`check`, {} positions", count(self.positions()));
        rows.push(target_row(
            format!("{what}, start to verdicts"),
            format!("≤ {CHECK_SECONDS} s"),
            format!("{seconds:.1} s"),
            seconds <= CHECK_SECONDS,
        ));
        rows.push(target_row(
            format!("{what}, largest resident set"),
            format!("≤ {CHECK_MIB} MiB"),
            format!("{mib:.0} MiB"),
            mib <= CHECK_MIB,
        ));
        rows.extend(server::targets(self.server));
        table(page, &["", "target", "measured", ""], rows);
    }

    fn reading(&self, page: &mut String) {
        let r = self.reading;
        let _ = write!(
            page,
            "\n## Reading\n\n{} records in {} partitions, written by librdkafka in batches of {}: a 14-byte key, an \
             87-byte JSON value, a `traceparent` header. Median of {} rounds (least to most), the readers taking \
             turns within each round; the ratio is to librdkafka in the same round. All check CRCs.\n\n\
             - librdkafka: `rd_kafka_consume_batch_queue`, {} at a time, `check.crcs=true`; looks at each key and \
             finds each `traceparent`. Its other settings are its defaults.\n\
             - headers: the same of every record by whither's fetcher and walker, and the key's hash, time, size.\n\
             - ledger: batch headers to facts, nothing opened; *through the core*: and the facts judged, which is \
             what `check` does with ordinary topics.\n\
             - bytes received only: the fetcher alone. What the kernel takes to copy the bytes is the floor of every \
             reader, and the largest part of the ledger's cost.\n",
            count(r.records),
            r.partitions,
            r.batch_records,
            r.rounds,
            count(1000),
        );
        for read in &r.codecs {
            let _ = write!(page, "\n### {}\n\n", read.codec);
            let header = ["", "M records per CPU s", "ratio", "M records per s", "largest resident set"];
            table(page, &header, read.rates.keys().map(|reader| reading_row(read, *reader)));
        }
    }

    fn judging(&self, page: &mut String) {
        let j = self.judging;
        let _ = write!(
            page,
            "\n## Judging\n\nMade-up facts of an ordinary cluster (12 partitions, 20 groups with a member each) through \
             the core, {} of a kind, median of {} rounds (least to most).\n\n",
            count(j.facts),
            j.rounds,
        );
        let row = |what: &str, samples: &Samples| vec![what.to_owned(), spread(samples, MEGA, 2)];
        let rows = [row("record batches", &j.batches), row("commits", &j.commits)];
        table(page, &["", "M facts per CPU s"], rows);
        let _ = write!(
            page,
            "\nResident after 1,000,000 records, with their commits and log ends as a follower sees them: {:.2} MiB; \
             after {}: {:.2} MiB.\n",
            mib(j.rss_at_first_bytes),
            count(j.records),
            mib(j.rss_bytes),
        );
    }

    fn checking(&self, page: &mut String) {
        let c = self.checking;
        let _ = write!(
            page,
            "\n## Checking\n\n`whither check` as installed, on {} partitions x {} groups: {} rows, {} commits, {} data \
             records. Every row's residual is 0 and the rows add up to what was written. Median of {} runs (least to \
             most).\n\n",
            count(c.partitions.into()),
            count(c.groups.into()),
            count(self.positions()),
            count(c.commits),
            count(c.records),
            c.rounds,
        );
        let rows = [
            vec!["start to verdicts".to_owned(), format!("{} s", spread(&c.wall_seconds, 1.0, 2))],
            vec!["CPU time".to_owned(), format!("{} s", spread(&c.cpu_seconds, 1.0, 2))],
            vec!["largest resident set".to_owned(), format!("{:.0} MiB", mib(c.max_rss_bytes))],
        ];
        table(page, &["", ""], rows);
    }

    fn positions(&self) -> u64 {
        u64::from(self.checking.partitions) * u64::from(self.checking.groups)
    }

    fn growth_mib(&self) -> f64 {
        mib(self.judging.rss_bytes) - mib(self.judging.rss_at_first_bytes)
    }
}

fn reading_row(read: &Read, reader: Reader) -> Vec<String> {
    let of = |samples: Option<&Samples>, unit, digits| {
        samples.map_or_else(String::new, |s| spread(s, unit, digits))
    };
    vec![
        reader.name().to_owned(),
        of(read.rates.get(&reader), MEGA, 1),
        of(read.ratios.get(&reader), 1.0, 1),
        of(read.wall_rates.get(&reader), MEGA, 1),
        format!("{:.0} MiB", mib(read.max_rss_bytes.get(&reader).copied().unwrap_or(0))),
    ]
}

fn target_row(what: String, target: String, measured: String, met: bool) -> Vec<String> {
    vec![what, target, measured, if met { "met" } else { "**missed**" }.to_owned()]
}

fn spread(samples: &Samples, unit: f64, digits: usize) -> String {
    let [median, least, most] = [samples.median(), samples.least(), samples.most()].map(|v| v / unit);
    format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
}

fn table(page: &mut String, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        page.push('|');
        for cell in cells {
            let _ = write!(page, " {cell} |");
        }
        page.push('\n');
    };
    line(&mut header.iter().copied());
    line(&mut header.iter().map(|_| "---"));
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}

/// With thousands apart.
fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 bytes")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(99_000_000), "99,000,000");
    }
}
