//! Who may send: anybody on this machine, elsewhere who holds a token for it; pages only where they are named.

use std::net::SocketAddr;

use prost::Message;
use reqwest::Method;
use tonic::Code;
use whither::access::tokens::{Minted, mint};
use whither::access::{Access, Role};
use whither::otlp::{Admission, Limits, Transport};
use whither::settings::Auth;

use crate::scene::{Server, request, span};

/// Where others reach it.
const PUBLIC: &str = "10.0.0.7:4318";

fn access(minted: &[&Minted]) -> Access {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<&str> = minted.iter().map(|m| m.line.as_str()).collect();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let auth = Auth {
        tokens_file: Some(file.path().to_owned()),
        proxy_header: None,
        proxy_role: Role::Read,
        proxy_from: Vec::new(),
    };
    Access::of(&auth).unwrap()
}

async fn admitting(at: &str, access: &Access, origins: &[&str]) -> Server {
    let at: SocketAddr = at.parse().unwrap();
    let origins: Vec<String> = origins.iter().map(ToString::to_string).collect();
    Server::of(Limits::of(1 << 20), Admission::at(at, access, &origins)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_says_who_may_send_from_elsewhere() {
    let roles = [Role::Ingest, Role::Read, Role::Operate, Role::Admin];
    let minted = roles.map(|role| mint(role.word(), role).unwrap());
    let access = access(&minted.iter().collect::<Vec<_>>());
    let server = admitting(PUBLIC, &access, &[]).await;
    let body = request(vec![span("a")]);
    for (authorization, status, code) in [
        (None, 401, Some(Code::Unauthenticated)),
        (Some("Bearer hush".to_owned()), 401, Some(Code::Unauthenticated)),
        (Some(format!("Bearer {}", minted[0].token)), 200, None),
        (Some(format!("Bearer {}", minted[1].token)), 403, Some(Code::PermissionDenied)),
        (Some(format!("Bearer {}", minted[2].token)), 200, None),
        (Some(format!("Bearer {}", minted[3].token)), 200, None),
    ] {
        let header = authorization.as_deref().unwrap_or_default();
        let answer = server.post(body.encode_to_vec(), &[("authorization", header)]).await;
        assert_eq!(answer.status(), status, "{header}");
        assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401);
        let mut call = tonic::Request::new(body.clone());
        if let Some(header) = &authorization {
            call.metadata_mut().insert("authorization", header.parse().unwrap());
        }
        let answer = server.calls().await.export(call).await;
        assert_eq!(answer.err().map(|refused| refused.code()), code, "{header}");
    }
    assert_eq!(server.kept.requests(), 6);
    for transport in [Transport::Http, Transport::Grpc] {
        assert_eq!(server.counted(transport, "unauthorized"), 2);
        assert_eq!(server.counted(transport, "forbidden"), 1);
    }
    // On this machine nobody is asked.
    let server = admitting("127.0.0.1:4318", &access, &[]).await;
    assert_eq!(server.post(body.encode_to_vec(), &[]).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_may_send_if_their_origin_is_named() {
    let ours = ["https://shop.example", "http://*.Shop.example:3000"];
    let named = admitting("127.0.0.1:4318", &Access::default(), &ours).await;
    let unnamed = admitting("127.0.0.1:4318", &Access::default(), &[]).await;
    let body = request(vec![span("a")]).encode_to_vec();
    for (server, origin, may) in [
        (&named, "https://shop.example", true),
        (&named, "http://till.shop.example:3000", true),
        (&named, "https://shop.example.evil.example", false),
        (&named, "http://shop.example", false),
        (&named, "null", false),
        (&unnamed, "https://shop.example", false),
        (&unnamed, "http://127.0.0.1:4318", false),
    ] {
        let asks = [("origin", origin), ("access-control-request-method", "POST")];
        let mut asked = server.client.request(Method::OPTIONS, format!("http://{}/v1/traces", server.http));
        for (name, value) in
            asks.into_iter().chain([("access-control-request-headers", "content-type,x-tenant")])
        {
            asked = asked.header(name, value);
        }
        let told = asked.send().await.unwrap();
        let header = |name: &str| told.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let allowed = may.then(|| origin.to_owned());
        assert_eq!(header("access-control-allow-origin"), allowed, "{origin}");
        if may {
            assert_eq!(header("access-control-allow-headers").as_deref(), Some("content-type,x-tenant"));
        }
        let sent = server.post(body.clone(), &[("origin", origin)]).await;
        assert_eq!(sent.status(), if may { 200 } else { 403 }, "{origin}");
        let read = sent.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        assert_eq!(read, allowed.as_deref(), "{origin}");
    }
}
