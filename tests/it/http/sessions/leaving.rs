//! `/auth/logout`, and what a session that has ended can no longer do.

use std::time::Duration;

use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::json;

use super::{LOGOUT, assert_ended, log_in, refresh, refused, tokens_of};
use crate::support::Api;
use crate::support::api::{PASSWORD, TestUser};

#[tokio::test]
async fn logging_out_ends_the_session_at_once_and_leaves_the_others() {
    let api = Api::start().await;
    let user = api.register().await;
    let (left, kept) = (log_in(&api, &user).await, log_in(&api, &user).await);
    let reply = api.post(&left.user, LOGOUT, json!({})).await;
    assert_eq!(reply.status.as_u16(), 204);
    assert_eq!(
        refused(&refresh(&api, &left.refresh).await),
        (401, "INVALID_REFRESH_TOKEN")
    );
    assert_ended(&api, &left).await;
    refresh(&api, &kept.refresh).await.success();

    // With the refresh token alone, as after the access token has expired.
    let (left, kept) = (log_in(&api, &user).await, log_in(&api, &user).await);
    let body = json!({"refresh_token": left.refresh});
    let reply = api.post_anonymously(LOGOUT, body.clone()).await;
    assert_eq!(reply.status.as_u16(), 204);
    assert_ended(&api, &left).await;
    let again = api.post_anonymously(LOGOUT, body).await;
    assert_eq!(refused(&again), (401, "INVALID_REFRESH_TOKEN"));
    refresh(&api, &kept.refresh).await.success();
    let entries =
        "select count(*) from audit_logs where action = 'auth.logout' and outcome = 'success'
                   and details->>'everywhere' = 'false'";
    assert_eq!(api.database.number(entries).await, 2);
}

