//! What Prometheus is told, scraped by a real client.

use std::collections::{BTreeMap, BTreeSet};

use whither::access::Access;

use crate::answering::{Answering, a_loss};
use crate::scene::{Scene, until};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2";

/// A scrape: families with their types, and series with their values.
#[derive(Debug, Default)]
struct Scrape {
    content_type: String,
    families: BTreeMap<String, String>,
    series: BTreeMap<String, f64>,
    ended: bool,
}

impl Scrape {
    async fn of(server: &Answering, accept: &str) -> Scrape {
        let url = format!("http://{}/metrics", server.at);
        let answer = server.client.get(url).header("accept", accept).send().await.unwrap();
        assert!(answer.status().is_success());
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let mut scrape = Scrape { content_type, ..Scrape::default() };
        let mut family = String::new();
        for line in answer.text().await.unwrap().lines() {
            assert!(!scrape.ended, "nothing comes after the end: {line}");
            if line == "# EOF" {
                scrape.ended = true;
            } else if let Some(told) = line.strip_prefix("# TYPE ") {
                let (name, kind) = told.split_once(' ').unwrap();
                name.clone_into(&mut family);
                let before = scrape.families.insert(family.clone(), kind.to_owned());
                assert_eq!(before, None, "{name} is told once");
            } else if !line.starts_with("# HELP ") {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(series.starts_with(&family), "{series} stands below {family}");
                let before = scrape.series.insert(series.to_owned(), value.parse().unwrap());
                assert_eq!(before, None, "{series} is told once");
            }
        }
        scrape
    }

    /// The value of the one series of this name with these labels.
    fn value(&self, name: &str, labels: &[&str]) -> f64 {
        let fits = |series: &str| {
            series.split('{').next() == Some(name) && labels.iter().all(|label| series.contains(label))
        };
        let found: Vec<_> = self.series.iter().filter(|(series, _)| fits(series)).collect();
        assert_eq!(found.len(), 1, "{name} {labels:?}: {found:?}");
        *found[0].1
    }

    fn sum(&self, name: &str) -> f64 {
        self.series.iter().filter(|(s, _)| s.split('{').next() == Some(name)).map(|(_, value)| value).sum()
    }
}

fn is(value: f64, wanted: u32) {
    assert!((value - f64::from(wanted)).abs() < f64::EPSILON, "{value} is {wanted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrape_tells_what_is_true_now() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let told = Scrape::of(&server, "*/*").await;
    assert_eq!((&*told.content_type, told.ended), ("text/plain; version=0.0.4; charset=utf-8", false));
    let families: Vec<(&str, &str)> = told.families.iter().map(|(name, kind)| (&**name, &**kind)).collect();
    let (counter, gauge) = ("counter", "gauge");
    assert_eq!(
        families,
        [
            ("whither_balance_residual", gauge),
            ("whither_build_info", gauge),
            ("whither_facts_total", counter),
            ("whither_group_lag_records", gauge),
            ("whither_group_lag_seconds", gauge),
            ("whither_reader_records_total", counter),
            ("whither_ready", gauge),
            ("whither_records_in_flight", gauge),
            ("whither_records_settled", gauge),
            ("whither_records_total", counter),
            ("whither_store_accepting", gauge),
            ("whither_store_bytes", gauge),
            ("whither_verdict_delay_seconds", "histogram"),
        ]
    );
    let cluster = format!("cluster=\"{}\"", server.server.live.read().about.cluster);
    let of_billing = [&*cluster, "topic=\"orders\"", "group=\"billing\""];
    let ended = |verdict| [&of_billing[..], &[verdict]].concat();
    let lost =
        [&ended("verdict=\"deleted\"")[..], &["cause=\"delete_records\"", "certainty=\"strong\""]].concat();
    is(told.value("whither_records_settled", &lost), 15);
    is(told.value("whither_records_total", &lost), 15);
    is(told.value("whither_records_settled", &ended("verdict=\"delivered\"")), 20);
    is(told.value("whither_records_in_flight", &of_billing), 15);
    is(told.sum("whither_records_settled") + told.sum("whither_records_in_flight"), 50);
    for (series, now) in
        told.series.iter().filter(|(series, _)| series.starts_with("whither_records_settled"))
    {
        let counted = told.series[&series.replace("_settled", "_total")];
        assert!(counted >= *now, "{series}: {counted} were counted");
    }
    is(told.value("whither_balance_residual", &[&cluster]), 0);
    is(told.value("whither_group_lag_records", &[&of_billing[..], &["partition=\"0\""]].concat()), 15);
    is(told.value("whither_group_lag_records", &[&of_billing[..], &["partition=\"1\""]].concat()), 0);
    is(told.value("whither_ready", &[&cluster]), 1);
    is(told.value("whither_store_accepting", &[&cluster]), 1);
    is(told.value("whither_reader_records_total", &[]), 50);
    is(told.value("whither_build_info", &[concat!("version=\"", env!("CARGO_PKG_VERSION"), '"')]), 1);
    assert!(told.value("whither_store_bytes", &[]) > 0.0);
    let all = told.value("whither_verdict_delay_seconds_bucket", &["le=\"+Inf\""]);
    assert!((all - told.value("whither_verdict_delay_seconds_count", &[])).abs() < f64::EPSILON);
    for source in ["log", "commits", "ledger"] {
        assert!(told.value("whither_facts_total", &[&format!("source=\"{source}\"")]) > 0.0, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_openmetrics_is_told_the_same_in_it_whatever_groups_are_called() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let _other = scene.read("a\"b\\c", "orders", 5).await;
    until(&server.server.live, "the other group is seen", |s| s.rows.len() == 4).await;
    let text = Scrape::of(&server, "text/plain").await;
    let open = Scrape::of(&server, OPEN_METRICS).await;
    assert_eq!(
        (&*open.content_type, open.ended),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", true)
    );
    assert_eq!(open.families["whither_records"], "counter");
    assert_eq!(open.families["whither_ready"], "gauge");
    let names = |scrape: &Scrape| scrape.series.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&open), names(&text));
    let quoted = r#"group="a\"b\\c""#;
    is(open.value("whither_group_lag_records", &[quoted, "partition=\"0\""]), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_records_came_to_is_remembered_and_what_the_process_did_is_not() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let before = Scrape::of(&server, "*/*").await;
    let dir = server.server.stop().await;
    let server = Answering::of(&scene, scene.serve_in(dir), Access::default()).await;
    until(&server.server.live, "it has caught up again", |s| s.about.caught_up).await;
    let after = Scrape::of(&server, "*/*").await;
    let of_records = |scrape: &Scrape| {
        let of = scrape.series.iter().filter(|(series, _)| series.starts_with("whither_records_"));
        let of = of.filter(|(series, _)| !series.starts_with("whither_records_total"));
        of.map(|(series, value)| format!("{series} {value}")).collect::<Vec<_>>()
    };
    assert_eq!(of_records(&after), of_records(&before));
    is(after.value("whither_reader_records_total", &[]), 0);
}
