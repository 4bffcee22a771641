use kafka_protocol::messages::{
    MetadataResponse, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
    SaslHandshakeResponse,
};
use kafka_protocol::protocol::{Decodable, StrBytes};
use tokio::net::TcpStream;
use whither_kafka::{ClientConfig, Error, Sasl, ScramHash, Secret, Security};

use crate::server::{answer, asked, reach, start, versions};

/// A broker that takes PLAIN from alice, and answers a SCRAM as if it knew her password.
async fn broker(mut socket: TcpStream) {
    while let Some(request) = asked(&mut socket).await {
        match request.key {
            18 => answer(&mut socket, &request, &versions()).await,
            17 => {
                let chosen =
                    SaslHandshakeRequest::decode(&mut request.body.clone(), request.version).unwrap();
                let offered = ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"];
                let known = offered.contains(&chosen.mechanism.as_str());
                let handshake = SaslHandshakeResponse::default()
                    .with_error_code(if known { 0 } else { 33 })
                    .with_mechanisms(offered.map(StrBytes::from_static_str).to_vec());
                answer(&mut socket, &request, &handshake).await;
            }
            36 => {
                let said =
                    SaslAuthenticateRequest::decode(&mut request.body.clone(), request.version).unwrap();
                answer(&mut socket, &request, &authenticate(&said.auth_bytes)).await;
            }
            _ => answer(&mut socket, &request, &MetadataResponse::default()).await,
        }
    }
}

fn authenticate(said: &[u8]) -> SaslAuthenticateResponse {
    let no = SaslAuthenticateResponse::default().with_error_code(58).with_error_message(Some(
        StrBytes::from_static_str("Authentication failed: Invalid username or password"),
    ));
    let yes = |bytes: Vec<u8>| SaslAuthenticateResponse::default().with_auth_bytes(bytes.into());
    let text = String::from_utf8_lossy(said);
    if said == b"\0alice\0wonder" || said == b"n,,\x01auth=Bearer good\x01\x01" {
        yes(Vec::new())
    } else if text.contains("Bearer") {
        yes(b"{\"status\":\"invalid_token\"}".to_vec())
    } else if let Some((_, nonce)) = text.strip_prefix("n,,").and_then(|t| t.split_once(",r=")) {
        yes(format!("r={nonce}more,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").into_bytes())
    } else if text.starts_with("c=biws,") {
        yes(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_vec())
    } else {
        no
    }
}

fn with(address: &str, sasl: Sasl) -> ClientConfig {
    let security = Security { tls: None, sasl: Some(sasl) };
    ClientConfig { security, ..ClientConfig::new(vec![address.to_owned()]) }
}

fn plain(password: &str) -> Sasl {
    Sasl::Plain { username: "alice".into(), password: Secret::new(password) }
}

#[tokio::test]
async fn the_right_password_lets_in_and_the_wrong_one_does_not() {
    let server = start(broker).await;
    reach(with(&server.address, plain("wonder"))).await.unwrap();
    let error = reach(with(&server.address, plain("hunter2"))).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("Invalid username or password") && !text.contains("hunter2"), "{text}");
    assert!(!error.is_passing());
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_names_those_that_are() {
    let server = start(broker).await;
    let sasl = Sasl::Scram { hash: ScramHash::Sha512, username: "alice".into(), password: Secret::new("x") };
    let error = reach(with(&server.address, sasl)).await.unwrap_err().to_string();
    assert!(error.contains("does not offer SCRAM-SHA-512"), "{error}");
    assert!(error.contains("PLAIN, SCRAM-SHA-256, OAUTHBEARER"), "{error}");
}

#[tokio::test]
async fn a_broker_that_does_not_know_the_password_is_not_trusted() {
    let server = start(broker).await;
    let sasl = Sasl::Scram { hash: ScramHash::Sha256, username: "alice".into(), password: Secret::new("x") };
    let error = reach(with(&server.address, sasl)).await.unwrap_err();
    assert!(matches!(&error, Error::BrokerUnproven { .. }), "{error:?}");
}

#[tokio::test]
async fn a_token_is_read_again_at_each_connection() {
    let server = start(broker).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "stale").unwrap();
    let config = with(&server.address, Sasl::OauthBearer { token_file: file.clone() });
    let error = reach(config.clone()).await.unwrap_err().to_string();
    assert!(
        error.contains("invalid_token") && error.contains("token.file") && !error.contains("stale"),
        "{error}"
    );
    std::fs::write(&file, "good\n").unwrap();
    reach(config).await.unwrap();
}

#[tokio::test]
async fn a_listener_without_sasl_says_so() {
    let server = start(|mut socket| async move {
        while let Some(request) = asked(&mut socket).await {
            match request.key {
                18 => answer(&mut socket, &request, &versions()).await,
                _ => {
                    let no = SaslHandshakeResponse::default().with_error_code(34);
                    answer(&mut socket, &request, &no).await;
                }
            }
        }
    });
    let error = reach(with(&server.await.address, plain("wonder"))).await.unwrap_err().to_string();
    assert!(error.contains("does not take SASL: set security.protocol to PLAINTEXT"), "{error}");
}
