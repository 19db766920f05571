//! Bodies that are no JSON, too large, or not what the route takes.

use reqwest::StatusCode;
use serde_json::json;

use super::{Senders, assert_refused, bodies, method, send, send_raw};
use crate::support::Api;

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_on_every_route() {
    let api = Api::start().await;
    let senders = Senders::of(&api).await;
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
    for (path, body) in bodies(&senders.admin) {
        let sender = senders.to(path);
        for text in wrong {
            assert_refused(&send_raw(&api, sender, path, text.to_vec()).await, path);
        }
        let twice = format!("{body}{body}").into_bytes();
        assert_eq!(
            send_raw(&api, sender, path, twice).await.problem(),
            "MALFORMED_JSON"
        );
        let untyped = api
            .request(method(path), path)
            .bearer_auth(&sender.token)
            .body(body.to_string());
        assert_eq!(api.send(untyped).await.problem(), "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(api.database.fingerprint().await, before);
}

#[tokio::test]
async fn a_field_of_a_wrong_type_or_range_is_refused_by_name() {
    let api = Api::start().await;
    let senders = Senders::of(&api).await;
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
    for (path, body) in bodies(&senders.admin) {
        let sender = senders.to(path);
        let fields: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        for field in fields {
            for value in &wrong {
                let is_allowed = (field == "input" && value.is_object())
                    || (field == "amount" && path.ends_with("deposits") && value == &json!(1))
                    || (field == "amount" && path.ends_with("adjustments") && value == &json!(-1))
                    || (["priority", "progress_percent", "wait_seconds"].contains(&field.as_str()) && value == &json!(0))
                    || (field == "retry" && value.is_boolean())
                    // A result may be empty, and both have room for it.
                    || (field == "output_text" && value.as_str().is_some_and(|text| !text.contains('\0')))
                    || (field == "error" && value == &json!("x".repeat(600)))
                    // It is hashed, never stored.
                    || (field.ends_with("password") && value.as_str().is_some_and(|text| text.contains('\0')));
                // Who or what a number names is not a matter of its range.
                let names_something = field.ends_with("_id") && value.is_i64();
                if is_allowed || path.ends_with("login") || path.ends_with("refresh") {
                    continue;
                }
                let mut body = body.clone();
                body[&field] = value.clone();
                let reply = send(&api, sender, path, body).await;
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
        let reply = send(&api, sender, path, unknown).await;
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
        let empty = send(&api, sender, path, json!({})).await;
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
async fn a_date_or_time_that_is_none_is_answered_with_how_one_is_written() {
    let api = Api::start().await;
    let user = api.register().await;
    let date = "must be a date such as 1990-12-31";
    let time = "must be a time such as 2026-01-31T00:00:00Z";
    let message = |reply: &crate::support::Reply| {
        assert_eq!(reply.problem(), "VALIDATION_FAILED");
        reply.body["errors"][0]["message"].clone()
    };
    for wrong in [
        json!("31.12.1990"),
        json!("1990"),
        json!("1990-02-30"),
        json!(1990),
    ] {
        let profile = json!({"birth_date": wrong});
        let reply = send(&api, &user, "/api/v1/auth/profile", profile).await;
        assert_eq!(message(&reply), date, "{wrong}");
        let job = json!({"job_type": "fortune_draw", "scheduled_at": wrong});
        let reply = api.post(&user, "/api/v1/jobs", job).await;
        assert_eq!(message(&reply), time, "{wrong}");
    }
    for (path, expected) in [
        ("/api/v1/wallet/transactions?from=2026-01-31", time),
        ("/api/v1/wallet/transactions?to=", time),
        ("/api/v1/wallet/statistics?from=x", date),
        ("/api/v1/wallet/statistics?to=2026-01-31T00:00:00Z", date),
    ] {
        let reply = api.get(&user, path).await;
        assert_eq!(message(&reply), expected, "{path}");
    }
    // What is right is taken as before, and null still clears.
    for right in [json!("1990-12-31"), json!(null)] {
        let profile = json!({"birth_date": right});
        let reply = send(&api, &user, "/api/v1/auth/profile", profile).await;
        assert_eq!(reply.success()["birth_date"], right);
    }
    let path = "/api/v1/wallet/transactions?from=2026-01-31T00:00:00Z";
    api.get(&user, path).await.success();
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
    let senders = Senders::of(&api).await;
    let huge = json!({"padding": "x".repeat(65 * 1024)})
        .to_string()
        .into_bytes();
    for (path, _) in bodies(&senders.admin) {
        let reply = send_raw(&api, senders.to(path), path, huge.clone()).await;
        assert_eq!(
            (reply.status, reply.problem()),
            (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
            "{path}"
        );
    }
}
