#[tokio::main]
async fn main() {
    let mut show = whither::demo::show::Show::new(Default::default());
    let d = whither::demo::Demo { listen: "127.0.0.1:0".parse().unwrap(), headless: false, speed: 1, duration: Some(std::time::Duration::from_secs(std::env::args().nth(1).unwrap().parse().unwrap())) };
    whither::demo::run(d, |s| show.scene(&s).unwrap()).await.unwrap();
}
