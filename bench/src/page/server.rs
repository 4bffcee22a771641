//! What the page says of the server.

use std::fmt::Write;

use super::{count, mib, table, target_row};
use crate::server::{
    COMMITS_EVERY, Delay, Finding, Following, Idle, Lag, Loaded, PARTITIONS, POLLS_EVERY, Server, Spent,
};

const LAG_SHARE: f64 = 0.05;
const LOADED_SHARE: f64 = 0.5;
const LOADED_MIB: f64 = 300.0;
const IDLE_MIB: f64 = 50.0;
const START_SECONDS: f64 = 1.0;
const FIND_SECONDS: f64 = 0.1;
const DELAY_SECONDS: f64 = 5.0;

/// The rows of the targets.
pub(super) fn targets(server: &Server) -> Vec<Vec<String>> {
    let Loaded { whither, peak_rss_bytes, per_second, .. } = &server.wide.loaded;
    let (lag, idle) = (server.wide.lag.whither, &server.idle);
    let wide = format!("{} partitions x {} groups", count(PARTITIONS.into()), server.wide.groups);
    let loaded = format!("{wide}, {} records per s", count(*per_second));
    let found = server.finding.found.there.p99;
    let row = |what: String, target: String, measured: String, met| target_row(what, target, measured, met);
    vec![
        row(
            format!("`serve`, lag of {wide}"),
            format!("≤ {}", percent(LAG_SHARE)),
            percent(lag.share()),
            lag.share() <= LAG_SHARE,
        ),
        row(
            format!("`serve`, {loaded}: CPU"),
            format!("≤ {}", percent(LOADED_SHARE)),
            percent(whither.share()),
            whither.share() <= LOADED_SHARE,
        ),
        row(
            format!("`serve`, {loaded}: largest resident set"),
            format!("≤ {LOADED_MIB} MiB"),
            format!("{:.0} MiB", mib(*peak_rss_bytes)),
            mib(*peak_rss_bytes) <= LOADED_MIB,
        ),
        row(
            "from a commit until the API tells of it, p99".into(),
            format!("≤ {DELAY_SECONDS} s"),
            format!("{:.2} s", server.wide.delay.p99_seconds),
            server.wide.delay.p99_seconds <= DELAY_SECONDS,
        ),
        row(
            "`demo` left alone, resident set".into(),
            format!("≤ {IDLE_MIB} MiB"),
            format!("{:.0} MiB", mib(idle.rss_bytes)),
            mib(idle.rss_bytes) <= IDLE_MIB,
        ),
        row(
            "`demo`, start to page".into(),
            format!("≤ {START_SECONDS} s"),
            format!("{:.2} s", idle.start_seconds),
            idle.start_seconds <= START_SECONDS,
        ),
        row(
            format!("one of {} indexed records, p99", count(server.finding.entries)),
            format!("≤ {:.0} ms", FIND_SECONDS * 1_000.0),
            format!("{:.1} ms", found * 1_000.0),
            found <= FIND_SECONDS,
        ),
    ]
}

/// The section.
pub(super) fn render(server: &Server, page: &mut String) {
    page.push_str("\n## The server\n\n`whither serve` as installed; what it costs is read from the kernel while it runs.\n");
    following(&server.following, page);
    lag(&server.wide.lag, server.wide.groups, page);
    loaded(&server.wide.loaded, page);
    delay(&server.wide.delay, page);
    idle(&server.idle, page);
    finding(&server.finding, page);
}

fn following(all: &[Following], page: &mut String) {
    let (records, rate) = all.first().map_or((0, 0), |f| (f.records, f.per_second));
    let _ = write!(
        page,
        "\n### Following\n\n{} records (lz4) written at {} per second. whither counts them as they come and keeps what it \
         counted; librdkafka consumes the same with its default settings and looks at each record. Cost of both over \
         the same time; *idle* is what whither takes of a core when nothing is written.\n\n",
        count(records),
        count(rate),
    );
    let rows = all.iter().map(|f| {
        vec![
            count(f.partitions.into()),
            format!("{:.2} s", f.whither.cpu_seconds),
            format!("{:.2} s", f.librdkafka.cpu_seconds),
            format!("{:.1} x", f.librdkafka.cpu_seconds / f.whither.cpu_seconds),
            percent(f.idle.share()),
            format!("{:.0} MiB", mib(f.rss_bytes)),
            format!("{:.0} MiB", mib(f.librdkafka.max_rss_bytes)),
        ]
    });
    let header =
        ["partitions", "whither, CPU", "librdkafka, CPU", "ratio", "idle", "whither, RSS", "librdkafka, RSS"];
    table(page, &header, rows);
}

