//! Those who order: several users at once, each order under a key, sent again until there is an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::crowd::Crowd;
use super::{PATIENCE, Tally};
use crate::support::api::PASSWORD;

/// What each user begins with, which is enough for all orders.
pub const POINTS: i64 = 1_000_000;
const USERS: i64 = 10;
/// How many jobs may be open before the next one is ordered, so that orders, work and kills go on side by side.
const MOST_OPEN: i64 = 15;
/// One of so many jobs is a fortune, which takes a while; the others are statements.
const FORTUNE_EVERY: i64 = 6;
/// One of so many fortunes cannot be drawn, and one takes longer than a lease.
const ODD_EVERY: i64 = 16;
/// How long to wait before the server is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// What users were told of their orders.
#[derive(Debug, Default)]
pub struct Orders {
    /// The job of each key, by user and key.
    pub jobs: BTreeMap<(i64, String), i64>,
    /// Answers that never came: connections that broke or were refused.
    broken: u64,
    /// Answers that said that the outcome is unknown or the service not available.
    unavailable: u64,
    /// Orders that an earlier attempt, whose answer was lost, had made.
    replayed: u64,
}

impl Orders {
    /// For people.
    pub fn told(&self) -> String {
        format!(
            "orders: {} made, {} attempts without an answer, {} answered 503, {} found made by an attempt whose answer \
             was lost",
            self.jobs.len(),
            self.broken,
            self.unavailable,
            self.replayed
        )
    }
}

/// Registers users, who begin to order.
pub async fn begin(
    crowd: &Crowd,
    count: i64,
    tally: &watch::Receiver<Tally>,
) -> Vec<JoinHandle<Orders>> {
    let client = crate::support::client();
    let mut buyers = Vec::new();
    for number in 0..USERS {
        let url = format!("{}/api/v1/auth/register", crowd.url);
        let body = json!({"email": format!("user{number}@example.com"), "password": PASSWORD});
        let reply = client.post(url).json(&body).send().await.unwrap();
        let body: Value = reply.error_for_status().unwrap().json().await.unwrap();
        let buyer = Buyer {
            client: client.clone(),
            url: format!("{}/api/v1/jobs", crowd.url),
            id: body["user"]["id"].as_i64().unwrap(),
            token: body["tokens"]["access_token"].as_str().unwrap().to_owned(),
            tally: tally.clone(),
        };
        let wanted = (0..count).filter(move |job| job % USERS == number);
        let jobs = wanted
            .map(|job| body_of(job, crowd.draws_fortunes()))
            .collect();
        buyers.push(buyer.order_all(jobs));
    }
    buyers.into_iter().map(tokio::spawn).collect()
}

/// What all users were told, when all have ordered.
pub async fn all_of(buyers: Vec<JoinHandle<Orders>>, crowd: &Crowd) -> Orders {
    let mut all = Orders::default();
    for buyer in buyers {
        let ordered = match tokio::time::timeout(PATIENCE, buyer).await {
            Ok(ordered) => ordered.unwrap(),
            Err(_) => panic!("an order is not answered\n{}", crowd.logs()),
        };
        all.jobs.extend(ordered.jobs);
        all.broken += ordered.broken;
        all.unavailable += ordered.unavailable;
        all.replayed += ordered.replayed;
    }
    all
}

fn body_of(job: i64, draws_fortunes: bool) -> Value {
    if !draws_fortunes || job % FORTUNE_EVERY != 0 {
        return json!({"job_type": "wallet_statement", "input": {}});
    }
    let question = match job / FORTUNE_EVERY % ODD_EVERY {
        0 => "why?",
        1 => "how long?",
        _ => "when?",
    };
    json!({"job_type": "fortune_draw", "input": {"question": question}})
}

struct Buyer {
    client: reqwest::Client,
    url: String,
    id: i64,
    token: String,
    tally: watch::Receiver<Tally>,
}

impl Buyer {
    async fn order_all(mut self, jobs: Vec<Value>) -> Orders {
        let mut orders = Orders::default();
        for (number, body) in jobs.iter().enumerate() {
            self.tally
                .wait_for(|tally| tally.open < MOST_OPEN)
                .await
                .unwrap();
            let key = format!("order-{number}");
            let job = self.order(&key, body, &mut orders).await;
            orders.jobs.insert((self.id, key), job);
        }
        orders
    }

    /// Orders until there is an answer; returns the number of the job.
    async fn order(&self, key: &str, body: &Value, orders: &mut Orders) -> i64 {
        loop {
            let Ok((status, replayed, body)) = self.try_to_order(key, body).await else {
                orders.broken += 1;
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            match status {
                StatusCode::CREATED => {
                    orders.replayed += u64::from(replayed);
                    return body["job_id"].as_i64().unwrap();
                }
                StatusCode::SERVICE_UNAVAILABLE => {
                    orders.unavailable += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                _ => panic!("an order is refused: {status} {body}"),
            }
        }
    }

    async fn try_to_order(
        &self,
        key: &str,
        body: &Value,
    ) -> reqwest::Result<(StatusCode, bool, Value)> {
        let request = self
            .client
            .post(&self.url)
            .bearer_auth(&self.token)
            .json(body);
        let request = request
            .header("Idempotency-Key", key)
            .timeout(Duration::from_secs(30));
        let reply = request.send().await?;
        let replayed = reply.headers().contains_key("idempotent-replayed");
        Ok((reply.status(), replayed, reply.json().await?))
    }
}
