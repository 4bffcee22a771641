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

async fn kcat(broker: &Broker, args: &[&str], input: Option<&str>) -> String {
    let address = broker.address().to_string();
    let all: Vec<&str> = ["-b", &address].iter().chain(args).copied().collect();
    let (passed, out, error) = run("kcat", &all, input).await;
    assert!(passed, "kcat {args:?}: {out}\n{error}");
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcat_produces_consumes_lists_and_queries() {
    let broker = Broker::start(Options::default()).await.unwrap();
    broker.faults().create_topic("words", 2, &[]).unwrap();
    let lines = "k1:one\nk2:two\nk3:three\n";
    kcat(&broker, &["-P", "-t", "words", "-p", "1", "-K:", "-z", "lz4", "-H", "from=kcat"], Some(lines))
        .await;
    let consume = ["-C", "-t", "words", "-p", "1", "-o", "beginning", "-e", "-q", "-f", "%o %k %s %h\\n"];
    let out = kcat(&broker, &consume, None).await;
    assert_eq!(out, "0 k1 one from=kcat\n1 k2 two from=kcat\n2 k3 three from=kcat\n");
    let listed = kcat(&broker, &["-L"], None).await;
    assert!(
        listed.contains("topic \"words\" with 2 partitions") && listed.contains("broker 1 at 127.0.0.1"),
        "{listed}"
    );
    assert_eq!(kcat(&broker, &["-Q", "-t", "words:1:-1"], None).await, "words [1] offset 3\n");
    assert_eq!(kcat(&broker, &["-Q", "-t", "words:1:-2"], None).await, "words [1] offset 0\n");
    assert_eq!(kcat(&broker, &["-Q", "-t", "words:0:-1"], None).await, "words [0] offset 0\n");
    let group = ["-G", "readers", "-X", "auto.offset.reset=earliest", "-e", "-q", "-f", "%s\\n", "words"];
    assert_eq!(kcat(&broker, &group, None).await, "one\ntwo\nthree\n");
    assert_eq!(kcat(&broker, &group, None).await, "", "the group has committed");
}

/// A key of `__consumer_offsets` and whether its value is null.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Commit { group: String, topic: String, partition: i32, gone: bool },
    Group { group: String, gone: bool },
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

fn string(bytes: &mut &[u8]) -> String {
    let length = i16::from_be_bytes(take(bytes, 2).try_into().unwrap());
    String::from_utf8(take(bytes, usize::try_from(length).unwrap()).to_vec()).unwrap()
}

fn entry(mut key: &[u8], gone: bool) -> Entry {
    let entry = match take(&mut key, 2) {
        [0, 1] => {
            let (group, topic) = (string(&mut key), string(&mut key));
            let partition = i32::from_be_bytes(take(&mut key, 4).try_into().unwrap());
            Entry::Commit { group, topic, partition, gone }
        }
        [0, 2] => Entry::Group { group: string(&mut key), gone },
        other => panic!("a key of type {other:?}"),
    };
    assert!(key.is_empty(), "{key:?} after {entry:?}");
    entry
}

/// Reads `__consumer_offsets` as kcat prints it with `-f "%K %S\n%k%s"`.
fn entries(mut printed: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some(end) = printed.iter().position(|byte| *byte == b'\n') {
        let lengths = std::str::from_utf8(take(&mut printed, end)).unwrap();
        take(&mut printed, 1);
        let (key, value) = lengths.split_once(' ').unwrap();
        let key = take(&mut printed, key.parse().unwrap());
        let value: i64 = value.parse().unwrap();
        entries.push(entry(key, value < 0));
        take(&mut printed, usize::try_from(value.max(0)).unwrap());
    }
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcat_reads_a_groups_life_from_the_offsets_topic() {
    let broker = Broker::start(Options { offsets_partitions: 1, ..Options::default() }).await.unwrap();
    broker.faults().create_topic("words", 1, &[]).unwrap();
    kcat(&broker, &["-P", "-t", "words"], Some("one\ntwo\n")).await;
    kcat(&broker, &["-G", "readers", "-X", "auto.offset.reset=earliest", "-e", "-q", "words"], None).await;
    broker.faults().expire_offsets();
    let address = broker.address().to_string();
    let mut command = Command::new("kcat");
    command.args([
        "-b",
        &address,
        "-C",
        "-t",
        "__consumer_offsets",
        "-o",
        "beginning",
        "-e",
        "-q",
        "-f",
        "%K %S\\n%k%s",
    ]);
    let printed = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    assert!(printed.status.success());
    let group = |gone| Entry::Group { group: "readers".to_owned(), gone };
    let commit =
        |gone| Entry::Commit { group: "readers".to_owned(), topic: "words".to_owned(), partition: 0, gone };
    let life = [group(false), group(false), commit(false), group(false), commit(true), group(true)];
    assert_eq!(entries(&printed.stdout), life, "new, stable, commit, empty, then tombstones");
}
