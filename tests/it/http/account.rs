//! `/auth/profile` and `/auth/password`

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::sessions::{Tokens, log_in};
use crate::needs_many_connections;
use crate::support::api::{PASSWORD, TestUser};
use crate::support::{Api, Reply};

const PROFILE: &str = "/api/v1/auth/profile";
const CHANGE: &str = "/api/v1/auth/password";
const NEW_PASSWORD: &str = "quite another password";

async fn change(api: &Api, user: &TestUser, current: &str, new: &str) -> Reply {
    let body = json!({"current_password": current, "new_password": new});
    api.put(user, CHANGE, body).await
}

async fn log_in_with(api: &Api, user: &TestUser, password: &str) -> Reply {
    let body = json!({"email": user.email, "password": password});
    api.post_anonymously("/api/v1/auth/login", body).await
}

async fn refreshes(api: &Api, session: &Tokens) -> bool {
    let body = json!({"refresh_token": session.refresh});
    let reply = api.post_anonymously("/api/v1/auth/refresh", body).await;
    reply.status.is_success()
}

#[tokio::test]
async fn a_field_that_is_left_out_stays_and_null_clears_it() {
    let api = Api::start().await;
    let user = api.register().await;
    let set = json!({"full_name": " Ada ", "birth_date": "1990-12-10", "location": "London", "preferred_language": "de"});
    let changed = api.put(&user, PROFILE, set).await.success();
    let fields = |user: &Value| {
        ["full_name", "birth_date", "location", "preferred_language"].map(|name| user[name].clone())
    };
    let all = [
        json!("Ada"),
        json!("1990-12-10"),
        json!("London"),
        json!("de"),
    ];
    assert_eq!(fields(&changed), all);
    assert_eq!(changed["email"], user.email);

    let nothing = api.put(&user, PROFILE, json!({})).await.success();
    assert_eq!(fields(&nothing), all);
    let body = json!({"birth_date": null, "location": "Turin"});
    let some = api.put(&user, PROFILE, body).await.success();
    assert_eq!(
        fields(&some),
        [json!("Ada"), Value::Null, json!("Turin"), json!("de")]
    );
    let body = json!({"full_name": null, "location": null, "preferred_language": null});
    let cleared = api.put(&user, PROFILE, body).await.success();
    assert_eq!(
        fields(&cleared),
        [Value::Null, Value::Null, Value::Null, json!("en")]
    );
    assert_eq!(api.get(&user, "/api/v1/auth/me").await.success(), cleared);

    let entries = "select count(*) from audit_logs where action = 'auth.change_profile' and outcome = 'success'
                   and resource_type = 'user' and resource_id = actor_user_id::text and details::text not like '%Ada%'";
    assert_eq!(api.database.number(entries).await, 4);
}

#[tokio::test]
async fn every_bad_field_of_a_profile_is_named_at_once_and_nothing_changes() {
    let api = Api::start().await;
    let user = api.register().await;
    let before = api.database.fingerprint().await;
    let body = json!({"full_name": "", "birth_date": "1899-12-31", "location": "x".repeat(201), "preferred_language": "?"});
    let refused = api.put(&user, PROFILE, body).await;
    assert_eq!(refused.problem(), "VALIDATION_FAILED");
    assert_eq!(refused.body["errors"].as_array().unwrap().len(), 4);
    for body in [
        json!({"email": "other@example.com"}),
        json!({"role": "admin"}),
        json!({"full_name": 1}),
        json!({"birth_date": "yesterday"}),
        json!({"location": "nul \u{0}"}),
    ] {
        let refused = api.put(&user, PROFILE, body).await;
        assert_eq!(refused.problem(), "VALIDATION_FAILED");
    }
    let anonymous = TestUser {
        token: String::new(),
        ..user
    };
    assert_eq!(
        api.put(&anonymous, PROFILE, json!({})).await.problem(),
        "UNAUTHENTICATED"
    );
    assert_eq!(api.database.fingerprint().await, before);
}

