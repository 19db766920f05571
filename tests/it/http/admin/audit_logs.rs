//! `/admin/audit-logs`

use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Api;
use crate::support::api::TestUser;

const LOGS: &str = "/api/v1/admin/audit-logs";

/// The entries of all pages of a search.
async fn all(api: &Api, admin: &TestUser, query: &str) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{LOGS}?{query}{cursor}");
        let page = api.get(admin, &path).await.success();
        entries.extend(page["entries"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

fn ids(entries: &[Value]) -> Vec<i64> {
    let ids = entries.iter().map(|entry| entry["id"].as_i64().unwrap());
    ids.collect()
}

async fn spend(api: &Api, user: &TestUser, amount: i64) {
    let body = json!({"amount": amount, "job_type": "fortune_draw"});
    api.post(user, "/api/v1/wallet/spend", body).await;
}

/// Many entries of one moment, as only a test has them.
async fn fill(api: &Api, count: i64) {
    let insert = format!(
        "insert into audit_logs (action, resource_type, resource_id, outcome, created_at)
         select 'test', 'thing', (n % 3)::text, case when n % 5 = 0 then 'refused' else 'success' end,
                '2026-01-01'::timestamptz + (n / 10) * interval '1 second'
           from generate_series(1, {count}) n"
    );
    api.database.execute(&insert).await;
}

#[tokio::test]
async fn entries_are_found_by_user_action_resource_outcome_and_time() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let (ada, grace) = (api.register().await, api.register().await);
    spend(&api, &ada, 10).await;
    spend(&api, &ada, 1000).await;
    spend(&api, &grace, 10).await;
    api.deposit(&admin, &ada, 5).await;
    let wallet = api.get(&ada, "/api/v1/wallet").await.success()["wallet_id"].clone();
    let count = async |query: &str| all(&api, &admin, query).await.len();
    let spends = format!("action=wallet.spend&user_id={}", ada.id);
    assert_eq!(count(&spends).await, 2);
    assert_eq!(count(&format!("{spends}&outcome=refused")).await, 1);
    assert_eq!(count("action=wallet.spend").await, 3);
    assert_eq!(count("action=wallet.spend&outcome=success").await, 2);
    assert_eq!(count("action=wallet.spend&resource_type=user").await, 0);
    let resource = format!("resource_type=wallet&resource_id={wallet}");
    let found = all(&api, &admin, &format!("{resource}&action=wallet.deposit")).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["actor_user_id"], admin.id);
    assert_eq!(found[0]["details"]["amount"], 5);
    assert_eq!(found[0]["ip_address"], "127.0.0.1");
    let of_ada = format!("{resource}&user_id={}&action=wallet.spend", ada.id);
    assert_eq!(count(&of_ada).await, 2);
    assert_eq!(count(&format!("{of_ada}&to=2026-01-01T00:00:00Z")).await, 0);
    fill(&api, 30).await;
    let period = "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:01Z";
    assert_eq!(count(period).await, 9);
    assert_eq!(count(&format!("{period}&outcome=refused")).await, 1);
    assert_eq!(count(&format!("{period}&action=test")).await, 9);
    assert_eq!(count(&format!("{period}&action=other")).await, 0);
    for bad in [
        "outcome=maybe",
        "from=yesterday",
        "limit=101",
        "cursor=x",
        "user_id=x",
        "resource_id=5",
        "resource_type=wallet",
        "action=",
        "action=%00",
    ] {
        let refused = api.get(&admin, &format!("{LOGS}?{bad}")).await;
        assert_eq!(refused.problem(), "VALIDATION_FAILED", "{bad}");
    }
    // An export has no pages.
    for (bad, field) in [
        ("limit=5", "limit"),
        ("cursor=x", "cursor"),
        ("outcome=maybe", "outcome"),
    ] {
        let refused = api.get(&admin, &format!("{LOGS}/export?{bad}")).await;
        assert_eq!(refused.problem(), "VALIDATION_FAILED", "{bad}");
        assert_eq!(refused.body["errors"][0]["field"], field, "{bad}");
    }
}

#[tokio::test]
async fn pages_have_no_gap_and_no_repetition_while_entries_are_written() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    fill(&api, 100).await;
    for (query, expected) in [
        ("limit=7&to=2026-02-01T00:00:00Z", 100),
        ("limit=7&action=test", 100),
        ("limit=7&resource_type=thing&resource_id=1", 34),
        ("limit=10&action=test&outcome=refused", 20),
    ] {
        let found = ids(&all(&api, &admin, query).await);
        let mut once = found.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!((found.len(), once.len()), (expected, expected), "{query}");
        assert!(found.is_sorted_by(|newer, older| newer > older), "{query}");
    }
    let path = format!("{LOGS}?limit=7&action=test");
    let first = api.get(&admin, &path).await.success();
    fill(&api, 10).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = api.get(&admin, &format!("{path}&cursor={cursor}")).await;
    let last_before = ids(first["entries"].as_array().unwrap())[6];
    let second = ids(second.success()["entries"].as_array().unwrap());
    assert_eq!(second[0], last_before - 1);
}

#[tokio::test]
async fn an_export_has_every_entry_of_a_search_on_a_line() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    fill(&api, 1234).await;
    let export = async |query: &str| {
        let path = format!("{LOGS}/export?{query}");
        let request = api.request(Method::GET, &path).bearer_auth(&admin.token);
        let response = api.open(request).await;
        assert_eq!(response.headers()["content-type"], "application/jsonl");
        // In chunks: nobody has counted it before it was sent.
        assert!(!response.headers().contains_key("content-length"));
        let text = response.text().await.unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<Value>>()
    };
    let exported = export("action=test").await;
    assert_eq!(exported.len(), 1234);
    assert_eq!(exported, all(&api, &admin, "limit=100&action=test").await);
    assert_eq!(export("action=test&outcome=refused").await.len(), 246);
    assert_eq!(export("action=other").await, Vec::<Value>::new());
    let refused = api.get(&admin, &format!("{LOGS}/export?limit=5")).await;
    assert_eq!(refused.problem(), "VALIDATION_FAILED");
}

#[tokio::test]
async fn an_export_reads_no_further_than_its_client() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    // 60 MB: more than the buffers of two sockets hold.
    let insert = "insert into audit_logs (action, resource_type, outcome, details)
                  select 'test', 'thing', 'success', jsonb_build_object('text', repeat('x', 20000))
                    from generate_series(1, 3000) n";
    api.database.execute(insert).await;
    let path = format!("{LOGS}/export?action=test");
    let request = api.request(Method::GET, &path).bearer_auth(&admin.token);
    let mut response = api.open(request).await;
    let mut seen = response.chunk().await.unwrap().unwrap().len();
    // An entry that only a page which was not read yet can show.
    let change = "alter table audit_logs disable trigger user;
                  update audit_logs set details = '{\"text\": \"late\"}'
                   where id = (select min(id) from audit_logs where action = 'test')";
    api.database.execute(change).await;
    let mut end = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        seen += chunk.len();
        end = [end, chunk.to_vec()].concat();
        end.drain(..end.len().saturating_sub(1000));
    }
    assert!(seen > 50_000_000, "{seen}");
    assert!(String::from_utf8_lossy(&end).contains("late"));
}
