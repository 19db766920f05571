//! `/auth/refresh`: new tokens for an old one, once.

use std::sync::Arc;
use std::time::Duration;

use divine_whispers::domain::refresh_tokens::RefreshToken;
use divine_whispers::domain::sessions::remove_expired;
use divine_whispers::server::housekeeping::keep_house;
use futures_util::future::join_all;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{LOGOUT, REFRESH, assert_ended, log_in, refresh, refused, tokens_of};
use crate::needs_many_connections;
use crate::support::api::{PASSWORD, second_server};
use crate::support::{Api, eventually};

#[tokio::test]
async fn registering_and_signing_in_give_tokens_that_are_stored_as_hashes() {
    let api = Api::start().await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let registered = api
        .post_anonymously("/api/v1/auth/register", body.clone())
        .await
        .success();
    let logged_in = api
        .post_anonymously("/api/v1/auth/login", body)
        .await
        .success();
    for body in [registered, logged_in] {
        let tokens = &body["tokens"];
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 1800);
        assert_eq!(tokens["refresh_expires_in"], 30 * 86_400);
        let refresh = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(refresh.len(), 43);
        let stored = format!(
            "select count(*) from refresh_tokens join sessions on sessions.id = session_id
             where token_hash = sha256(decode(translate('{refresh}=', '-_', '+/'), 'base64'))
               and ip_address = '127.0.0.1' and expires_at_matches",
        );
        let stored = stored.replace(
            "expires_at_matches",
            "sessions.expires_at = refresh_tokens.expires_at
             and sessions.expires_at - sessions.created_at = interval '30 days'",
        );
        assert_eq!(api.database.number(&stored).await, 1);
        let anywhere = format!(
            "select count(*) from (select t::text as line from refresh_tokens t union all select t::text from sessions t
             union all select t::text from audit_logs t) lines where line like '%{refresh}%'"
        );
        assert_eq!(api.database.number(&anywhere).await, 0);
    }
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_the_session_goes_on_for_as_long_again() {
    let api = Api::start().await;
    let user = api.register().await;
    let first = log_in(&api, &user).await;
    api.database
        .execute("update sessions set expires_at = now() + interval '1 hour'")
        .await;
    let second = tokens_of(&user, &refresh(&api, &first.refresh).await.success());
    assert_ne!(second.refresh, first.refresh);
    let me = api.get(&second.user, "/api/v1/auth/me").await.success();
    assert_eq!(me["id"], user.id);
    let third = tokens_of(&user, &refresh(&api, &second.refresh).await.success());
    assert_ne!(third.refresh, second.refresh);
    let renewed = "select count(*) from sessions where expires_at > now() + interval '29 days' and last_used_at > created_at";
    assert_eq!(api.database.number(renewed).await, 1);
}

