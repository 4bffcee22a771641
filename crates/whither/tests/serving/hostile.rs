//! A broker of the cluster answers garbage of every kind while the server follows the others.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::metadata_response::MetadataResponseBroker;
use kafka_protocol::messages::{ApiKey, BrokerId, MetadataResponse, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use whither_core::Partition;
use whither_kafka::{ClientConfig, Dial, Dialled, Stream};

use crate::scene::{Scene, published, rows, until};

/// The broker that is not there: it leads what is in this topic.
const GHOST: i32 = 99;
const GHOST_PORT: u16 = 1;
const HAUNTED: &str = "haunted";
/// Answers of a connection that lies.
const LIES: u32 = 8;
/// Connections to the ghost: each kind of garbage twice.
const VISITS: u64 = 16;

/// A way to the broker with somebody in the middle.
#[derive(Debug, Default)]
struct Haunted {
    is_over: AtomicBool,
    /// Connections to the ghost so far: each is another kind of garbage.
    visits: AtomicU64,
}

/// What the ghost does to answers.
#[derive(Clone, Copy, Debug)]
enum Garbage {
    Noise,
    Silence,
    HangsUp,
    HugeLength,
    CutShort,
    WrongCorrelation,
    /// Frames are whole and answer what was asked; some of their bytes are others.
    Absurd(u64),
}

impl Garbage {
    fn of(visit: u64) -> Garbage {
        match visit % 8 {
            0 => Garbage::Noise,
            1 => Garbage::HangsUp,
            2 => Garbage::HugeLength,
            3 => Garbage::CutShort,
            4 => Garbage::WrongCorrelation,
            5 => Garbage::Silence,
            _ => Garbage::Absurd(visit),
        }
    }
}

#[derive(Debug)]
struct Way(Arc<Haunted>, u16);

impl Dial for Way {
    fn dial<'a>(&'a self, _: &'a str, port: u16) -> Dialled<'a> {
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            let broker = TcpStream::connect(("127.0.0.1", self.1)).await?;
            let garbage =
                (port == GHOST_PORT).then(|| Garbage::of(self.0.visits.fetch_add(1, Ordering::Relaxed)));
            tokio::spawn(between(theirs, broker, self.0.clone(), garbage));
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }
}

/// API key and version of the requests that wait for an answer.
type Asked = Arc<Mutex<VecDeque<(i16, i16)>>>;

/// Carries frames both ways until one side has gone.
async fn between(client: DuplexStream, broker: TcpStream, haunted: Arc<Haunted>, garbage: Option<Garbage>) {
    let (mut from_client, to_client) = tokio::io::split(client);
    let (from_broker, mut to_broker) = broker.into_split();
    let asked = Asked::default();
    let answers = tokio::spawn(answers(from_broker, to_client, asked.clone(), haunted, garbage));
    while let Ok(frame) = frame(&mut from_client).await {
        let number = |at: usize| i16::from_be_bytes([frame[at], frame[at + 1]]);
        asked.lock().unwrap().push_back((number(0), number(2)));
        if send(&mut to_broker, &frame).await.is_err() {
            break;
        }
    }
    answers.abort();
}

async fn frame(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; usize::try_from(from.read_i32().await?).unwrap()];
    from.read_exact(&mut frame).await?;
    Ok(frame)
}

async fn send(to: &mut (impl AsyncWriteExt + Unpin), frame: &[u8]) -> io::Result<()> {
    to.write_i32(i32::try_from(frame.len()).unwrap()).await?;
    to.write_all(frame).await?;
    to.flush().await
}

async fn answers(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    asked: Asked,
    haunted: Arc<Haunted>,
    garbage: Option<Garbage>,
) -> io::Result<()> {
    for nth in 0.. {
        let mut answer = frame(&mut from).await?;
        let (key, version) = asked.lock().unwrap().pop_front().unwrap();
        if key == ApiKey::Metadata as i16 && !haunted.is_over.load(Ordering::Relaxed) {
            answer = with_ghost(&answer, version);
        }
        // What it can do has been told before: otherwise nobody would ask it more.
        let garbage = garbage.filter(|g| key != ApiKey::ApiVersions as i16 || matches!(g, Garbage::Noise));
        match garbage {
            None => send(&mut to, &answer).await?,
            Some(Garbage::Noise) => {
                to.write_all(&(0..255_u8).map(|n| n.wrapping_mul(31)).collect::<Vec<_>>()).await?;
            }
            Some(Garbage::Silence) => {}
            Some(Garbage::HangsUp) => return Ok(()),
            Some(Garbage::HugeLength) => {
                to.write_i32(i32::MAX - 8).await?;
                to.write_all(&answer).await?;
            }
            Some(Garbage::CutShort) => {
                to.write_i32(i32::try_from(answer.len()).unwrap()).await?;
                to.write_all(&answer[..answer.len() / 2]).await?;
                return Ok(());
            }
            Some(Garbage::WrongCorrelation) => {
                answer[3] ^= 0x55;
                send(&mut to, &answer).await?;
            }
            // Nobody has to notice that it lies: it comes as another one again.
            Some(Garbage::Absurd(_)) if nth > LIES => return Ok(()),
            Some(Garbage::Absurd(seed)) => {
                spoil(&mut answer[4..], seed);
                send(&mut to, &answer).await?;
            }
        }
    }
    Ok(())
}

