//! `/metrics`

use std::collections::BTreeSet;
use std::time::Duration;

use divine_whispers::domain::audit::seal::seal_settled;
use divine_whispers::domain::jobs::rescue;
use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::json;

use crate::jobs::{cancel, claim_one, order, run_out, with_jobs};
use crate::support::{Api, TestDatabase};

/// What a scrape says, after checking that it can be read.
async fn scrape(api: &Api) -> String {
    let response = api.open(api.request(Method::GET, "/metrics")).await;
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = response.text().await.unwrap();
    assert!(text.ends_with('\n'));
    let mut series = BTreeSet::new();
    let mut described = BTreeSet::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# TYPE ") {
            let (name, kind) = comment.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(name.starts_with("divine_whispers_"), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(described.insert(name.to_owned()), "described once: {line}");
        } else if !line.starts_with("# ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().expect(line);
            assert!(series.insert(name.to_owned()), "said once: {line}");
            let bare = name.split('{').next().unwrap();
            let is_of = |known: &String| {
                let rest = bare.strip_prefix(known.as_str());
                rest.is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest))
            };
            assert!(described.iter().any(is_of), "{line}");
        }
    }
    text
}

/// The value of one series, written as Prometheus has it.
#[track_caller]
fn value(text: &str, series: &str) -> f64 {
    let prefix = format!("divine_whispers_{series} ");
    let found = text.lines().find_map(|line| line.strip_prefix(&prefix));
    found
        .unwrap_or_else(|| panic!("no {series} in:\n{text}"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn requests_are_counted_by_the_pattern_of_their_route_and_never_by_what_was_sent() {
    let api = Api::start().await;
    let user = api.register().await;
    api.get(&user, "/api/v1/wallet").await.success();
    for path in [
        "/api/v1/jobs/4711",
        "/api/v1/jobs/4712",
        "/secret?token=secret",
    ] {
        assert_eq!(api.get(&user, path).await.status.as_u16(), 404);
    }
    let strange = Method::from_bytes(b"SECRET").unwrap();
    api.send(api.request(strange, "/health")).await;
    let text = scrape(&api).await;
    for (labels, count) in [
        (
            r#"method="POST",route="/api/v1/auth/register",status="2xx""#,
            1.0,
        ),
        (r#"method="GET",route="/api/v1/wallet",status="2xx""#, 1.0),
        (
            r#"method="GET",route="/api/v1/jobs/{job_id}",status="4xx""#,
            2.0,
        ),
        (r#"method="GET",route="unmatched",status="4xx""#, 1.0),
        (r#"method="other",route="/health",status="4xx""#, 1.0),
    ] {
        let series = format!("http_requests_total{{{labels}}}");
        assert_eq!(value(&text, &series), count, "{series}");
    }
    let route = r#"method="GET",route="/api/v1/jobs/{job_id}""#;
    let count = format!("http_request_duration_seconds_count{{{route}}}");
    assert_eq!(value(&text, &count), 2.0);
    let slowest = format!(r#"http_request_duration_seconds_bucket{{{route},le="+Inf"}}"#);
    assert_eq!(value(&text, &slowest), 2.0);
    for sent in ["4711", "secret", "SECRET", user.email.as_str()] {
        assert!(!text.contains(sent), "{sent}");
    }
    let again = scrape(&api).await;
    let own = r#"http_requests_total{method="GET",route="/metrics",status="2xx"}"#;
    assert_eq!(value(&again, own), 1.0);
}

#[tokio::test]
async fn statements_are_counted_by_name_and_outcome_and_the_pool_is_shown() {
    let api = Api::start().await;
    let user = api.register().await;
    let twice = json!({"email": user.email, "password": crate::support::api::PASSWORD});
    let reply = api.post_anonymously("/api/v1/auth/register", twice).await;
    assert_eq!(reply.problem(), "EMAIL_TAKEN");
    let text = scrape(&api).await;
    let registered = |outcome: &str| {
        let labels = format!(r#"statement="register_user",outcome="{outcome}""#);
        value(&text, &format!("db_statements_total{{{labels}}}"))
    };
    assert_eq!((registered("done"), registered("constraint")), (1.0, 1.0));
    let duration = r#"db_statement_duration_seconds_count{statement="register_user"}"#;
    assert_eq!(value(&text, duration), 2.0);
    assert!(value(&text, r#"db_pool_connections{state="idle"}"#) >= 1.0);
    assert_eq!(value(&text, r#"db_pool_connections{state="in_use"}"#), 0.0);
    assert_eq!(value(&text, "db_pool_waiting"), 0.0);
    let limit = if api.database.has_one_connection() {
        1.0
    } else {
        10.0
    };
    assert_eq!(value(&text, "db_pool_connections_limit"), limit);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        value(&text, &format!(r#"build_info{{version="{version}"}}"#)),
        1.0
    );
}

#[tokio::test]
async fn jobs_are_shown_by_kind_and_status_and_what_happened_to_them_is_counted() {
    let (api, user, service) = with_jobs(|jobs| jobs.policy.max_attempts = 1).await;
    let silent = order(&api, &user).await;
    claim_one(&api, &service).await;
    run_out(&api, &json!(silent)).await;
    rescue::round(&api.app.db, &api.app.jobs.policy)
        .await
        .unwrap();
    let cancelled = order(&api, &user).await;
    cancel(&api, &user, cancelled).await.success();
    order(&api, &user).await;
    claim_one(&api, &service).await;
    let waiting = order(&api, &user).await;
    let body = json!({"amount": 1, "job_type": "secret_kind"});
    api.post(&user, "/api/v1/wallet/spend", body)
        .await
        .success();
    let since =
        "update jobs set scheduled_at = now() - interval '1000 seconds', priority = 3 where id = ";
    api.database.execute(&format!("{since}{waiting}")).await;
    let sealing = seal_settled(&api.app.db, Duration::from_secs(60))
        .await
        .unwrap();
    assert!(sealing.entries > 0);

    let text = scrape(&api).await;
    let jobs = |job_type: &str, status: &str| {
        let labels = format!(r#"job_type="{job_type}",status="{status}""#);
        value(&text, &format!("jobs{{{labels}}}"))
    };
    assert_eq!(jobs("daily_horoscope", "queued"), 1.0);
    assert_eq!(jobs("daily_horoscope", "running"), 1.0);
    assert_eq!(jobs("other", "queued"), 1.0, "a kind that is not on offer");
    assert_eq!(jobs("wallet_statement", "queued"), 0.0);
    assert!(!text.contains("secret_kind"));
    let age = value(&text, "jobs_oldest_ready_age_seconds");
    assert!((1000.0..2000.0).contains(&age), "{age}");
    for (kind, count) in [
        ("queued", 5.0),
        ("running", 2.0),
        ("failed", 1.0),
        ("cancelled", 1.0),
        ("completed", 0.0),
    ] {
        let series = format!(r#"job_events_total{{kind="{kind}"}}"#);
        assert_eq!(value(&text, &series), count, "{kind}");
    }
    assert_eq!(value(&text, "job_leases_rescued_total"), 1.0);
    assert_eq!(value(&text, "jobs_refunded_total"), 2.0);
    let last = api.database.number("select max(id) from audit_logs").await as f64;
    assert_eq!(value(&text, "audit_last_sealed_entry"), last);
    assert_eq!(value(&text, "audit_last_entry"), last);
    let revisions = api.app.revision_ids.len() as f64;
    assert_eq!(value(&text, "schema_revisions_applied"), revisions);
    assert_eq!(value(&text, "schema_revisions_pending"), 0.0);
    let newest = *api.app.revision_ids.last().unwrap() as f64;
    assert_eq!(value(&text, "schema_newest_revision"), newest);
    assert_eq!(value(&text, "db_up"), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_scrapes_at_once_ask_the_database_once() {
    let api = Api::start().await;
    api.with_role(Role::Service).await;
    let scrapes = (0..50).map(|_| scrape(&api));
    futures_util::future::join_all(scrapes).await;
    let text = scrape(&api).await;
    let asked = r#"db_statements_total{statement="unfinished_jobs",outcome="done"}"#;
    // A reading is good for five seconds: on a machine that takes longer for all of this, there are some more.
    assert!(value(&text, asked) < 10.0, "{text}");
}

#[tokio::test]
async fn a_database_that_cannot_be_read_is_down_and_the_rest_is_there() {
    let api = Api::start_with(TestDatabase::empty().await, |settings| settings).await;
    api.send(api.request(Method::GET, "/health"))
        .await
        .success();
    let text = scrape(&api).await;
    assert_eq!(value(&text, "db_up"), 0.0);
    let health = r#"http_requests_total{method="GET",route="/health",status="2xx"}"#;
    assert_eq!(value(&text, health), 1.0);
    for gone in [
        "jobs{",
        "jobs_oldest_ready_age_seconds ",
        "schema_revisions_pending ",
    ] {
        assert!(
            !text.contains(&format!("\ndivine_whispers_{gone}")),
            "{gone}"
        );
    }
}
