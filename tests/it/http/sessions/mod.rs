//! Sessions: how they go on is in `refreshing.rs`, how they end, and what can no longer be done then, in `leaving.rs`.

use serde_json::{Value, json};

use crate::support::api::{PASSWORD, TestUser};
use crate::support::{Api, Reply};

mod leaving;
mod refreshing;

const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";

/// The tokens of a session.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub user: TestUser,
    pub refresh: String,
}

/// The tokens of an answer that has some.
pub fn tokens_of(user: &TestUser, body: &Value) -> Tokens {
    let token = |name: &str| body["tokens"][name].as_str().unwrap().to_owned();
    Tokens {
        user: TestUser {
            token: token("access_token"),
            ..user.clone()
        },
        refresh: token("refresh_token"),
    }
}

/// A further session of a user.
pub async fn log_in(api: &Api, user: &TestUser) -> Tokens {
    let body = json!({"email": user.email, "password": PASSWORD});
    let reply = api.post_anonymously("/api/v1/auth/login", body).await;
    tokens_of(user, &reply.success())
}

async fn refresh(api: &Api, token: &str) -> Reply {
    api.post_anonymously(REFRESH, json!({"refresh_token": token}))
        .await
}

fn refused(reply: &Reply) -> (u16, &str) {
    (reply.status.as_u16(), reply.problem())
}

/// Who is told at once that a session has ended: everything that asks the database who is there.
async fn assert_ended(api: &Api, session: &Tokens) {
    let user = &session.user;
    let me = api.get(user, "/api/v1/auth/me").await;
    assert_eq!(refused(&me), (401, "SESSION_ENDED"));
    let profile = api.put(user, "/api/v1/auth/profile", json!({})).await;
    assert_eq!(refused(&profile), (401, "SESSION_ENDED"));
    let body = json!({"current_password": PASSWORD, "new_password": "quite another password"});
    let password = api.put(user, "/api/v1/auth/password", body).await;
    assert_eq!(refused(&password), (401, "SESSION_ENDED"));
    let logout = api.post(user, LOGOUT, json!({"all": true})).await;
    assert_eq!(refused(&logout), (401, "SESSION_ENDED"));
    let refresh = refresh(api, &session.refresh).await;
    assert_eq!(refresh.status.as_u16(), 401, "{refresh:?}");
}