/// Every so many bytes one is another.
fn spoil(bytes: &mut [u8], seed: u64) {
    let apart = usize::try_from(5 + seed % 23).unwrap();
    for (n, byte) in bytes.iter_mut().enumerate().skip(apart / 2).step_by(apart) {
        *byte ^= if n % 2 == 0 { 0xff } else { 0x81 };
    }
}

/// The cluster's metadata with the ghost in it.
fn with_ghost(answer: &[u8], version: i16) -> Vec<u8> {
    let mut bytes = Bytes::copy_from_slice(answer);
    let header = ResponseHeader::decode(&mut bytes, MetadataResponse::header_version(version)).unwrap();
    let mut metadata = MetadataResponse::decode(&mut bytes, version).unwrap();
    let ghost = MetadataResponseBroker::default()
        .with_node_id(BrokerId(GHOST))
        .with_host(StrBytes::from_static_str("127.0.0.1"))
        .with_port(i32::from(GHOST_PORT));
    metadata.brokers.push(ghost);
    for topic in &mut metadata.topics {
        if topic.name.as_ref().is_some_and(|name| name.as_str() == HAUNTED) {
            topic.partitions.iter_mut().for_each(|p| p.leader_id = BrokerId(GHOST));
        }
    }
    let mut out = BytesMut::new();
    header.encode(&mut out, MetadataResponse::header_version(version)).unwrap();
    metadata.encode(&mut out, version).unwrap();
    out.to_vec()
}

/// Resident memory of this process.
#[cfg(target_os = "linux")]
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_answers_garbage_keeps_nobody_from_following_the_others() {
    let scene = Scene::new().await;
    scene.broker.faults().create_topic(HAUNTED, 2, &[]).unwrap();
    scene.write("orders", 0, 50).await;
    scene.write(HAUNTED, 0, 50).await;
    let _member = scene.read("billing", "orders", 20).await;
    let _other = scene.read("exorcists", HAUNTED, 20).await;
    let haunted = Arc::new(Haunted::default());
    let client = ClientConfig {
        dial: Some(Arc::new(Way(haunted.clone(), scene.broker.address().port()))),
        request_timeout: Duration::from_millis(500),
        ..scene.client()
    };
    let server = Scene::serve_by(client, Arc::new(tempfile::tempdir().unwrap()));
    let live = &server.live;
    let before = resident_kb();
    let orders = Partition::new("orders", 0);
    let end_is = |end| {
        let orders = &orders;
        move |s: &whither::live::State| s.edges(orders).is_some_and(|e| e.end == end)
    };
    until(live, "the other broker is read", end_is(50)).await;
    let is_told = |s: &whither::live::State| s.not_seen.iter().any(|n| n.what.contains(HAUNTED));
    until(live, "what is not seen is told", is_told).await;
    let mut written = 50;
    while haunted.visits.load(Ordering::Relaxed) < VISITS {
        scene.write("orders", 0, 10).await;
        written += 10;
        until(live, "the other broker is followed", end_is(written)).await;
        assert_eq!(live.read().totals.residual, 0);
    }
    let grown = resident_kb().saturating_sub(before);
    assert!(grown < 200 << 10, "{grown} kB more than before");
    haunted.is_over.store(true, Ordering::Relaxed);
    // What the ghost said of its own topic was taken for what it is: nobody can tell such lies. Of others it said nothing.
    let of_others = |rows: BTreeMap<String, String>| -> BTreeMap<String, String> {
        rows.into_iter().filter(|(of, _)| !of.contains(HAUNTED)).collect()
    };
    let haunted = Partition::new(HAUNTED, 0);
    until(live, "its topic is read", |s| s.edges(&haunted).is_some_and(|e| e.end == 50)).await;
    let wanted = of_others(rows(scene.check().await.balance));
    until(live, "all is as a look tells it", |_| of_others(published(live)) == wanted).await;
    assert_eq!(live.read().totals.residual, 0);
    server.stop().await;
}
