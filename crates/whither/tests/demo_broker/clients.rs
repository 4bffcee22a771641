//! kcat and librdkafka against the broker. Both are required: a test that can't run fails.
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use whither::demo::broker::{Broker, Options};

const PATIENCE: Duration = Duration::from_secs(120);

async fn run(program: &str, args: &[&str], input: Option<&str>) -> (bool, String, String) {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("can't start {program}: {error}"));
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        tokio::io::AsyncWriteExt::write_all(&mut stdin, input.as_bytes()).await.unwrap();
    }
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = output.unwrap_or_else(|_| panic!("{program} {args:?} did not end")).unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn librdkafka_conformance() {
    let python = std::env::var("WHITHER_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let (usable, _, error) = run(&python, &["-c", "import confluent_kafka"], None).await;
    assert!(usable, "{python} has no confluent_kafka; run ./x test, which installs it\n{error}");
    let broker = Broker::start(Options::default()).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/demo_broker/clients/conformance.py");
    let address = broker.address().to_string();
    let (passed, out, error) = run(&python, &[script.to_str().unwrap(), &address], None).await;
    assert!(passed && out.contains("all 13 stories"), "{out}\n{error}");
}
