//! The description of the API against what is answered.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use whither::api;

use crate::answering::a_loss;
use crate::scene::Scene;

/// A path with something that is there, or could be, in each of its places.
fn filled(path: &str) -> String {
    let places = [("{topic}", "orders"), ("{partition}", "0"), ("{offset}", "20"), ("{group}", "billing")];
    let path = places.iter().fold(path.to_owned(), |path, (place, value)| path.replace(place, value));
    path.replace("{id}", "0123456789abcdef")
}

/// The operations of the description.
fn operations(described: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = described["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, of)| {
        of.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_tells_each_parameter_and_no_other() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let ask = async |method: &str, path: &str| {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        server.client.request(method, format!("http://{}{path}", server.at)).send().await.unwrap()
    };
    let told = ask("get", &format!("{}/openapi.json", api::BASE)).await;
    assert_eq!(told.headers()["content-type"], "application/json");
    let described: Value = told.json().await.unwrap();
    assert_eq!(described["openapi"], "3.1.0");
    let mut seen = 0;
    for (path, method, operation) in operations(&described) {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_query = parameters.iter().filter(|p| p["in"] == "query");
        let names: BTreeSet<&str> = in_query.map(|p| p["name"].as_str().unwrap()).collect();
        if !path.starts_with(api::BASE) || method != "get" {
            continue;
        }
        let refused = ask(method, &format!("{}?nonsense=1", filled(path))).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{path}");
        let error: Value = refused.json().await.unwrap();
        let hint = error["error"]["hint"].as_str().unwrap();
        let taken: BTreeSet<&str> =
            hint.strip_prefix("allowed: ").map_or_else(BTreeSet::new, |all| all.split(", ").collect());
        assert_eq!(taken, names, "{path}");
        seen += 1;
    }
    assert_eq!(seen, 19, "operations that read");
}

/// Whether a value is as its schema says: types, words, what must be there, and nothing that is not told.
fn fits(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = root.pointer(name.trim_start_matches('#')).ok_or(format!("{at}: no {name}"))?;
        return fits(value, schema, root, at);
    }
    if let Some(any) = schema["oneOf"].as_array() {
        let tried: Vec<_> = any.iter().map(|of| fits(value, of, root, at)).collect();
        let fit = tried.iter().filter(|t| t.is_ok()).count();
        return if fit == 1 { Ok(()) } else { Err(format!("{at}: {fit} of oneOf fit: {tried:?}")) };
    }
    if let Some(all) = schema["allOf"].as_array() {
        let known: BTreeSet<String> = all.iter().flat_map(|of| properties(of, root)).collect();
        let told = value.as_object().into_iter().flatten().map(|(name, _)| name);
        if let Some(name) = told.clone().find(|name| !known.contains(*name)) {
            return Err(format!("{at}: {name} is not told"));
        }
        return all.iter().try_for_each(|of| {
            let its = properties(of, root);
            let part = value.as_object().into_iter().flatten().filter(|(name, _)| its.contains(*name));
            fits(&Value::Object(part.map(|(n, v)| (n.clone(), v.clone())).collect()), of, root, at)
        });
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) if kinds.contains(&"number") => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.contains(&kind) {
        return Err(format!("{at}: {value} is none of {kinds:?}"));
    }
    if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
        return Err(format!("{at}: {value} is none of {words:?}"));
    }
    if let Some(needed) = schema["required"].as_array() {
        let missing = needed.iter().find(|name| value.get(name.as_str().unwrap()).is_none());
        missing.map_or(Ok(()), |name| Err(format!("{at}: {name} is missing")))?;
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(item, &schema["items"], root, &format!("{at}[{n}]"))?;
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let of = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
        let of = of.ok_or_else(|| format!("{at}: {name} is not told"))?;
        fits(field, of, root, &format!("{at}.{name}"))?;
    }
    Ok(())
}

fn properties(schema: &Value, root: &Value) -> BTreeSet<String> {
    let schema = match schema["$ref"].as_str() {
        Some(name) => root.pointer(name.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let others = schema["allOf"].as_array().into_iter().flatten().flat_map(|of| properties(of, root));
    own.chain(others).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_is_as_it_tells() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let described: Value = serde_json::from_str(api::openapi::text()).unwrap();
    let get = async |path: &str| {
        server.client.get(format!("http://{}{}{path}", server.at, api::BASE)).send().await.unwrap()
    };
    let drops: Value = get("/drops").await.json().await.unwrap();
    let id = drops["items"][0]["id"].as_str().unwrap().to_owned();
    for (path, asked) in [
        ("/status", "/status".to_owned()),
        ("/balance", "/balance".to_owned()),
        ("/balance", "/balance?by=group".to_owned()),
        ("/findings", "/findings".to_owned()),
        ("/findings/{id}", format!("/findings/{id}")),
        ("/drops", "/drops".to_owned()),
        ("/drops/{id}", format!("/drops/{id}")),
        ("/lag", "/lag?limit=1".to_owned()),
        ("/lag/history", "/lag/history?group=billing&topic=orders&partition=0".to_owned()),
        ("/topics", "/topics".to_owned()),
        ("/topics/{topic}", "/topics/orders".to_owned()),
        ("/topics/{topic}/{partition}/ranges", "/topics/orders/0/ranges?group=billing".to_owned()),
        ("/groups", "/groups".to_owned()),
        ("/groups/{group}", "/groups/billing".to_owned()),
        ("/messages/{topic}/{partition}/{offset}", "/messages/orders/0/40".to_owned()),
        ("/messages/{topic}/{partition}/{offset}", "/messages/orders/0/25".to_owned()),
        ("/journeys", "/journeys?q=orders/0@40".to_owned()),
        ("/dead-letters", "/dead-letters".to_owned()),
        ("/offsets/{group}", "/offsets/billing".to_owned()),
        ("/lag", "/lag?limit=0".to_owned()),
        ("/topics/{topic}", "/topics/none".to_owned()),
    ] {
        let answer = get(&asked).await;
        let status = answer.status().as_u16().to_string();
        let body: Value = answer.json().await.unwrap();
        let operation = &described["paths"][format!("{}{path}", api::BASE)]["get"];
        let schema = &operation["responses"][&status]["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{path} tells of no {status}");
        fits(&body, schema, &described, &asked).unwrap();
    }
}