fn lag(lag: &Lag, groups: u32, page: &mut String) {
    let _ = write!(
        page,
        "\n### Lag\n\n{} partitions x {groups} groups, each group commits all its positions every {} s, one group after \
         the other. Both watch the same cluster at the same time over {:.0} s: whither reads each commit and is one \
         round (1 s) behind; klag-exporter 0.1.29 asks every {} s, with its default settings but for partitions.\n\n",
        count(PARTITIONS.into()),
        COMMITS_EVERY.as_secs(),
        lag.whither.wall_seconds,
        POLLS_EVERY.as_secs(),
    );
    let row = |what: &str, spent: Spent, rss| {
        vec![what.to_owned(), percent(spent.share()), format!("{:.0} MiB", mib(rss))]
    };
    let mut rows = vec![row("whither", lag.whither, lag.whither_rss_bytes)];
    rows.extend(lag.klag.map(|(spent, rss)| row("klag-exporter", spent, rss)));
    table(page, &["", "of a core", "resident set"], rows);
}

#[expect(clippy::cast_precision_loss, reason = "sizes of a store stay far below 2^52")]
fn loaded(loaded: &Loaded, page: &mut String) {
    let millions = loaded.records as f64 / 1e6;
    let each = |bytes: i64| format!("{:.2} MB", bytes as f64 / 1e6 / millions);
    let _ = write!(
        page,
        "\n### Records on top\n\nThe same cluster and commits, with {} records written at {} per second.\n\n",
        count(loaded.records),
        count(loaded.per_second),
    );
    let rows = [
        ["CPU", &percent(loaded.whither.share())],
        ["largest resident set", &format!("{:.0} MiB", mib(loaded.peak_rss_bytes))],
        ["residual", &format!("{}", loaded.residual)],
        ["disk per million records, log and checkpoints included", &each(loaded.disk_bytes)],
        ["history per million records", &each(loaded.history_bytes)],
    ];
    table(page, &["", ""], rows.map(|row| row.map(ToOwned::to_owned).to_vec()));
}

fn delay(delay: &Delay, page: &mut String) {
    let _ = write!(
        page,
        "\n### Delay\n\n{} commits, one after the other on the same cluster, each until `lag` tells of it over HTTP: p50 \
         {:.2} s, p99 {:.2} s, longest {:.2} s. Of all commits while it followed {:.2} % were told within 5 s \
         (`whither_verdict_delay_seconds`).\n",
        delay.commits,
        delay.p50_seconds,
        delay.p99_seconds,
        delay.most_seconds,
        delay.within_promise * 100.0,
    );
}

fn idle(idle: &Idle, page: &mut String) {
    let _ = write!(
        page,
        "\n### Idle\n\n`whither demo`, broker and pipeline in the same process: the page answers {:.2} s after the start; \
         left alone it holds {:.0} MiB and takes {}.\n",
        idle.start_seconds,
        mib(idle.rss_bytes),
        percent(idle.spent.share()),
    );
}

fn finding(finding: &Finding, page: &mut String) {
    let found = &finding.found;
    let _ = write!(
        page,
        "\n### Finding\n\n{} entries in the message index: filled in {:.0} CPU s with {:.0} MiB, {} segments, {} bytes. Opened \
         in {:.1} ms; the first look-up, which reads footers, takes {:.1} ms; the largest resident set while looking is \
         {:.0} MiB. 1,000 look-ups each:\n\n",
        count(finding.entries),
        finding.fill.cpu_seconds,
        mib(finding.fill.max_rss_bytes),
        finding.filled.segments,
        count(finding.filled.bytes),
        found.open_seconds * 1_000.0,
        found.first_seconds * 1_000.0,
        mib(finding.find.max_rss_bytes),
    );
    let row = |what: &str, seconds: [f64; 3]| {
        let [p50, p99, most] = seconds.map(|s| format!("{:.2} ms", s * 1_000.0));
        vec![what.to_owned(), p50, p99, most]
    };
    let (there, not) = (found.there, found.not_there);
    let rows = [
        row("of what is there", [there.p50, there.p99, there.most]),
        row("of what is not", [not.p50, not.p99, not.most]),
    ];
    table(page, &["", "p50", "p99", "longest"], rows);
}

fn percent(share: f64) -> String {
    format!("{:.1} % of a core", share * 100.0)
}
