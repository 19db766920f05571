//! Bad input of every kind on every route: a problem document with a 4xx, and nothing changed.

use divine_whispers::domain::users::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::api::{PASSWORD, TestUser};
use crate::support::{Api, Reply};

/// Every route that takes a body, with a body that it would take.
fn bodies(user: &TestUser) -> Vec<(&'static str, Value)> {
    vec![
        (
            "/api/v1/auth/register",
            json!({
                "email": "new@example.com", "password": PASSWORD, "full_name": "Ada", "birth_date": "1990-12-10",
                "location": "London", "preferred_language": "en",
            }),
        ),
        (
            "/api/v1/auth/login",
            json!({"email": user.email, "password": PASSWORD}),
        ),
        (
            "/api/v1/auth/refresh",
            json!({"refresh_token": "A".repeat(43)}),
        ),
        (
            "/api/v1/auth/profile",
            json!({"full_name": "Ada", "birth_date": "1990-12-10", "location": "London", "preferred_language": "en"}),
        ),
        (
            "/api/v1/auth/password",
            json!({"current_password": PASSWORD, "new_password": "quite another password"}),
        ),
        (
            "/api/v1/wallet/spend",
            json!({"amount": 1, "job_type": "fortune_draw", "description": "d", "input": {"question": "when?"}}),
        ),
        (
            "/api/v1/wallet/transfers",
            json!({"to_user_id": 1, "amount": 1, "description": "d"}),
        ),
        (
            "/api/v1/admin/deposits",
            json!({
                "user_id": user.id, "amount": 1, "reference_id": "r", "payment_method": "card", "description": "d",
            }),
        ),
        (
            "/api/v1/admin/refunds",
            json!({"txn_id": 1, "amount": 1, "reason": "r"}),
        ),
        (
            "/api/v1/admin/adjustments",
            json!({"user_id": user.id, "amount": 1, "reason": "r"}),
        ),
    ]
}

const GETS: [&str; 11] = [
    "/api/v1/auth/me",
    "/api/v1/wallet",
    "/api/v1/wallet/transactions",
    "/api/v1/wallet/transactions/1",
    "/api/v1/wallet/statistics",
    "/api/v1/admin/users",
    "/api/v1/admin/users/1",
    "/api/v1/admin/audit-logs",
    "/api/v1/admin/audit-logs/export",
    "/api/v1/admin/ledger/verify",
    "/api/v1/admin/schema",
];

fn is_open(path: &str) -> bool {
    ["register", "login", "refresh"]
        .iter()
        .any(|name| path.ends_with(name))
}

fn method(path: &str) -> Method {
    match path {
        "/api/v1/auth/profile" | "/api/v1/auth/password" => Method::PUT,
        _ => Method::POST,
    }
}

async fn send(api: &Api, user: &TestUser, path: &str, body: Value) -> Reply {
    let request = api.request(method(path), path).bearer_auth(&user.token);
    api.send(request.json(&body)).await
}

async fn send_raw(api: &Api, user: &TestUser, path: &str, body: Vec<u8>) -> Reply {
    let request = api.request(method(path), path).bearer_auth(&user.token);
    api.send(
        request
            .header("Content-Type", "application/json")
            .body(body),
    )
    .await
}

fn assert_refused(reply: &Reply, what: &str) {
    assert!(reply.status.is_client_error(), "{what}: {reply:?}");
    reply.problem();
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_on_every_route() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let before = api.database.fingerprint().await;
    let deep = "[".repeat(2_000).into_bytes();
    let wrong: [&[u8]; 8] = [
        b"",
        b"{",
        b"null nothing",
        b"\xff\xfe",
        b"{\"amount\": \"\xc3\x28\"}",
        b"[]",
        b"\"text\"",
        &deep,
    ];
    for (path, body) in bodies(&admin) {
        for text in wrong {
            assert_refused(&send_raw(&api, &admin, path, text.to_vec()).await, path);
        }
        let twice = format!("{body}{body}").into_bytes();
        assert_eq!(
            send_raw(&api, &admin, path, twice).await.problem(),
            "MALFORMED_JSON"
        );
        let untyped = api
            .request(method(path), path)
            .bearer_auth(&admin.token)
            .body(body.to_string());
        assert_eq!(api.send(untyped).await.problem(), "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(api.database.fingerprint().await, before);
}

#[tokio::test]
async fn a_field_of_a_wrong_type_or_range_is_refused_by_name() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let before = api.database.fingerprint().await;
    let wrong = [
        json!({}),
        json!([]),
        json!(true),
        json!(1.5),
        json!(-1),
        json!(0),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("   "),
        json!("nul \u{0} character"),
        json!("x".repeat(600)),
    ];
    for (path, body) in bodies(&admin) {
        let fields: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        for field in fields {
            for value in &wrong {
                let is_allowed = (field == "input" && value.is_object())
                    || (field == "amount" && path.ends_with("deposits") && value == &json!(1))
                    || (field == "amount" && path.ends_with("adjustments") && value == &json!(-1))
                    // It is hashed, never stored.
                    || (field.ends_with("password") && value.as_str().is_some_and(|text| text.contains('\0')));
                // Who or what a number names is not a matter of its range.
                let names_something = field.ends_with("_id") && value.is_i64();
                if is_allowed || path.ends_with("login") || path.ends_with("refresh") {
                    continue;
                }
                let mut body = body.clone();
                body[&field] = value.clone();
                let reply = send(&api, &admin, path, body).await;
                assert_refused(&reply, &format!("{path} {field} {value}"));
                if !names_something {
                    assert_eq!(
                        reply.problem(),
                        "VALIDATION_FAILED",
                        "{path} {field} {value}"
                    );
                    let named = reply.body["errors"][0]["field"].as_str().unwrap();
                    assert!(named.starts_with(&field), "{path} {field} {value}: {named}");
                }
            }
        }
        let mut unknown = body.clone();
        unknown["surprise"] = json!(1);
        let reply = send(&api, &admin, path, unknown).await;
        assert_eq!(reply.problem(), "VALIDATION_FAILED");
        assert!(
            reply.body["errors"][0]["message"]
                .as_str()
                .unwrap()
                .contains("unknown field"),
            "{reply:?}"
        );
        if path.ends_with("profile") {
            // Nothing to change is no mistake.
            continue;
        }
        let empty = send(&api, &admin, path, json!({})).await;
        assert!(
            empty.body["errors"][0]["message"]
                .as_str()
                .unwrap()
                .contains("missing field"),
            "{empty:?}"
        );
    }
    assert_eq!(api.database.fingerprint().await, before);
}

#[tokio::test]
async fn a_nul_character_deep_in_the_input_of_a_job_is_refused() {
    let api = Api::start().await;
    let user = api.register().await;
    let before = api.database.fingerprint().await;
    for input in [json!({"a": ["\u{0}"]}), json!({"\u{0}": 1})] {
        let body = json!({"amount": 1, "job_type": "fortune_draw", "input": input});
        assert_eq!(
            api.post(&user, "/api/v1/wallet/spend", body)
                .await
                .problem(),
            "VALIDATION_FAILED"
        );
    }
    assert_eq!(api.database.fingerprint().await, before);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_on_every_route() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let huge = json!({"padding": "x".repeat(65 * 1024)})
        .to_string()
        .into_bytes();
    for (path, _) in bodies(&admin) {
        let reply = send_raw(&api, &admin, path, huge.clone()).await;
        assert_eq!(
            (reply.status, reply.problem()),
            (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
            "{path}"
        );
    }
}

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
        .filter(|(path, _)| !path.starts_with("/api/v1/auth/"))
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
