use whither::check::{Check, run};
#[tokio::main]
async fn main() {
    let b = std::env::args().nth(1).unwrap();
    let follow = std::env::args().nth(2).map(|s| std::time::Duration::from_secs(s.parse().unwrap()));
    let c = Check {
        client: whither_kafka::ClientConfig::new(vec![b]),
        wants: Default::default(),
        follow,
        recorder: None,
        progress: Box::new(|s| eprintln!("  {s}")),
    };
    let r = run(c).await.unwrap();
    println!(
        "{} {} brokers {} topics {} groups {} read since {:?}",
        r.cluster, r.brokers, r.topics, r.groups, r.records_read, r.complete_since
    );
    for b in &r.balance {
        println!(
            "{} {} [{}..{}) records {} residual {} at_most {} {:?}",
            b.group,
            b.partition,
            b.from,
            b.to,
            b.records,
            b.residual(),
            b.at_most,
            b.stretches
        );
    }
    for f in &r.findings {
        println!(
            "{:?} {:?} {} [{}..{}) {} {:?} {:?} {:?} {:?}\n     {:?}",
            f.shown_as,
            f.group,
            f.partition,
            f.from,
            f.to,
            f.records,
            f.outcome,
            f.certainty,
            f.cause,
            f.cause_certainty,
            f.evidence
        );
    }
    println!("{:?}", r.not_seen);
}
