//! Tokens, queries, paths, keys and methods that are not what the route takes.

use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::json;

use super::{GETS, bodies, is_open, method, moves_points};
use crate::support::Api;

#[tokio::test]
async fn without_a_valid_token_every_route_but_the_open_ones_refuses() {
    let api = Api::start().await;
    let user = api.register().await;
    let [header, payload, signature] =
        <[&str; 3]>::try_from(user.token.split('.').collect::<Vec<_>>()).unwrap();
    // {"alg":"none"}, the payload of somebody else, another signature, and a token of another server.
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    let altered = format!(
        "{header}.{}.{signature}",
        payload.replace(&payload[10..12], "zz")
    );
    let cut = format!("{header}.{payload}.{}", &signature[..signature.len() - 2]);
    let foreign = divine_whispers::http::TokenSigner::new(
        &"another key, just as long as that of the tests".into(),
        std::time::Duration::from_secs(1800),
    );
    let foreign = foreign
        .sign(api.app.tokens.verify(&user.token).unwrap())
        .unwrap();
    let tokens = ["", "x", "a.b.c", &unsigned, &altered, &cut, &foreign];
    let posts: Vec<&str> = bodies(&user)
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !is_open(path))
        .collect();
    let routes = GETS
        .map(|path| (Method::GET, path))
        .into_iter()
        .chain(posts.into_iter().map(|path| (method(path), path)));
    for (method, path) in routes {
        let bare = api.send(api.request(method.clone(), path)).await;
        assert_eq!(
            (bare.status.as_u16(), bare.problem()),
            (401, "UNAUTHENTICATED"),
            "{path}"
        );
        assert_eq!(bare.headers["www-authenticate"], "Bearer");
        for token in tokens {
            let reply = api
                .send(api.request(method.clone(), path).bearer_auth(token))
                .await;
            assert_eq!(reply.problem(), "UNAUTHENTICATED", "{path} {token}");
        }
        let basic = api
            .send(api.request(method, path).basic_auth("ada", Some("secret")))
            .await;
        assert_eq!(basic.problem(), "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn an_expired_token_is_refused_and_says_so() {
    let api = Api::start().await;
    let user = api.register().await;
    let expired = divine_whispers::http::TokenSigner::new(
        &crate::support::api::SECRET_KEY.into(),
        std::time::Duration::ZERO,
    );
    let token = expired
        .sign(api.app.tokens.verify(&user.token).unwrap())
        .unwrap();
    let reply = crate::support::eventually_refused(&api, &token).await;
    assert_eq!(reply.problem(), "UNAUTHENTICATED");
    assert!(reply.body["detail"].as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn bad_queries_and_paths_are_refused() {
    let api = Api::start().await;
    let user = api.register().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=99999999999999999999",
        "cursor=x",
        "cursor=%ff",
        "type=gift",
        "status=maybe",
        "from=yesterday",
        "to=2026-13-01T00:00:00Z",
        "from=-9999-01-01T00:00:00Z",
        "surprise=1",
        "limit=1&limit=2",
        "cursor=LTk5OTk5OTk5OTk5OTk5OTk5LjE",
    ] {
        let reply = api
            .get(&user, &format!("/api/v1/wallet/transactions?{query}"))
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (422, "VALIDATION_FAILED"),
            "{query}"
        );
    }
    for id in [
        "x",
        "-1",
        "0",
        "1.5",
        "9223372036854775808",
        "%ff",
        "%00",
        "1;drop",
    ] {
        let reply = api
            .get(&user, &format!("/api/v1/wallet/transactions/{id}"))
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (404, "NOT_FOUND"),
            "{id}"
        );
    }
}

#[tokio::test]
async fn bad_idempotency_keys_are_refused_on_every_money_route() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let before = api.database.fingerprint().await;
    for (path, body) in bodies(&admin)
        .into_iter()
        .filter(|(path, _)| moves_points(path))
    {
        for key in ["", "two words", &"x".repeat(256)] {
            let reply = api.post_with_key(&admin, path, key, body.clone()).await;
            assert_eq!(reply.problem(), "VALIDATION_FAILED", "{path} {key:?}");
            assert_eq!(reply.body["errors"][0]["field"], "Idempotency-Key");
        }
        let twice = api
            .request(Method::POST, path)
            .bearer_auth(&admin.token)
            .json(&body);
        let twice = twice
            .header("Idempotency-Key", "a")
            .header("Idempotency-Key", "b");
        assert_eq!(api.send(twice).await.problem(), "VALIDATION_FAILED");
    }
    assert_eq!(api.database.fingerprint().await, before);
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_too() {
    let api = Api::start().await;
    let nowhere = api.send(api.request(Method::GET, "/api/v1/nowhere")).await;
    assert_eq!(
        (nowhere.status.as_u16(), nowhere.problem()),
        (404, "NOT_FOUND")
    );
    let wrong = api
        .send(api.request(Method::DELETE, "/api/v1/wallet"))
        .await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.problem()),
        (405, "METHOD_NOT_ALLOWED")
    );
    assert!(wrong.headers.contains_key("allow"));
}

#[tokio::test]
async fn a_refusal_does_not_repeat_what_was_sent() {
    let api = Api::start().await;
    let user = api.register().await;
    let body = json!({"email": "ada@example.com", "password": 12_345_678_901_234_u64});
    let login = api.post_anonymously("/api/v1/auth/login", body).await;
    assert!(
        !login.body.to_string().contains("12345678901234"),
        "{login:?}"
    );
    let body = json!({"amount": "unmistakable expected 1", "job_type": "fortune_draw"});
    let spend = api.post(&user, "/api/v1/wallet/spend", body).await;
    let body = json!({"amount": 1, "job_type": "fortune_draw", "unmistakable": 1});
    let unknown = api.post(&user, "/api/v1/wallet/spend", body).await;
    let list = api
        .get(&user, "/api/v1/wallet/transactions?type=unmistakable")
        .await;
    for reply in [login, spend, unknown, list] {
        assert_eq!(reply.problem(), "VALIDATION_FAILED");
        assert!(
            !reply.body["errors"][0]["message"]
                .to_string()
                .contains("unmistakable"),
            "{reply:?}"
        );
    }
}
