//! `/admin/users`

use divine_whispers::domain::users::Role;
use futures_util::future::join;
use serde_json::{Value, json};

use crate::audit::{break_the_log, entries};
use crate::needs_many_connections;
use crate::support::Api;
use crate::support::api::TestUser;

const USERS: &str = "/api/v1/admin/users";

/// The ids of all pages of a list.
async fn all(api: &Api, admin: &TestUser, query: &str) -> Vec<i64> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{USERS}?{query}{cursor}");
        let page = api.get(admin, &path).await.success();
        let users = page["users"].as_array().unwrap();
        ids.extend(users.iter().map(|user| user["id"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

async fn change(
    api: &Api,
    admin: &TestUser,
    id: i64,
    what: &str,
    to: &str,
) -> crate::support::Reply {
    let path = format!("{USERS}/{id}/{what}");
    api.put(admin, &path, json!({what: to, "reason": "a test"}))
        .await
}

#[tokio::test]
async fn users_are_found_by_the_beginning_of_the_address_by_role_and_by_status() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let moderator = api.with_role(Role::Moderator).await;
    let (ada, grace) = (api.register().await, api.register().await);
    change(&api, &admin, grace.id, "status", "suspended")
        .await
        .success();
    let all = async |query: &str| all(&api, &moderator, query).await;
    assert_eq!(all("").await, [grace.id, ada.id, moderator.id, admin.id]);
    assert_eq!(all("role=user").await, [grace.id, ada.id]);
    assert_eq!(all("role=user&status=active").await, [ada.id]);
    assert_eq!(all("status=suspended").await, [grace.id]);
    assert_eq!(all("email=USER").await, [ada.id, grace.id]);
    assert_eq!(all("email=user&status=suspended").await, [grace.id]);
    assert_eq!(all("email=user&role=admin").await, Vec::<i64>::new());
    assert_eq!(all(&format!("email={}", ada.email)).await, [ada.id]);
    // The characters of patterns are characters.
    assert_eq!(all("email=%25").await, Vec::<i64>::new());
    for bad in [
        "role=king",
        "status=gone",
        "email=",
        "limit=0",
        "limit=101",
        "cursor=x",
        "x=1",
    ] {
        let refused = api.get(&admin, &format!("{USERS}?{bad}")).await;
        assert_eq!(refused.problem(), "VALIDATION_FAILED", "{bad}");
    }
}

#[tokio::test]
async fn pages_of_users_are_stable_while_others_register() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let insert = "insert into users (email, password_hash, status)
                  select 'many' || lpad(n::text, 3, '0') || '@example.com', 'none',
                         case when n % 2 = 0 then 'active' else 'inactive' end
                    from generate_series(1, 50) n";
    api.database.execute(insert).await;
    for (query, expected) in [
        ("limit=7", 51),
        ("limit=7&role=user", 50),
        ("limit=7&status=inactive", 25),
        ("limit=7&email=many", 50),
        ("limit=10&email=many&status=active", 25),
    ] {
        let found = all(&api, &admin, query).await;
        let mut once = found.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!((found.len(), once.len()), (expected, expected), "{query}");
    }
    let first = api.get(&admin, &format!("{USERS}?limit=7")).await.success();
    api.register().await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = format!("{USERS}?limit=7&cursor={cursor}");
    let second = api.get(&admin, &next).await.success();
    let id = |page: &Value, index: usize| page["users"][index]["id"].as_i64().unwrap();
    assert_eq!(id(&second, 0), id(&first, 6) - 1);
}

#[tokio::test]
async fn a_user_is_shown_without_the_hash_of_the_password() {
    let api = Api::start().await;
    let (moderator, ada) = (api.with_role(Role::Moderator).await, api.register().await);
    let path = format!("{USERS}/{}", ada.id);
    let shown = api.get(&moderator, &path).await.success();
    assert_eq!(shown["email"], ada.email.as_str());
    assert!(!shown.to_string().contains("argon2"), "{shown}");
    for path in ["/999999", "/x", "/-1"] {
        let missing = api.get(&moderator, &format!("{USERS}{path}")).await;
        assert_eq!(missing.problem(), "NOT_FOUND", "{path}");
    }
}

#[tokio::test]
async fn a_change_of_role_or_status_works_at_once_and_has_its_entry() {
    let api = Api::start().await;
    let (admin, ada) = (api.with_role(Role::Admin).await, api.register().await);
    let changed = change(&api, &admin, ada.id, "role", "moderator")
        .await
        .success();
    assert_eq!(changed["role"], "moderator");
    api.get(&ada, USERS).await.success();
    let changed = change(&api, &admin, ada.id, "status", "banned")
        .await
        .success();
    assert_eq!(
        (&changed["status"], &changed["role"]),
        (&json!("banned"), &json!("moderator"))
    );
    assert_eq!(api.get(&ada, USERS).await.problem(), "ACCOUNT_NOT_ACTIVE");
    for (action, from, to) in [
        ("user.change_role", "user", "moderator"),
        ("user.change_status", "active", "banned"),
    ] {
        let found = entries(&api.database, action).await;
        let [entry] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(entry["actor_user_id"], admin.id);
        assert_eq!(entry["resource_id"], ada.id.to_string());
        assert_eq!(entry["outcome"], "success");
        let details = json!({"from": from, "to": to, "reason_given": "a test"});
        assert_eq!(entry["details"], details);
    }
    // What is so already is no change, and has no entry.
    change(&api, &admin, ada.id, "status", "banned")
        .await
        .success();
    assert_eq!(entries(&api.database, "user.change_status").await.len(), 1);
    for (id, what, to, code) in [
        (999_999, "role", "user", "NOT_FOUND"),
        (ada.id, "role", "king", "VALIDATION_FAILED"),
        (ada.id, "status", "gone", "VALIDATION_FAILED"),
    ] {
        assert_eq!(change(&api, &admin, id, what, to).await.problem(), code);
    }
    let refused = &entries(&api.database, "user.change_role").await[1];
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["details"]["reason"], "no_such_user");
}

