//! `/wallet/statistics`

use divine_whispers::domain::users::Role;
use serde_json::{Value, json};

use crate::support::Api;

const STATISTICS: &str = "/api/v1/wallet/statistics";

#[tokio::test]
async fn sums_are_per_day_and_type_of_what_succeeded() {
    let api = Api::start().await;
    let (admin, user, other) = (
        api.with_role(Role::Admin).await,
        api.register().await,
        api.register().await,
    );
    for amount in [10, 20] {
        let spend = json!({"amount": amount, "job_type": "fortune_draw"});
        api.post(&user, "/api/v1/wallet/spend", spend)
            .await
            .success();
    }
    api.deposit(&admin, &user, 50).await;
    api.deposit(&admin, &other, 7).await;
    // Two from the last moment of a day and the first of the next, and one that did not succeed.
    let insert = format!(
        "insert into transactions
             (wallet_id, type, amount, status, reference_id, created_by, created_at, completed_at, posting_number, balance_after)
         select id, 'deposit', amount, status, reference, user_id, time::timestamptz, time::timestamptz, place, after
           from wallets, (values
             (1, 'success', 'a', '2026-03-01 23:59:59.999999Z', 101, 1::bigint),
             (2, 'success', 'b', '2026-03-02 00:00:00Z', 102, 1),
             (4, 'failed', 'c', '2026-03-02 00:00:00Z', null, null)
           ) as given (amount, status, reference, time, place, after)
          where user_id = {}",
        user.id
    );
    api.database.execute(&insert).await;
    let sums = api.get(&user, STATISTICS).await.success();
    let expected = json!([
        {"type": "deposit", "count": 2, "amount": 150},
        {"type": "spend", "count": 2, "amount": -30},
    ]);
    assert_eq!(sums["totals"], expected);
    let days = |sums: &Value| sums["days"].as_array().unwrap().clone();
    assert!(days(&sums).iter().all(|day| day["day"] == sums["to"]));
    let march = api
        .get(
            &user,
            &format!("{STATISTICS}?from=2026-03-01&to=2026-03-02"),
        )
        .await
        .success();
    let expected = json!([
        {"day": "2026-03-02", "type": "deposit", "count": 1, "amount": 2},
        {"day": "2026-03-01", "type": "deposit", "count": 1, "amount": 1},
    ]);
    assert_eq!(march["days"], expected);
    let one = format!("{STATISTICS}?from=2026-03-01&to=2026-03-01");
    assert_eq!(days(&api.get(&user, &one).await.success()).len(), 1);
    for bad in [
        "from=2026-03-02&to=2026-03-01",
        "from=2025-03-01&to=2026-03-02",
        "from=1969-12-31&to=1970-01-01",
        "from=yesterday",
        "from=2026-02-30",
        "x=1",
    ] {
        let refused = api.get(&user, &format!("{STATISTICS}?{bad}")).await;
        assert_eq!(refused.problem(), "VALIDATION_FAILED", "{bad}");
    }
}
