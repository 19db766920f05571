//! Seals: what is settled is sealed once, and every change of what is sealed is found.

use std::time::Duration;

use divine_whispers::db::Database;
use divine_whispers::domain::audit::seal::{MAX_ENTRIES_PER_SEAL, SealValue, seal_settled};
use divine_whispers::domain::audit::verify::{Break, Report, verify};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::needs_many_connections;
use crate::support::{Api, TestDatabase, eventually};

const PATIENCE: Duration = Duration::from_secs(60);

async fn write_entries(database: &TestDatabase, count: i64) {
    let sql = format!(
        "insert into audit_logs (action, resource_type, resource_id, outcome, ip_address, user_agent, details)
         select 'test', 'test', n::text, 'success', '10.0.0.1', 'a browser', jsonb_build_object('n', n, 'half', n / 2.0)
           from generate_series(1, {count}) as n"
    );
    database.execute(&sql).await;
}

/// Two seals over 1500 entries, and 10 newer entries.
async fn sealed() -> Api {
    let api = Api::start().await;
    write_entries(&api.database, 1500).await;
    let sealing = seal_settled(&api.app.db, PATIENCE).await.unwrap();
    assert_eq!(sealing.entries, 1500);
    write_entries(&api.database, 10).await;
    api
}

async fn report(db: &Database) -> Report {
    verify(db, None).await.unwrap()
}

/// The seal that a break names.
fn broken_seal(report: &Report) -> i64 {
    match report.breaks.as_slice() {
        [Break::NotAsSealed { seal, .. }] => *seal,
        other => panic!("{other:?}"),
    }
}

/// Changes tables as somebody does who is allowed to switch their triggers off.
async fn tamper(database: &TestDatabase, sql: &str) {
    let sql = format!(
        "alter table audit_logs disable trigger user;
         alter table audit_seals disable trigger user;
         {sql};
         alter table audit_logs enable trigger user;
         alter table audit_seals enable trigger user;"
    );
    database.execute(&sql).await;
}

#[tokio::test]
async fn what_is_sealed_and_left_alone_is_in_order() {
    let api = sealed().await;
    let found = report(&api.app.db).await;
    assert_eq!(found.breaks, []);
    assert_eq!((found.seals, found.sealed_entries), (2, 1500));
    assert_eq!(found.unsealed_entries, 10);
    // Entries of every kind that the API writes.
    let user = api.register().await;
    let spend = serde_json::json!({"amount": 30, "job_type": "fortune_draw"});
    api.post(&user, "/api/v1/wallet/spend", spend)
        .await
        .success();
    seal_settled(&api.app.db, PATIENCE).await.unwrap();
    let found = report(&api.app.db).await;
    assert_eq!((found.breaks.len(), found.unsealed_entries), (0, 0));
    assert_eq!(found.seals, 3);
    // Nothing new: no seal over nothing.
    let again = seal_settled(&api.app.db, PATIENCE).await.unwrap();
    assert_eq!((again.entries, again.newest), (0, None));
}

#[tokio::test]
async fn a_seal_holds_a_bounded_number_of_entries() {
    let api = sealed().await;
    let most = "select max(entry_count) from audit_seals";
    assert_eq!(api.database.number(most).await, MAX_ENTRIES_PER_SEAL);
}

#[tokio::test]
async fn no_setting_of_a_session_changes_what_is_hashed() {
    let api = sealed().await;
    // The embedded engine does not take the settings of a database.
    needs_many_connections!(api.database);
    let name: String = api
        .database
        .connect()
        .await
        .query_one("select current_database()::text", &[])
        .await
        .unwrap()
        .get(0);
    api.database
        .execute(&format!(
            "alter database {name} set timezone = 'Asia/Kathmandu';
             alter database {name} set datestyle = 'German';
             alter database {name} set intervalstyle = 'sql_standard';
             alter database {name} set bytea_output = 'escape';
             alter database {name} set extra_float_digits = -5"
        ))
        .await;
    let other = Api::start_with(api.database, |settings| settings).await;
    let zone = other
        .app
        .db
        .statement(
            "zone",
            divine_whispers::db::Retry::Repeatable,
            |client| async move { client.query_one("show timezone", &[]).await },
        )
        .await
        .unwrap();
    assert_eq!(zone.get::<_, &str>(0), "Asia/Kathmandu");
    assert_eq!(report(&other.app.db).await.breaks, []);
}

