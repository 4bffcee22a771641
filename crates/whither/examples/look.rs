use whither::check::{Check, run};
#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let val = |n: &str| args.iter().position(|a| a == n).and_then(|i| args.get(i + 1)).cloned();
    let b = val("--brokers").unwrap();
    let follow =
        val("--follow").map(|s| std::time::Duration::from_secs(s.trim_end_matches('s').parse().unwrap()));
    let c = Check {
        client: whither_kafka::ClientConfig::new(b.split(',').map(str::to_owned).collect()),
        wants: Default::default(),
        follow,
        recorder: None,
        progress: Box::new(|_| ()),
    };
    let r = run(c).await.unwrap();
    if val("--format").as_deref() == Some("json") {
        println!("{}", serde_json::to_string(&whither::json::Check::of(&r)).unwrap());
    } else {
        whither::cli::table::write(
            &r,
            whither::cli::table::Detail::Normal,
            Default::default(),
            &mut std::io::stdout(),
        )
        .unwrap();
    }
    std::process::exit(i32::from(whither::cli::Exit::of(&r).code()));
}
