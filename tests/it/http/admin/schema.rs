//! `/admin/schema`

use divine_whispers::domain::users::Role;
use divine_whispers::migrations::REVISIONS;
use reqwest::Method;
use serde_json::json;

use crate::support::Api;

const SCHEMA: &str = "/api/v1/admin/schema";

#[tokio::test]
async fn the_schema_tells_what_is_applied_and_when_and_draws_its_tables() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let body = api.get(&admin, SCHEMA).await.success();
    assert_eq!(
        (&body["is_current"], &body["pending"]),
        (&json!(true), &json!([]))
    );
    let applied = body["applied"].as_array().unwrap();
    assert_eq!(applied.len(), REVISIONS.len());
    assert_eq!(applied[0]["id"], "20251122090000");
    assert_eq!(applied[0]["is_unknown"], false);
    let when = applied[0]["applied_on"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(when).is_ok(), "{when}");
    let diagram = body["diagram"].as_str().unwrap();
    assert!(
        diagram.starts_with("erDiagram") && diagram.contains("audit_seals"),
        "{diagram}"
    );
    let request = api.request(Method::GET, &format!("{SCHEMA}/diagram.svg"));
    let picture = api.open(request.bearer_auth(&admin.token)).await;
    assert_eq!(picture.headers()["content-type"], "image/svg+xml");
    let svg = picture.text().await.unwrap();
    assert!(svg.contains("<svg") && svg.contains("audit_seals"));
}

#[tokio::test]
async fn what_is_pending_and_what_a_newer_release_has_applied_is_told() {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let newer = "insert into refinery_schema_history (version, name, applied_on, checksum)
                 values (20990101000000, 'of_the_future', '2099-01-01T00:00:00Z', '1')";
    api.database.execute(newer).await;
    let last = REVISIONS.len() - 1;
    let forget = "delete from refinery_schema_history where version =
                  (select max(version) from refinery_schema_history where version < 20990101000000)";
    api.database.execute(forget).await;
    let body = api.get(&admin, SCHEMA).await.success();
    assert_eq!(body["is_current"], false);
    assert_eq!(body["pending"].as_array().unwrap().len(), 1);
    let applied = body["applied"].as_array().unwrap();
    assert_eq!(applied.len(), last + 1);
    assert_eq!(applied[last]["id"], "20990101000000");
    assert_eq!(applied[last]["is_unknown"], true);
}