#[tokio::test]
async fn a_token_that_comes_twice_ends_its_session_and_no_other() {
    let api = Api::start().await;
    let user = api.register().await;
    let (robbed, other) = (log_in(&api, &user).await, log_in(&api, &user).await);
    let newest = tokens_of(&user, &refresh(&api, &robbed.refresh).await.success());

    let again = refresh(&api, &robbed.refresh).await;
    assert_eq!(refused(&again), (401, "REFRESH_TOKEN_REUSED"));
    assert_eq!(again.headers["www-authenticate"], "Bearer");
    let newest_refused = refresh(&api, &newest.refresh).await;
    assert_eq!(refused(&newest_refused), (401, "INVALID_REFRESH_TOKEN"));
    assert_ended(&api, &newest).await;
    refresh(&api, &other.refresh).await.success();

    let reasons = "select count(*) from sessions where revocation_reason = 'token_reuse' and revoked_at is not null";
    assert_eq!(api.database.number(reasons).await, 1);
    let entries =
        "select count(*) from audit_logs where action = 'auth.refresh' and outcome = 'refused'
                   and details->>'reason' = 'token_reuse' and ip_address = '127.0.0.1'";
    assert_eq!(api.database.number(entries).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_refresh_with_one_token_on_two_servers_one_wins_and_the_session_ends() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    let other = second_server(&api).await;
    let user = api.register().await;
    for _ in 0..10 {
        let session = log_in(&api, &user).await;
        let body = json!({"refresh_token": session.refresh});
        let replies = join_all((0..16).map(|number| {
            let server = if number % 2 == 0 { &api } else { &other };
            server.post_anonymously(REFRESH, body.clone())
        }))
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = replies
            .into_iter()
            .partition(|reply| reply.status.is_success());
        assert_eq!(won.len(), 1);
        for reply in lost {
            assert_eq!(refused(&reply), (401, "REFRESH_TOKEN_REUSED"));
        }
        let successor = tokens_of(&user, &won[0].body);
        let refused_now = refresh(&other, &successor.refresh).await;
        assert_eq!(refused(&refused_now), (401, "INVALID_REFRESH_TOKEN"));
    }
    let generations = "select max(generation)::bigint from refresh_tokens";
    assert_eq!(api.database.number(generations).await, 2);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let api = Api::start().await;
    let user = api.register().await;
    let session = log_in(&api, &user).await;
    let unknown = "A".repeat(43);
    let padded = format!("{}=", session.refresh);
    for token in ["", "x", &unknown, &padded, &session.user.token] {
        let reply = refresh(&api, token).await;
        assert_eq!(refused(&reply), (401, "INVALID_REFRESH_TOKEN"), "{token}");
        let reply = api
            .post_anonymously(LOGOUT, json!({"refresh_token": token, "all": true}))
            .await;
        assert_eq!(refused(&reply), (401, "INVALID_REFRESH_TOKEN"), "{token}");
    }
    refresh(&api, &session.refresh).await.success();
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused_and_removed_with_its_session() {
    let api = Api::start().await;
    let user = api.register().await;
    let session = log_in(&api, &user).await;
    api.database
        .execute(
            "update refresh_tokens set expires_at = now() from sessions
             where sessions.id = session_id and sessions.created_at = (select max(created_at) from sessions);
             update sessions set expires_at = now() where created_at = (select max(created_at) from sessions)",
        )
        .await;
    let reply = refresh(&api, &session.refresh).await;
    assert_eq!(refused(&reply), (401, "INVALID_REFRESH_TOKEN"));
    assert_ended(&api, &session).await;

    // The session of the registration is left, with its token.
    assert_eq!(remove_expired(&api.app.db).await.unwrap(), 2);
    assert_eq!(remove_expired(&api.app.db).await.unwrap(), 0);
    let left =
        "select (select count(*) from sessions) * 10 + (select count(*) from refresh_tokens)";
    assert_eq!(api.database.number(left).await, 11);
    let reply = refresh(&api, &session.refresh).await;
    assert_eq!(refused(&reply), (401, "INVALID_REFRESH_TOKEN"));
}

#[tokio::test]
async fn what_has_expired_is_removed_in_batches_however_much_it_is() {
    let api = Api::start().await;
    api.register().await;
    api.database
        .execute(
            "insert into sessions (id, user_id, expires_at)
             select gen_random_uuid(), users.id, now() - interval '1 day' from users, generate_series(1, 1500);
             insert into refresh_tokens (token_hash, session_id, generation, expires_at)
             select sha256(convert_to(id::text || n, 'UTF8')), id, n, expires_at
               from sessions, generate_series(1, 2) n where expires_at < now();
             insert into login_limits
             select 'account:' || n, 1, now() - interval '1 day' from generate_series(1, 1000) n",
        )
        .await;
    assert_eq!(
        remove_expired(&api.app.db).await.unwrap(),
        1500 + 3000 + 1000
    );
    assert_eq!(
        api.database.number("select count(*) from sessions").await,
        1
    );
}

#[tokio::test]
async fn a_server_that_serves_keeps_house_until_it_ends() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    api.register().await;
    api.database
        .execute(
            "update refresh_tokens set expires_at = now(); update sessions set expires_at = now()",
        )
        .await;
    let shutdown = CancellationToken::new();
    let rest = Duration::from_millis(20);
    let keeping = tokio::spawn(keep_house(api.app.db.clone(), rest, shutdown.clone()));
    eventually("what has expired is removed", async || {
        api.database.number("select count(*) from sessions").await == 0
    })
    .await;
    shutdown.cancel();
    keeping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_whose_connection_is_cut_is_tried_again_and_succeeds() {
    let api = Arc::new(Api::start().await);
    needs_many_connections!(api.database);
    let user = api.register().await;
    let session = log_in(&api, &user).await;
    let holder = api.database.connect().await;
    holder
        .batch_execute("begin; select 1 from refresh_tokens for update")
        .await
        .unwrap();
    let (asking, token) = (Arc::clone(&api), session.refresh.clone());
    let refreshing = tokio::spawn(async move { refresh(&asking, &token).await });
    let waiting = "from pg_stat_activity where datname = current_database()
                   and application_name = 'divine-whispers' and wait_event_type = 'Lock'";
    eventually("the refresh waits", async || {
        let sql = format!("select count(*) {waiting}");
        api.database.number(&sql).await == 1
    })
    .await;
    api.database
        .execute(&format!("select pg_terminate_backend(pid) {waiting}"))
        .await;
    holder.batch_execute("rollback").await.unwrap();
    let next = tokens_of(&user, &refreshing.await.unwrap().success());
    refresh(&api, &next.refresh).await.success();
}

#[tokio::test]
async fn a_refresh_that_was_done_before_its_connection_was_lost_is_known_by_its_successor() {
    let api = Api::start().await;
    let user = api.register().await;
    let session = log_in(&api, &user).await;
    let token = RefreshToken::parse(&session.refresh.into()).unwrap();
    let successor = RefreshToken::random();
    // What the program sends for the second time, when it has not seen the answer to the first.
    let send = async || {
        let (token, successor) = (token.hash(), successor.hash());
        let lifetime = Duration::from_secs(60);
        let db = &api.app.db;
        db.refresh_session(token, successor, lifetime)
            .await
            .unwrap()
    };
    let done = send().await.unwrap();
    assert_eq!(send().await, None);
    let standing = api.app.db.refresh_token_standing(successor.hash());
    let standing = standing.await.unwrap().unwrap();
    assert_eq!(standing.session, done);
    assert!(!standing.is_replaced && !standing.is_over && standing.is_active);
}

#[tokio::test]
async fn of_a_session_that_is_refreshed_without_end_the_latest_tokens_are_remembered() {
    let api = Api::start().await;
    let user = api.register().await;
    let session = log_in(&api, &user).await;
    // As if it had been refreshed two thousand times before.
    api.database
        .execute(
            "update refresh_tokens set generation = 2001
              where session_id = (select id from sessions order by created_at desc limit 1);
             insert into refresh_tokens (token_hash, session_id, generation, expires_at, replaced_at)
             select sha256(convert_to(n::text, 'UTF8')), id, n, expires_at, now()
               from generate_series(1, 2000) n, (select * from sessions order by created_at desc limit 1) s",
        )
        .await;
    let next = tokens_of(&user, &refresh(&api, &session.refresh).await.success());
    refresh(&api, &next.refresh).await.success();
    let remembered =
        "select count(*) * 10000 + min(generation) from refresh_tokens where generation > 1";
    assert_eq!(api.database.number(remembered).await, 2001 * 10_000 + 3);
}