#[tokio::test]
async fn a_new_password_counts_at_once_and_ends_the_other_sessions() {
    let api = Api::start().await;
    let (user, stranger) = (api.register().await, api.register().await);
    let stranger = log_in(&api, &stranger).await;
    let (here, there) = (log_in(&api, &user).await, log_in(&api, &user).await);
    let reply = change(&api, &here.user, PASSWORD, NEW_PASSWORD).await;
    assert_eq!(reply.status.as_u16(), 204, "{reply:?}");

    assert_eq!(
        log_in_with(&api, &user, PASSWORD).await.problem(),
        "INVALID_CREDENTIALS"
    );
    log_in_with(&api, &user, NEW_PASSWORD).await.success();
    let me = api.get(&there.user, "/api/v1/auth/me").await;
    assert_eq!(me.problem(), "SESSION_ENDED");
    assert!(!refreshes(&api, &there).await);
    assert!(refreshes(&api, &here).await);
    assert!(refreshes(&api, &stranger).await);
    let entries = "select count(*) from audit_logs where action = 'auth.change_password' and outcome = 'success'
                   and (details->>'ended_sessions')::int = 2";
    assert_eq!(api.database.number(entries).await, 1);
}

#[tokio::test]
async fn a_password_is_not_changed_without_the_current_one_nor_to_a_bad_one() {
    let api = Api::start().await;
    let user = api.register().await;
    let before =
        "select count(*) from users where password_hash <> (select password_hash from users)";
    for (current, new, field) in [
        ("not the password", NEW_PASSWORD, "current_password"),
        ("", NEW_PASSWORD, "current_password"),
        (PASSWORD, PASSWORD, "new_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, &"x".repeat(129), "new_password"),
        (PASSWORD, "Password1234", "new_password"),
        (PASSWORD, &user.email.to_uppercase(), "new_password"),
    ] {
        let refused = change(&api, &user, current, new).await;
        assert_eq!(refused.problem(), "VALIDATION_FAILED", "{new}");
        assert_eq!(refused.body["errors"][0]["field"], field, "{new}");
    }
    assert_eq!(api.database.number(before).await, 0);
    let anonymous = TestUser {
        token: String::new(),
        ..user.clone()
    };
    let refused = change(&api, &anonymous, PASSWORD, NEW_PASSWORD).await;
    assert_eq!(refused.problem(), "UNAUTHENTICATED");
    log_in_with(&api, &user, PASSWORD).await.success();
    let entries = "select count(*) from audit_logs where action = 'auth.change_password' and outcome = 'refused'
                   and details->>'reason' = 'wrong_password'";
    assert_eq!(api.database.number(entries).await, 2);
}

#[tokio::test]
async fn whoever_has_an_access_token_guesses_the_password_as_seldom_as_anybody() {
    let api = Api::start().await;
    let user = api.register().await;
    for _ in 0..10 {
        let refused = change(&api, &user, "not the password", NEW_PASSWORD).await;
        assert_eq!(refused.problem(), "VALIDATION_FAILED");
    }
    let refused = change(&api, &user, PASSWORD, NEW_PASSWORD).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (429, "TOO_MANY_ATTEMPTS")
    );
    assert_eq!(
        log_in_with(&api, &user, PASSWORD).await.problem(),
        "TOO_MANY_ATTEMPTS"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_with_the_old_password_while_it_changes_has_no_session_afterwards() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    for _ in 0..5 {
        let user = api.register().await;
        let logins = join_all((0..6).map(|_| log_in_with(&api, &user, PASSWORD)));
        let (changed, logins) = tokio::join!(change(&api, &user, PASSWORD, NEW_PASSWORD), logins);
        assert_eq!(changed.status.as_u16(), 204, "{changed:?}");
        for login in logins {
            if login.status.is_success() {
                let session = super::sessions::tokens_of(&user, &login.body);
                assert!(!refreshes(&api, &session).await);
            } else {
                assert_eq!(login.problem(), "INVALID_CREDENTIALS");
            }
        }
        let alive = format!(
            "select count(*) from sessions where revoked_at is null and user_id = {}",
            user.id
        );
        assert_eq!(api.database.number(&alive).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_at_once_one_is_done() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    let user = api.register().await;
    let sessions = [log_in(&api, &user).await, log_in(&api, &user).await];
    let replies = join_all(
        sessions
            .iter()
            .map(|session| change(&api, &session.user, PASSWORD, NEW_PASSWORD)),
    )
    .await;
    let done = replies
        .iter()
        .filter(|reply| reply.status.is_success())
        .count();
    assert_eq!(done, 1, "{replies:?}");
    let alive = format!(
        "select count(*) from sessions where revoked_at is null and user_id = {}",
        user.id
    );
    assert_eq!(api.database.number(&alive).await, 1);
}