#[tokio::test]
async fn every_column_of_an_entry_is_sealed() {
    let api = sealed().await;
    let api = &api;
    api.register().await;
    for (change, back) in [
        (
            "actor_user_id = (select min(id) from users)",
            "actor_user_id = null",
        ),
        ("action = 'tests'", "action = 'test'"),
        ("resource_type = 'tests'", "resource_type = 'test'"),
        ("resource_id = '0'", "resource_id = '5'"),
        ("resource_id = null", "resource_id = '5'"),
        ("outcome = 'refused'", "outcome = 'success'"),
        ("ip_address = '10.0.0.1/8'", "ip_address = '10.0.0.1'"),
        ("ip_address = null", "ip_address = '10.0.0.1'"),
        ("user_agent = 'another'", "user_agent = 'a browser'"),
        ("request_id = ''", "request_id = null"),
        (
            r#"details = '{"n": 5, "half": 2.50}'"#,
            "details = jsonb_build_object('n', 5, 'half', 5 / 2.0)",
        ),
        (
            "created_at = created_at + '1 microsecond'",
            "created_at = created_at - interval '1 microsecond'",
        ),
        // From one field to the next.
        (
            "action = 'testt', resource_type = 'est'",
            "action = 'test', resource_type = 'test'",
        ),
    ] {
        let update = |set: &str| format!("update audit_logs set {set} where id = 5");
        tamper(&api.database, &update(change)).await;
        let found = report(&api.app.db).await;
        assert_eq!(broken_seal(&found), 1, "{change}");
        tamper(&api.database, &update(back)).await;
        assert_eq!(report(&api.app.db).await.breaks, [], "{back}");
    }
    tamper(
        &api.database,
        "update audit_logs set created_at = 'infinity' where id = 1400",
    )
    .await;
    assert_eq!(broken_seal(&report(&api.app.db).await), 2);
}

#[tokio::test]
async fn removed_entries_are_found_wherever_they_were() {
    let api = sealed().await;
    for (id, seal) in [(1, 1), (500, 1), (1000, 1), (1001, 2), (1500, 2)] {
        let keep = format!("create table kept as select * from audit_logs where id = {id}");
        api.database.execute(&keep).await;
        let delete = format!("delete from audit_logs where id = {id}");
        tamper(&api.database, &delete).await;
        let found = report(&api.app.db).await;
        assert_eq!(broken_seal(&found), seal, "entry {id}");
        assert!(found.breaks[0].to_string().contains("1 are missing"));
        let put_back =
            "insert into audit_logs overriding system value select * from kept; drop table kept";
        api.database.execute(put_back).await;
        assert_eq!(report(&api.app.db).await.breaks, [], "entry {id} is back");
    }
    // What is not sealed yet, no seal can miss.
    tamper(&api.database, "delete from audit_logs where id = 1510").await;
    assert_eq!(report(&api.app.db).await.breaks, []);
}

#[tokio::test]
async fn inserted_entries_are_found_also_in_a_gap_and_before_the_first() {
    let api = Api::start().await;
    write_entries(&api.database, 5).await;
    // A number that was drawn by a transaction that rolled back.
    api.database
        .execute("select nextval('audit_logs_id_seq')")
        .await;
    write_entries(&api.database, 5).await;
    seal_settled(&api.app.db, PATIENCE).await.unwrap();
    assert_eq!(report(&api.app.db).await.breaks, []);
    for id in [6, 0, -7] {
        let insert = format!(
            "insert into audit_logs (id, action, resource_type, outcome) overriding system value
             values ({id}, 'test', 'test', 'success')"
        );
        api.database.execute(&insert).await;
        let found = report(&api.app.db).await;
        assert_eq!(broken_seal(&found), 1, "entry {id}");
        assert!(found.breaks[0].to_string().contains("1 too many"));
        let delete = format!("delete from audit_logs where id = {id}");
        tamper(&api.database, &delete).await;
        assert_eq!(report(&api.app.db).await.breaks, []);
    }
}

