//! A client of server-sent events that reads what it is sent, line by line.

use std::time::Duration;

use serde_json::Value;

use super::Api;
use super::api::TestUser;

/// Nothing that works takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open stream.
pub struct EventStream {
    response: reqwest::Response,
    text: String,
}

/// One event, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub id: i32,
    pub kind: String,
    pub data: Value,
}

/// Asks for the events of a job.
pub async fn ask(api: &Api, user: &TestUser, id: i64, last: Option<&str>) -> reqwest::Response {
    let path = format!("/api/v1/jobs/{id}/events");
    let mut request = api
        .request(reqwest::Method::GET, &path)
        .bearer_auth(&user.token);
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    api.open(request).await
}

impl EventStream {
    /// Opens a stream, after an event if one is given.
    pub async fn open(api: &Api, user: &TestUser, id: i64, last: Option<i32>) -> Self {
        let last = last.map(|number| number.to_string());
        let response = ask(api, user, id, last.as_deref()).await;
        assert_eq!(response.status().as_u16(), 200, "{response:?}");
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-accel-buffering"], "no");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next block that ends with an empty line; `None` at the end of the stream.
    pub async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk());
            match chunk.await.expect("something is sent").unwrap() {
                Some(chunk) => self.text.push_str(std::str::from_utf8(&chunk).unwrap()),
                None => {
                    assert_eq!(self.text, "", "nothing is cut short");
                    return None;
                }
            }
        }
    }

    /// The next event; comments and waiting times are passed over. `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            let block = self.block().await?;
            let value = |name: &str| {
                let prefix = format!("{name}: ");
                block.lines().find_map(|line| line.strip_prefix(&prefix))
            };
            if let Some(data) = value("data") {
                return Some(Sent {
                    id: value("id").unwrap().parse().unwrap(),
                    kind: value("event").unwrap().to_owned(),
                    data: serde_json::from_str(data).unwrap(),
                });
            }
        }
    }

    /// All that follow, up to the end of the stream.
    pub async fn rest(&mut self) -> Vec<Sent> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// The kinds of some events, in their order.
pub fn kinds(events: &[Sent]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}
