//! `/auth`

use serde_json::json;

use crate::support::Api;
use crate::support::api::{PASSWORD, TestUser, unknown_session};

#[tokio::test]
async fn registering_makes_a_user_with_a_wallet_and_the_welcome_points() {
    let api = Api::start().await;
    let body = json!({
        "email": "  Ada@Example.com ", "password": PASSWORD, "full_name": "Ada", "birth_date": "1990-12-10",
        "location": "London", "preferred_language": "en-GB",
    });
    let session = api
        .post_anonymously("/api/v1/auth/register", body)
        .await
        .success();
    assert_eq!(session["user"]["email"], "ada@example.com");
    assert_eq!(session["user"]["role"], "user");
    assert_eq!(session["user"]["birth_date"], "1990-12-10");
    assert_eq!(session["tokens"]["token_type"], "Bearer");
    assert_eq!(session["tokens"]["expires_in"], 1800);

    let token = session["tokens"]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = TestUser {
        id: session["user"]["id"].as_i64().unwrap(),
        email: String::new(),
        token,
    };
    let wallet = api.get(&user, "/api/v1/wallet").await.success();
    assert_eq!(wallet["balance"], 100);
    assert_eq!(wallet["available_balance"], 100);
    assert_eq!(wallet["pending_amount"], 0);
    assert_eq!(wallet["recent_transactions"][0]["type"], "deposit");
    assert_eq!(wallet["recent_transactions"][0]["reference_id"], "welcome");
}

#[tokio::test]
async fn an_address_registers_once_whatever_its_case() {
    let api = Api::start().await;
    let register = async |email: &str| {
        api.post_anonymously(
            "/api/v1/auth/register",
            json!({"email": email, "password": PASSWORD}),
        )
        .await
    };
    register("grace@example.com").await.success();
    let again = register("GRACE@EXAMPLE.COM").await;
    assert_eq!(
        (again.status.as_u16(), again.problem()),
        (409, "EMAIL_TAKEN")
    );
    assert_eq!(api.database.number("select count(*) from wallets").await, 1);
}

#[tokio::test]
async fn signing_in_takes_the_right_password_and_records_the_time() {
    let api = Api::start().await;
    let user = api.register().await;
    let log_in = async |email: &str, password: &str| {
        api.post_anonymously(
            "/api/v1/auth/login",
            json!({"email": email, "password": password}),
        )
        .await
    };
    let session = log_in(&user.email.to_uppercase(), PASSWORD).await.success();
    assert_eq!(session["user"]["id"], user.id);
    assert!(session["user"]["last_login_at"].is_string());

    for (email, password) in [
        (user.email.as_str(), "another password"),
        ("nobody@example.com", PASSWORD),
        ("?", "?"),
    ] {
        let refused = log_in(email, password).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem()),
            (401, "INVALID_CREDENTIALS")
        );
    }
}

#[tokio::test]
async fn an_account_that_is_not_active_can_neither_sign_in_nor_spend_nor_receive() {
    let api = Api::start().await;
    let (user, other) = (api.register().await, api.register().await);
    api.database
        .execute(&format!(
            "update users set status = 'suspended' where id = {}",
            user.id
        ))
        .await;

    let login = json!({"email": user.email, "password": PASSWORD});
    let refused = api.post_anonymously("/api/v1/auth/login", login).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (403, "ACCOUNT_NOT_ACTIVE")
    );
    let wrong = json!({"email": user.email, "password": "not the password"});
    assert_eq!(
        api.post_anonymously("/api/v1/auth/login", wrong)
            .await
            .problem(),
        "INVALID_CREDENTIALS"
    );

    let spend = json!({"amount": 1, "job_type": "fortune_draw"});
    assert_eq!(
        api.post(&user, "/api/v1/wallet/spend", spend)
            .await
            .problem(),
        "ACCOUNT_NOT_ACTIVE"
    );
    let gift = json!({"to_user_id": user.id, "amount": 1, "description": "a gift"});
    assert_eq!(
        api.post(&other, "/api/v1/wallet/transfers", gift)
            .await
            .problem(),
        "VALIDATION_FAILED"
    );
    assert_eq!(
        api.database
            .number("select sum(balance)::bigint from wallets")
            .await,
        200
    );
}

#[tokio::test]
async fn me_is_who_the_token_says() {
    let api = Api::start().await;
    let user = api.register().await;
    let me = api.get(&user, "/api/v1/auth/me").await.success();
    assert_eq!(me["id"], user.id);
    assert!(me.get("password_hash").is_none());

    let ghost = TestUser {
        token: api.app.tokens.sign(unknown_session(999_999)).unwrap(),
        ..user
    };
    assert_eq!(
        api.get(&ghost, "/api/v1/auth/me").await.problem(),
        "SESSION_ENDED"
    );
}

#[tokio::test]
async fn every_bad_field_of_a_registration_is_named_at_once() {
    let api = Api::start().await;
    let body = json!({
        "email": "ada@example.com", "password": "short", "full_name": " ", "birth_date": "2999-01-01",
        "location": "x".repeat(201), "preferred_language": "not a tag",
    });
    let refused = api.post_anonymously("/api/v1/auth/register", body).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (422, "VALIDATION_FAILED")
    );
    let fields: Vec<_> = refused.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "password",
            "full_name",
            "birth_date",
            "location",
            "preferred_language"
        ]
    );
}