#[tokio::test]
async fn a_changed_seal_is_found() {
    for change in [
        "seal = sha256('another')",
        "entry_count = 999",
        "last_audit_log_id = 999",
        "sealed_at = sealed_at + '1 microsecond'",
    ] {
        let api = sealed().await;
        let sql = format!("update audit_seals set {change} where seal_number = 1");
        tamper(&api.database, &sql).await;
        let found = report(&api.app.db).await;
        let first = found.breaks.first();
        assert!(
            matches!(first, Some(Break::NotAsSealed { seal: 1, .. })),
            "{change}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_removed_seal_is_found_unless_it_was_the_last_which_a_kept_seal_finds() {
    let api = sealed().await;
    seal_settled(&api.app.db, PATIENCE).await.unwrap();
    let values: Vec<SealValue> = api
        .app
        .db
        .seals_after(0, 10)
        .await
        .unwrap()
        .iter()
        .map(|seal| SealValue::try_from(seal.value.as_slice()).unwrap())
        .collect();
    assert_eq!(values.len(), 3);
    for kept in &values {
        let found = verify(&api.app.db, Some(*kept)).await.unwrap();
        assert_eq!(found.breaks, []);
    }
    // The newest, with all that was under it: no trace is left in the database.
    tamper(
        &api.database,
        "delete from audit_seals where seal_number = 3; delete from audit_logs where id > 1500",
    )
    .await;
    assert_eq!(report(&api.app.db).await.breaks, []);
    let found = verify(&api.app.db, Some(values[2])).await.unwrap();
    assert_eq!(found.breaks, [Break::ExpectedSealMissing(values[2])]);
    let found = verify(&api.app.db, Some(values[1])).await.unwrap();
    assert_eq!(found.breaks, []);
    // In the middle and at the beginning it is found without.
    tamper(
        &api.database,
        "delete from audit_seals where seal_number = 1",
    )
    .await;
    let found = report(&api.app.db).await;
    assert_eq!(found.breaks, [Break::SealsMissing { first: 1, last: 1 }]);
}

#[tokio::test]
async fn seals_can_be_neither_changed_nor_removed_by_those_who_cannot_switch_triggers_off() {
    let api = sealed().await;
    for sql in [
        "update audit_seals set entry_count = 1",
        "delete from audit_seals",
        "truncate audit_seals",
    ] {
        let client = api.database.connect().await;
        let error = client.batch_execute(sql).await.expect_err(sql);
        let constraint = error.as_db_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("audit_seals_append_only"), "{sql}");
    }
}

#[tokio::test]
async fn an_entry_whose_transaction_has_not_ended_is_waited_for() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    let insert = "insert into audit_logs (action, resource_type, outcome) values ('late', 'test', 'success')";
    let mut late = api.database.connect().await;
    let transaction = late.transaction().await.unwrap();
    transaction.batch_execute(insert).await.unwrap();
    // It has a smaller number than these, which are committed.
    write_entries(&api.database, 5).await;
    let sealing = seal_settled(&api.app.db, Duration::ZERO).await.unwrap();
    assert!(sealing.waiting && sealing.newest.is_none(), "{sealing:?}");
    let db = api.app.db.clone();
    let sealing = tokio::spawn(async move { seal_settled(&db, PATIENCE).await.unwrap() });
    transaction.commit().await.unwrap();
    assert_eq!(sealing.await.unwrap().entries, 6);
    assert_eq!(report(&api.app.db).await.breaks, []);
}

#[tokio::test]
async fn a_transaction_that_only_reads_is_not_waited_for() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    write_entries(&api.database, 5).await;
    let mut reader = api.database.connect().await;
    let transaction = reader.transaction().await.unwrap();
    let select = "select count(*) from audit_logs";
    transaction.query_one(select, &[]).await.unwrap();
    let sealing = seal_settled(&api.app.db, Duration::ZERO).await.unwrap();
    assert_eq!(sealing.entries, 5);
}

#[tokio::test]
async fn sealing_while_many_write_misses_no_entry() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    let done = CancellationToken::new();
    let sealers = (0..3).map(|_| {
        let (db, done) = (api.app.db.clone(), done.clone());
        tokio::spawn(async move {
            while !done.is_cancelled() {
                seal_settled(&db, PATIENCE).await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    });
    let sealers: Vec<_> = sealers.collect();
    let writers = (0..8).map(|writer| {
        let database = &api.database;
        async move {
            let mut client = database.connect().await;
            for round in 0..40 {
                let transaction = client.transaction().await.unwrap();
                let insert = "insert into audit_logs (action, resource_type, outcome) values ('test', 'test', 'success')";
                transaction.batch_execute(insert).await.unwrap();
                // Others draw later numbers and end earlier.
                transaction
                    .batch_execute("select pg_sleep(random() * 0.01)")
                    .await
                    .unwrap();
                match (writer + round) % 5 {
                    0 => transaction.rollback().await.unwrap(),
                    _ => transaction.commit().await.unwrap(),
                }
            }
        }
    });
    join_all(writers).await;
    done.cancel();
    for sealer in sealers {
        sealer.await.unwrap();
    }
    seal_settled(&api.app.db, PATIENCE).await.unwrap();
    let found = report(&api.app.db).await;
    assert_eq!(found.breaks, []);
    assert_eq!((found.sealed_entries, found.unsealed_entries), (256, 0));
    assert!(found.seals > 1, "{found:?}");
}

#[tokio::test]
async fn the_server_seals_in_the_background() {
    let api = Api::start().await;
    write_entries(&api.database, 5).await;
    let shutdown = CancellationToken::new();
    let sealer = tokio::spawn(divine_whispers::server::sealer::seal_regularly(
        api.app.db.clone(),
        Duration::from_millis(10),
        shutdown.clone(),
    ));
    eventually("the entries are sealed", async || {
        report(&api.app.db).await.sealed_entries == 5
    })
    .await;
    shutdown.cancel();
    sealer.await.unwrap();
}

#[test]
fn a_seal_is_written_and_read_as_hexadecimal_digits() {
    let text = "00ff".repeat(16);
    let seal: SealValue = text.parse().unwrap();
    assert_eq!(seal.to_string(), text);
    for bad in ["", "00", &"zz".repeat(32), &"ä".repeat(32), &"0".repeat(65)] {
        assert!(bad.parse::<SealValue>().is_err(), "{bad}");
    }
}
