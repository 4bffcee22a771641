use std::time::Duration;

use kafka_protocol::messages::MetadataResponse;
use kafka_protocol::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::{BrokerId, TopicName};
use kafka_protocol::protocol::StrBytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use whither_kafka::{ClientConfig, Error};

use crate::server::{answer, asked, reach, send, silence, start, told, versions};

/// Reads a little of what the client says, then says `bytes` and hangs up.
async fn says(mut socket: TcpStream, bytes: &'static [u8]) {
    let mut heard = [0; 64];
    let _ = socket.read(&mut heard).await;
    let _ = socket.write_all(bytes).await;
}

/// Tells its versions, then answers the next request by `frame`, made for its correlation id.
async fn after_versions(mut socket: TcpStream, frame: impl FnOnce(i32) -> Vec<u8>) {
    let first = asked(&mut socket).await.unwrap();
    answer(&mut socket, &first, &versions()).await;
    let second = asked(&mut socket).await.unwrap();
    send(&mut socket, &frame(second.correlation_id)).await;
    // The client hangs up first.
    let _ = asked(&mut socket).await;
}

#[tokio::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = reach(ClientConfig::new(vec![port.to_string()])).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("nothing listens there"), "{error}");
}

#[tokio::test]
async fn the_name_is_unknown() {
    let error = reach(ClientConfig::new(vec!["no-such-host.invalid:9092".into()])).await.unwrap_err();
    assert!(matches!(error, Error::UnknownHost { .. } | Error::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn addresses_must_be_addresses() {
    for (bootstrap, expected) in [(vec![], "no broker address"), (vec!["kafka".to_owned()], "host:port")] {
        let error = reach(ClientConfig::new(bootstrap)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn something_else_answers() {
    let table: [(&'static [u8], &str); 7] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "an HTTP server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
        (b"\x15\x03\x03\x00\x02\x02\x0a", "expects TLS"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff", "not a Kafka listener"),
        (b"\x00\x00\x00\x08\x00\x00\x00\x63\x00\x00\x00\x00", "not a Kafka listener"),
        (b"\x00\x00\x00\x02\x00\x00", "not a Kafka listener"),
        (b"", "closed the connection at once"),
    ];
    for (bytes, expected) in table {
        let error = told(&start(move |socket| says(socket, bytes)).await).await;
        assert!(error.contains(expected), "{bytes:?}: {error}");
    }
}

#[tokio::test]
async fn garbage_of_any_kind_is_an_error() {
    for seed in 0_u8..16 {
        let bytes: Vec<u8> =
            (0..200_u8).map(|i| i.wrapping_mul(31).wrapping_add(seed).rotate_left(3)).collect();
        let bytes: &'static [u8] = bytes.leak();
        let error = told(&start(move |socket| says(socket, bytes)).await).await;
        assert!(error.contains("127.0.0.1"), "{error}");
    }
}

#[tokio::test]
async fn silence_ends_soon() {
    let silent = start(silence);
    let error = told(&silent.await).await;
    assert!(error.contains("did not answer within 1 s (ApiVersions)"), "{error}");
}

#[tokio::test]
async fn a_frame_that_never_comes_whole_ends_soon() {
    let cut_off = start(|mut socket| async move {
        let first = asked(&mut socket).await.unwrap();
        let mut bytes = 1_000_i32.to_be_bytes().to_vec();
        bytes.extend(first.correlation_id.to_be_bytes());
        let _ = socket.write_all(&bytes).await;
        silence(socket).await;
    });
    let error = told(&cut_off.await).await;
    assert!(error.contains("did not answer within 1 s"), "{error}");
}

#[tokio::test]
async fn one_that_wants_sasl_hangs_up_at_the_first_question() {
    let wants_sasl = start(|mut socket| async move {
        let first = asked(&mut socket).await.unwrap();
        answer(&mut socket, &first, &versions()).await;
        let _ = asked(&mut socket).await;
    });
    let error = told(&wants_sasl.await).await;
    assert!(error.contains("expects SASL; set security.protocol to SASL_PLAINTEXT"), "{error}");
}

#[tokio::test]
async fn lies_on_lengths_and_counts() {
    let length = start(|mut socket| async move {
        let first = asked(&mut socket).await.unwrap();
        answer(&mut socket, &first, &versions()).await;
        let second = asked(&mut socket).await.unwrap();
        let mut bytes = (i32::MAX - 8).to_be_bytes().to_vec();
        bytes.extend(second.correlation_id.to_be_bytes());
        let _ = socket.write_all(&bytes).await;
        let _ = asked(&mut socket).await;
    });
    let error = told(&length.await).await;
    assert!(error.contains("at most 67108864 are accepted"), "{error}");

    let count = start(|socket| {
        after_versions(socket, |id| {
            let mut frame = id.to_be_bytes().to_vec();
            frame.extend([0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
            frame
        })
    });
    let error = told(&count.await).await;
    assert!(error.contains("malformed answer to Metadata v12: a list says it holds more"), "{error}");
}

#[tokio::test]
async fn an_answer_to_something_else_is_not_taken() {
    let mixed_up = start(|socket| after_versions(socket, |id| (id + 1).to_be_bytes().to_vec()));
    let error = told(&mixed_up.await).await;
    assert!(error.contains("mixes its answers up"), "{error}");
}

#[tokio::test]
async fn a_million_partitions_are_taken_for_what_they_are() {
    let large = start(|mut socket| async move {
        let first = asked(&mut socket).await.unwrap();
        answer(&mut socket, &first, &versions()).await;
        let second = asked(&mut socket).await.unwrap();
        let partition = MetadataResponsePartition::default()
            .with_leader_id(BrokerId(1))
            .with_replica_nodes(vec![BrokerId(1); 3])
            .with_isr_nodes(vec![BrokerId(1); 3]);
        let partitions = (0..1_000_000).map(|i| partition.clone().with_partition_index(i)).collect();
        let topic = MetadataResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_static_str("large"))))
            .with_partitions(partitions);
        answer(&mut socket, &second, &MetadataResponse::default().with_topics(vec![topic])).await;
        let _ = asked(&mut socket).await;
    })
    .await;
    let config = ClientConfig {
        request_timeout: Duration::from_secs(60),
        ..ClientConfig::new(vec![large.address.clone()])
    };
    let cluster = whither_kafka::Cluster::connect(config).await.unwrap();
    assert_eq!(cluster.metadata().topics["large"].partitions.len(), 1_000_000);
}

#[tokio::test]
async fn one_live_broker_among_dead_ones_is_found() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let silent = start(silence).await;
    let live = start(|mut socket| async move {
        while let Some(request) = asked(&mut socket).await {
            match request.key {
                18 => answer(&mut socket, &request, &versions()).await,
                _ => answer(&mut socket, &request, &MetadataResponse::default()).await,
            }
        }
    })
    .await;
    let bootstrap = vec![dead, silent.address.clone(), live.address.clone()];
    reach(ClientConfig::new(bootstrap)).await.unwrap();
}
