//! How often passwords may be tried: per account and per address, whatever replica is asked.

use divine_whispers::domain::sessions::remove_expired;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::needs_many_connections;
use crate::support::api::{PASSWORD, second_server};
use crate::support::{Api, Reply};

const LOGIN: &str = "/api/v1/auth/login";

/// An API with limits of its own, believing one proxy.
async fn start(per_account: u32, per_address: u32) -> Api {
    let mut api = Api::start().await;
    api.app.sessions.login_limits.per_account = per_account;
    api.app.sessions.login_limits.per_address = per_address;
    api.app.trusted_proxies = 1;
    api.serve_also(api.app.clone()).await;
    api
}

async fn log_in_from(api: &Api, address: &str, email: &str, password: &str) -> Reply {
    let request = api.request(Method::POST, LOGIN);
    let body = json!({"email": email, "password": password});
    api.send(request.header("X-Forwarded-For", address).json(&body))
        .await
}

async fn log_in(api: &Api, email: &str, password: &str) -> Reply {
    log_in_from(api, "203.0.113.7", email, password).await
}

#[track_caller]
fn assert_wrong(reply: &Reply) {
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (401, "INVALID_CREDENTIALS")
    );
}

#[track_caller]
fn assert_too_many(reply: &Reply) {
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (429, "TOO_MANY_ATTEMPTS")
    );
    let seconds: u64 = reply.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn an_account_is_tried_as_often_as_the_limit_says_and_then_not_even_with_the_password() {
    let api = start(3, 100).await;
    let user = api.register().await;
    // From another address each time: it is the account that is counted.
    for number in 1..=3 {
        let address = format!("203.0.113.{number}");
        assert_wrong(&log_in_from(&api, &address, &user.email, "not the password").await);
    }
    assert_too_many(&log_in(&api, &user.email, PASSWORD).await);
    assert_too_many(&log_in(&api, &user.email.to_uppercase(), PASSWORD).await);
    let other = api.register().await;
    log_in(&api, &other.email, PASSWORD).await.success();

    api.database
        .execute("update login_limits set window_ends_at = now()")
        .await;
    log_in(&api, &user.email, PASSWORD).await.success();
}

#[tokio::test]
async fn an_account_that_nobody_has_is_refused_just_the_same() {
    let api = start(2, 100).await;
    let user = api.register().await;
    let tries = async |email: &str| {
        let mut replies = Vec::new();
        for _ in 0..4 {
            let mut reply = log_in(&api, email, "not the password").await;
            reply.body["request_id"].take();
            replies.push((reply.status.as_u16(), reply.body));
        }
        replies
    };
    let (somebody, nobody) = (tries(&user.email).await, tries("nobody@example.com").await);
    assert_eq!(somebody, nobody);
    let statuses: Vec<u16> = nobody.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [401, 401, 429, 429]);
}

#[tokio::test]
async fn a_success_forgets_the_failures_of_the_account_and_not_those_of_the_address() {
    let api = start(3, 5).await;
    let user = api.register().await;
    for _ in 0..2 {
        for _ in 0..2 {
            assert_wrong(&log_in(&api, &user.email, "not the password").await);
        }
        log_in(&api, &user.email, PASSWORD).await.success();
    }
    let counts = "select sum(attempt_count) filter (where subject like 'account:%') * 100
                       + sum(attempt_count) filter (where subject = 'address:203.0.113.7') from login_limits";
    assert_eq!(api.database.number(counts).await, 4);
    assert_wrong(&log_in(&api, "nobody@example.com", PASSWORD).await);
    assert_too_many(&log_in(&api, &user.email, PASSWORD).await);
    log_in_from(&api, "203.0.113.8", &user.email, PASSWORD)
        .await
        .success();
}

#[tokio::test]
async fn an_address_is_limited_over_all_accounts_and_a_network_of_ipv6_is_one() {
    let api = start(10, 3).await;
    let user = api.register().await;
    for (number, last) in ["1", "2:3", "ffff:0:1"].into_iter().enumerate() {
        let (address, email) = (
            format!("2001:db8:0:7::{last}"),
            format!("nobody{number}@example.com"),
        );
        assert_wrong(&log_in_from(&api, &address, &email, PASSWORD).await);
    }
    assert_too_many(&log_in_from(&api, "2001:db8:0:7::9", &user.email, PASSWORD).await);
    log_in_from(&api, "2001:db8:0:8::9", &user.email, PASSWORD)
        .await
        .success();
    // What is no address of an account is counted as well.
    for _ in 0..3 {
        assert_wrong(&log_in(&api, "?", "?").await);
    }
    assert_too_many(&log_in(&api, "?", "?").await);
}

#[tokio::test]
async fn without_trusted_proxies_nobody_gets_another_address_by_saying_so() {
    let mut api = start(100, 2).await;
    api.app.trusted_proxies = 0;
    api.serve_also(api.app.clone()).await;
    for number in 1..=2 {
        let address = format!("203.0.113.{number}");
        assert_wrong(&log_in_from(&api, &address, "nobody@example.com", PASSWORD).await);
    }
    assert_too_many(&log_in_from(&api, "203.0.113.3", "nobody@example.com", PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_attempts_at_once_on_two_servers_as_many_are_checked_as_the_limit_says() {
    let api = start(5, 1000).await;
    needs_many_connections!(api.database);
    let other = second_server(&api).await;
    let user = api.register().await;
    let replies = join_all((0..30).map(|number| {
        let server = if number % 2 == 0 { &api } else { &other };
        log_in(server, &user.email, "not the password")
    }))
    .await;
    let (checked, refused): (Vec<_>, Vec<_>) = replies
        .into_iter()
        .partition(|reply| reply.status.as_u16() == 401);
    assert_eq!((checked.len(), refused.len()), (5, 25));
    refused.iter().for_each(assert_too_many);
    assert_too_many(&log_in(&other, &user.email, PASSWORD).await);
}

#[tokio::test]
async fn failures_and_the_first_refusal_have_an_entry_and_the_flood_behind_it_has_none() {
    let api = start(2, 100).await;
    let user = api.register().await;
    for _ in 0..6 {
        log_in(&api, &user.email, "not the password").await;
    }
    let entries = async |reason: &str| {
        let sql = format!(
            "select count(*) from audit_logs where action = 'auth.login' and outcome = 'refused'
             and ip_address = '203.0.113.7' and details->>'reason' = '{reason}'"
        );
        api.database.number(&sql).await
    };
    assert_eq!(entries("wrong_credentials").await, 2);
    assert_eq!(entries("too_many_attempts").await, 1);
    // Neither does it keep the account closed for longer.
    let counted = "select attempt_count::bigint from login_limits where subject like 'account:%'";
    assert_eq!(api.database.number(counted).await, 3);
}

#[tokio::test]
async fn counts_are_removed_when_their_window_is_over() {
    let api = start(10, 100).await;
    assert_wrong(&log_in(&api, "nobody@example.com", PASSWORD).await);
    assert_eq!(remove_expired(&api.app.db).await.unwrap(), 0);
    api.database
        .execute("update login_limits set window_ends_at = now()")
        .await;
    assert_eq!(remove_expired(&api.app.db).await.unwrap(), 2);
}
