//! The stream of changes, read by a real client.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::Value;
use whither::api;

use crate::answering::{Answering, a_loss};
use crate::scene::{Scene, until};

const PATIENCE: Duration = Duration::from_secs(60);

/// An event as it was told.
#[derive(Clone, Debug, Default)]
struct Event {
    kind: String,
    id: Option<String>,
    data: Value,
}

struct Stream {
    answer: Response,
    text: String,
}

impl Stream {
    async fn open(server: &Answering, last: Option<&str>) -> Stream {
        let url = format!("http://{}{}/events/stream", server.at, api::BASE);
        let mut request = server.client.get(url);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Stream { answer, text: String::new() }
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let mut event = Event::default();
                for (name, value) in block.lines().filter_map(|line| line.split_once(": ")) {
                    match name {
                        "event" => event.kind = value.to_owned(),
                        "id" => event.id = Some(value.to_owned()),
                        "data" => event.data = serde_json::from_str(value).unwrap(),
                        _ => {}
                    }
                }
                self.text = rest.to_owned();
                return event;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk()).await;
            self.text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap().unwrap()).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_is_told_what_came_meanwhile() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 50).await;
    let _member = scene.read("billing", "orders", 20).await;
    let server = Answering::start(&scene).await;
    let live = &server.server.live;
    until(live, "the past is read", |s| s.about.read_back && s.rows.len() == 2).await;
    let first = Stream::open(&server, None).await.next().await;
    assert_eq!(first.kind, "round", "whoever comes anew hears of what is true now");
    let last = first.id.unwrap();
    scene.broker.faults().delete_records("orders", 0, 35).await.unwrap();
    until(live, "the loss is told", |s| s.totals.lost() == 15).await;
    let mut back = Stream::open(&server, Some(&last)).await;
    let mut found = Vec::new();
    let round = loop {
        let event = back.next().await;
        if event.kind == "round" {
            break event;
        }
        found.push(event);
    };
    assert!(found.iter().all(|e| e.kind == "finding" || e.kind == "withdrawn"), "{found:?}");
    assert!(
        found.iter().any(|e| e.data["cause"] == "delete_records" && e.data["records"] == 15),
        "{found:?}"
    );
    assert_eq!(round.data["lost"]["all"], 15);
    for forgotten in ["1-1", &format!("{:x}-ffffffff", live.read().started_at.0), "7", "", "-"] {
        let mut stream = Stream::open(&server, Some(forgotten)).await;
        let kinds = [stream.next().await.kind, stream.next().await.kind];
        assert_eq!(kinds, ["reset", "round"], "{forgotten}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_leave_places_for_those_who_ask() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let url = format!("http://{}{}/events/stream", server.at, api::BASE);
    let mut streams = Vec::new();
    let refused = loop {
        assert!(streams.len() < 512, "all places are taken by streams");
        let answer = server.client.get(&url).send().await.unwrap();
        if answer.status() != StatusCode::OK {
            break answer;
        }
        streams.push(answer);
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let told: Value = refused.json().await.unwrap();
    assert_eq!(told["error"]["code"], "too_many_streams", "{told}");
    let status = server.client.get(format!("http://{}{}/status", server.at, api::BASE)).send().await;
    assert_eq!(status.unwrap().status(), StatusCode::OK, "others are served");
    streams.clear();
    let freed = async {
        while server.client.get(&url).send().await.unwrap().status() != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.expect("places are free again");
}