#[tokio::test]
async fn logging_out_takes_no_body_for_an_empty_object_and_no_other_type_than_json() {
    let api = Api::start().await;
    let user = api.register().await;
    for content_type in [None, Some("application/json"), Some("text/plain")] {
        let session = log_in(&api, &user).await;
        let mut request = api
            .request(Method::POST, LOGOUT)
            .bearer_auth(&session.user.token);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let reply = api.send(request).await;
        assert_eq!(reply.status.as_u16(), 204, "{content_type:?}: {reply:?}");
        assert_ended(&api, &session).await;
    }
    let session = log_in(&api, &user).await;
    let untyped = api
        .request(Method::POST, LOGOUT)
        .bearer_auth(&session.user.token)
        .body("{\"all\": true}");
    assert_eq!(api.send(untyped).await.problem(), "UNSUPPORTED_MEDIA_TYPE");
    refresh(&api, &session.refresh).await.success();
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_sessions_of_the_user_and_of_nobody_else() {
    let api = Api::start().await;
    let (user, other) = (api.register().await, api.register().await);
    let other = log_in(&api, &other).await;
    for by_refresh_token in [false, true] {
        let sessions = [log_in(&api, &user).await, log_in(&api, &user).await];
        let reply = if by_refresh_token {
            let body = json!({"refresh_token": sessions[0].refresh, "all": true});
            api.post_anonymously(LOGOUT, body).await
        } else {
            api.post(&sessions[0].user, LOGOUT, json!({"all": true}))
                .await
        };
        assert_eq!(reply.status.as_u16(), 204);
        for session in &sessions {
            assert_ended(&api, session).await;
        }
    }
    refresh(&api, &other.refresh).await.success();
    let alive = format!(
        "select count(*) from sessions where revoked_at is null and user_id = {}",
        user.id
    );
    assert_eq!(api.database.number(&alive).await, 0);
}

#[tokio::test]
async fn a_replaced_token_cannot_log_out_everywhere_but_ends_its_own_session() {
    let api = Api::start().await;
    let user = api.register().await;
    let (robbed, other) = (log_in(&api, &user).await, log_in(&api, &user).await);
    let newest = tokens_of(&user, &refresh(&api, &robbed.refresh).await.success());
    let body = json!({"refresh_token": robbed.refresh, "all": true});
    let reply = api.post_anonymously(LOGOUT, body).await;
    assert_eq!(refused(&reply), (401, "REFRESH_TOKEN_REUSED"));
    assert_ended(&api, &newest).await;
    refresh(&api, &other.refresh).await.success();
}

#[tokio::test]
async fn without_any_token_nobody_is_logged_out() {
    let api = Api::start().await;
    let user = api.register().await;
    let session = log_in(&api, &user).await;
    for body in [
        json!({}),
        json!({"all": true}),
        json!({"refresh_token": null}),
    ] {
        let reply = api.post_anonymously(LOGOUT, body).await;
        assert_eq!(refused(&reply), (401, "UNAUTHENTICATED"));
    }
    let unknown = json!({"everywhere": true});
    let reply = api.post(&session.user, LOGOUT, unknown).await;
    assert_eq!(refused(&reply), (422, "VALIDATION_FAILED"));
    let bare = api.send(api.request(Method::POST, LOGOUT)).await;
    assert_eq!(refused(&bare), (401, "UNAUTHENTICATED"));
    refresh(&api, &session.refresh).await.success();
}

#[tokio::test]
async fn an_account_that_is_not_active_does_not_refresh_until_it_is_again() {
    let api = Api::start().await;
    let user = api.register().await;
    let session = log_in(&api, &user).await;
    api.database
        .execute("update users set status = 'suspended'")
        .await;
    let reply = refresh(&api, &session.refresh).await;
    assert_eq!(refused(&reply), (403, "ACCOUNT_NOT_ACTIVE"));
    let profile = api
        .put(&session.user, "/api/v1/auth/profile", json!({}))
        .await;
    assert_eq!(refused(&profile), (403, "ACCOUNT_NOT_ACTIVE"));
    api.database
        .execute("update users set status = 'active'")
        .await;
    refresh(&api, &session.refresh).await.success();
}

#[tokio::test]
async fn whoever_has_left_neither_spends_nor_transfers() {
    let api = Api::start().await;
    let (user, other) = (api.register().await, api.register().await);
    let session = log_in(&api, &user).await;
    let spend = json!({"amount": 1, "job_type": "fortune_draw"});
    let gift = json!({"to_user_id": other.id, "amount": 1, "description": "a gift"});
    let paths = [
        ("/api/v1/wallet/spend", spend),
        ("/api/v1/wallet/transfers", gift),
    ];
    for (path, body) in &paths {
        let posted = api.post_with_key(&session.user, path, path, body.clone());
        posted.await.success();
    }
    api.post(&session.user, LOGOUT, json!({})).await;
    for (path, body) in &paths {
        let reply = api.post(&session.user, path, body.clone()).await;
        assert_eq!(refused(&reply), (401, "SESSION_ENDED"), "{path}");
        // What was done before is told again.
        let posted = api.post_with_key(&session.user, path, path, body.clone());
        let posted = posted.await;
        assert_eq!(posted.headers["idempotent-replayed"], "true", "{path}");
        posted.success();
    }
    // Reading goes on until the access token expires.
    assert_eq!(api.balance(&session.user).await, 98);
    api.post(&user, paths[0].0, paths[0].1.clone())
        .await
        .success();
}

#[tokio::test]
async fn what_a_role_permits_ends_with_the_session() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let user = api.register().await;
    let session = log_in(&api, &admin).await;
    let body =
        |reference: &str| json!({"user_id": user.id, "amount": 1, "reference_id": reference});
    let deposit = async |reference| {
        api.post(&session.user, "/api/v1/admin/deposits", body(reference))
            .await
    };
    deposit("a").await.success();
    api.post(&session.user, LOGOUT, json!({})).await;
    assert_eq!(refused(&deposit("b").await), (401, "SESSION_ENDED"));
    assert_eq!(api.balance(&user).await, 101);
}

#[tokio::test]
async fn a_session_of_somebody_else_is_none() {
    let api = Api::start().await;
    let (ada, grace) = (api.register().await, api.register().await);
    let session = api.app.tokens.verify(&ada.token).unwrap();
    let mixed = divine_whispers::domain::sessions::Session {
        user_id: divine_whispers::domain::ids::UserId(grace.id),
        ..session
    };
    let token = api.app.tokens.sign(mixed).unwrap();
    let forged = TestUser { token, ..grace };
    let me = api.get(&forged, "/api/v1/auth/me").await;
    assert_eq!(refused(&me), (401, "SESSION_ENDED"));
    let logout = api.post(&forged, LOGOUT, json!({})).await;
    assert_eq!(refused(&logout), (401, "SESSION_ENDED"));
    api.get(&ada, "/api/v1/auth/me").await.success();
}

#[tokio::test]
async fn the_lifetimes_are_those_of_the_settings() {
    let mut api = Api::start().await;
    let mut app = api.app.clone();
    app.sessions.refresh_token_lifetime = Duration::from_secs(60);
    api.serve_also(app).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let session = api
        .post_anonymously("/api/v1/auth/register", body)
        .await
        .success();
    assert_eq!(session["tokens"]["refresh_expires_in"], 60);
    let lives =
        "select count(*) from refresh_tokens where expires_at - created_at = interval '1 minute'";
    assert_eq!(api.database.number(lives).await, 1);
}