#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_is_no_change() {
    let api = Api::start().await;
    let (admin, ada) = (api.with_role(Role::Admin).await, api.register().await);
    break_the_log(&api.database).await;
    let failed = change(&api, &admin, ada.id, "role", "admin").await;
    assert_eq!(failed.problem(), "INTERNAL_ERROR");
    let shown = api.get(&admin, &format!("{USERS}/{}", ada.id)).await;
    assert_eq!(shown.success()["role"], "user");
}

#[tokio::test]
async fn the_last_active_admin_stays() {
    let api = Api::start().await;
    let (first, second) = (
        api.with_role(Role::Admin).await,
        api.with_role(Role::Admin).await,
    );
    change(&api, &first, second.id, "status", "suspended")
        .await
        .success();
    // The other one is an admin, and cannot act.
    for (what, to) in [
        ("role", "user"),
        ("role", "moderator"),
        ("status", "inactive"),
        ("status", "banned"),
    ] {
        let refused = change(&api, &first, first.id, what, to).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem()),
            (409, "LAST_ADMIN"),
            "{what} {to}"
        );
    }
    let refused = &entries(&api.database, "user.change_role").await[0];
    assert_eq!(refused["details"]["reason"], "last_admin");
    change(&api, &first, second.id, "role", "user")
        .await
        .success();
    change(&api, &first, second.id, "role", "admin")
        .await
        .success();
    change(&api, &first, second.id, "status", "active")
        .await
        .success();
    change(&api, &first, first.id, "role", "user")
        .await
        .success();
    let refused = change(&api, &second, second.id, "role", "user").await;
    assert_eq!(refused.problem(), "LAST_ADMIN");
}

#[tokio::test]
async fn of_two_admins_who_demote_each_other_at_the_same_moment_one_succeeds() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    for round in 0..10 {
        let (first, second) = (
            api.with_role(Role::Admin).await,
            api.with_role(Role::Admin).await,
        );
        // Nobody else who could act.
        let others = format!(
            "update users set role = 'user' where id not in ({}, {})",
            first.id, second.id
        );
        api.database.execute(&others).await;
        let (what, to) = match round % 2 {
            0 => ("role", "user"),
            _ => ("status", "banned"),
        };
        let (one, other) = join(
            change(&api, &first, second.id, what, to),
            change(&api, &second, first.id, what, to),
        )
        .await;
        let successes = [&one, &other].map(|reply| reply.status.is_success());
        assert_ne!(successes[0], successes[1], "{one:?} {other:?}");
        let refused = if successes[0] { other } else { one };
        // By then the one who asks is no admin any more.
        assert_eq!(refused.status.as_u16(), 403, "{refused:?}");
        let admins = "select count(*) from users where role = 'admin' and status = 'active'";
        assert_eq!(api.database.number(admins).await, 1);
    }
}

#[tokio::test]
async fn of_two_admins_who_step_down_at_the_same_moment_one_stays() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    for _ in 0..10 {
        let (first, second) = (
            api.with_role(Role::Admin).await,
            api.with_role(Role::Admin).await,
        );
        let others = format!(
            "update users set role = 'user' where id not in ({}, {})",
            first.id, second.id
        );
        api.database.execute(&others).await;
        let (one, other) = join(
            change(&api, &first, first.id, "role", "user"),
            change(&api, &second, second.id, "status", "inactive"),
        )
        .await;
        let successes = [&one, &other].map(|reply| reply.status.is_success());
        assert_ne!(successes[0], successes[1], "{one:?} {other:?}");
        let refused = if successes[0] { other } else { one };
        assert_eq!(refused.problem(), "LAST_ADMIN");
    }
}
