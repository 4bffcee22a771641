//! Who is let in, asked by a real client.

use reqwest::header::{ACCEPT, AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use whither::access::tokens::{Minted, mint};
use whither::access::{Access, Role};
use whither::api::{self, listen};
use whither::settings::Auth;

use crate::answering::Answering;
use crate::scene::Scene;

const MESSAGE: &str = r#"{"topic":"orders","value":"{}"}"#;

/// Access for the holders of these tokens, and for whom a proxy of this machine names.
fn access(minted: &[&Minted], proxy: bool) -> Access {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<&str> = minted.iter().map(|m| m.line.as_str()).collect();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let auth = Auth {
        tokens_file: (!minted.is_empty()).then(|| file.path().to_owned()),
        proxy_header: proxy.then(|| "x-forwarded-user".parse().unwrap()),
        proxy_role: Role::Read,
        proxy_from: vec!["127.0.0.0/8".parse().unwrap()],
    };
    Access::of(&auth).unwrap()
}

async fn ask(server: &Answering, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = server.client.request(method, format!("http://{}{path}", server.at)).body(MESSAGE);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn refused(answer: Response, code: &str) -> Value {
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], code, "{body}");
    assert!(body["error"]["hint"].is_string(), "{body}");
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_lets_in_and_its_role_says_how_far() {
    let scene = Scene::new().await;
    let (ann, bob) = (mint("ann", Role::Read).unwrap(), mint("bob", Role::Operate).unwrap());
    let server = Answering::guarded(&scene, access(&[&ann, &bob], false)).await;
    let status = format!("{}/status", api::BASE);
    let messages = format!("{}/demo/messages", api::BASE);
    for path in ["/", "/drops", "/licenses.txt", "/nowhere", &status, &format!("{}/events/stream", api::BASE)]
    {
        let answer = ask(&server, Method::GET, path, &[]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        let asked: Vec<_> = answer.headers().get_all(WWW_AUTHENTICATE).iter().collect();
        assert_eq!(asked, ["Bearer realm=\"whither\"", "Basic realm=\"whither\", charset=\"UTF-8\""]);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        refused(answer, "unauthorized").await;
    }
    for probe in ["/healthz", "/readyz"] {
        let answer = ask(&server, Method::GET, probe, &[(HOST.as_str(), "10.1.2.3:8080")]).await;
        assert_ne!(answer.status(), StatusCode::UNAUTHORIZED, "{probe}");
        assert_ne!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{probe}");
    }
    let bearer = |minted: &Minted| format!("Bearer {}", minted.token);
    let (may_read, may_act) = (bearer(&ann), bearer(&bob));
    let by_name = [(AUTHORIZATION.as_str(), may_read.as_str()), (HOST.as_str(), "whither.example")];
    // Twice: the second time it is known.
    for _ in 0..2 {
        assert_eq!(ask(&server, Method::GET, &status, &by_name).await.status(), StatusCode::OK);
    }
    let answer = ask(&server, Method::POST, &messages, &by_name).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let body = refused(answer, "forbidden").await;
    assert!(body["error"]["hint"].as_str().unwrap().contains("operate"), "{body}");
    let wrong = may_act.replace("bob.", "ann.");
    for wrong in ["Bearer ", "Bearer x", "Basic eDp5", &wrong, &format!("Bearer {}", ann.line)] {
        let answer = ask(&server, Method::GET, &status, &[(AUTHORIZATION.as_str(), wrong)]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{wrong}");
        refused(answer, "unauthorized").await;
    }
    let live = &server.server.live;
    crate::scene::until(live, "the topic is known", |s| s.topics.contains_key("orders")).await;
    let answer = ask(&server, Method::POST, &messages, &[(AUTHORIZATION.as_str(), &may_act)]).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let told = ask(&server, Method::GET, &status, &by_name).await.text().await.unwrap();
    for hidden in [&ann.token, &bob.token, &ann.line, &bob.line] {
        let hidden = hidden.rsplit(['.', ' ']).next().unwrap();
        assert!(!told.contains(hidden) && !format!("{live:?}").contains(hidden), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_logs_in_with_name_and_secret() {
    let scene = Scene::new().await;
    let ann = mint("ann", Role::Read).unwrap();
    let server = Answering::guarded(&scene, access(&[&ann], false)).await;
    let secret = ann.token.strip_prefix("ann.").unwrap();
    for path in ["/topics/orders", &format!("{}/status", api::BASE), &format!("{}/events/stream", api::BASE)]
    {
        let url = format!("http://{}{path}", server.at);
        let request = server.client.get(&url).header(ACCEPT, "text/html");
        let answer = request.basic_auth("ann", Some(secret)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let other = server.client.get(&url).basic_auth("bob", Some(secret)).send().await.unwrap();
        assert_eq!(other.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_says_who_asks() {
    let scene = Scene::new().await;
    let server = Answering::guarded(&scene, access(&[], true)).await;
    let status = format!("{}/status", api::BASE);
    let answer = ask(&server, Method::GET, &status, &[]).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(
        !answer.headers().contains_key(WWW_AUTHENTICATE),
        "no browser asks for a password that nobody has"
    );
    let body = refused(answer, "forbidden").await;
    assert!(body["error"]["hint"].as_str().unwrap().contains("proxy"), "{body}");
    let ann = [("x-forwarded-user", "ann"), (HOST.as_str(), "whither.example")];
    assert_eq!(ask(&server, Method::GET, &status, &ann).await.status(), StatusCode::OK);
    let messages = format!("{}/demo/messages", api::BASE);
    assert_eq!(ask(&server, Method::POST, &messages, &ann).await.status(), StatusCode::FORBIDDEN);
    let two = [("x-forwarded-user", "ann"), ("x-forwarded-user", "eve")];
    assert_eq!(ask(&server, Method::GET, &status, &two).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_reach_is_listened_on_only_if_somebody_is_asked() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let error = listen::bind(everywhere, &Access::default()).await.unwrap_err().to_string();
    assert!(error.contains("tokens_file") && error.contains("proxy_header"), "{error}");
    let ann = mint("ann", Role::Read).unwrap();
    for access in [access(&[&ann], false), access(&[], true)] {
        listen::bind(everywhere, &access).await.unwrap();
    }
}
