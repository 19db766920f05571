//! `ledger` and `audit`, as they are typed.

use divine_whispers::domain::users::Role;
use divine_whispers::migrations::REVISIONS;
use serde_json::{Value, json};

use crate::needs_many_connections;
use crate::support::program::{Program, printed};
use crate::support::{Api, TestDatabase};

const TABLES: &str = "select count(*) from pg_tables where schemaname = 'public'";

/// A served API with a user who has spent, and the program on the same database.
async fn ledger() -> (Api, Program, String) {
    let api = Api::start().await;
    let (admin, ada) = (api.with_role(Role::Admin).await, api.register().await);
    api.deposit(&admin, &ada, 50).await;
    let spend =
        json!({"amount": 30, "job_type": "fortune_draw", "description": "a \"draw\", quoted"});
    api.post(&ada, "/api/v1/wallet/spend", spend)
        .await
        .success();
    let program = Program::new().set("DATABASE_URL", &api.database.connection_url());
    (api, program, ada.email)
}

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn a_statement_is_a_table_or_json_or_csv() {
    let (api, program, email) = ledger().await;
    let table = program.run(&["ledger", "statement", &email]).await;
    assert!(table.status.success(), "{}", printed(&table));
    let table = stdout(&table);
    assert!(table.contains(&format!("{email}, user ")), "{table}");
    assert!(table.contains("120 points"), "{table}");
    for word in [
        "time",
        "balance",
        "spend",
        "-30",
        "deposit",
        "Welcome points",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }
    let id = api.database.number("select max(id) from users").await;
    let by_id = ["ledger", "statement", &id.to_string(), "--json"];
    let body: Value = serde_json::from_str(&stdout(&program.run(&by_id).await)).unwrap();
    assert_eq!(
        (&body["balance"], &body["has_more"]),
        (&json!(120), &json!(false))
    );
    let amounts = body["transactions"].as_array().unwrap().iter();
    let amounts: Vec<_> = amounts.map(|row| row["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts, [-30, 50, 100]);
    let csv = stdout(&program.run(&["ledger", "statement", &email, "--csv"]).await);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 4, "{csv}");
    assert_eq!(
        lines[0],
        "time,transaction,type,status,amount,balance,description"
    );
    assert!(
        lines[1].ends_with(r#",-30,120,"a ""draw"", quoted""#),
        "{csv}"
    );
    let newest = ["ledger", "statement", &email, "--limit", "1", "--json"];
    let body: Value = serde_json::from_str(&stdout(&program.run(&newest).await)).unwrap();
    assert_eq!(body["transactions"].as_array().unwrap().len(), 1);
    assert_eq!(body["has_more"], true);
    for name in ["nobody@example.com", "999999", "nonsense"] {
        let refused = program.run(&["ledger", "statement", name]).await;
        assert!(!refused.status.success());
        assert!(printed(&refused).contains(name), "{}", printed(&refused));
    }
}

#[tokio::test]
async fn a_ledger_that_breaks_a_rule_is_exit_1_with_the_list() {
    let (api, program, _) = ledger().await;
    let well = program.run(&["ledger", "verify"]).await;
    assert!(well.status.success(), "{}", printed(&well));
    assert_eq!(stdout(&well), "2 wallets keep every rule\n");
    api.database
        .execute("update wallets set posting_count = 7 where balance = 120")
        .await;
    let table = program.run(&["ledger", "verify"]).await;
    assert_eq!(table.status.code(), Some(1));
    let text = printed(&table);
    assert!(
        text.contains("the wallet counts its successful transactions"),
        "{text}"
    );
    assert!(
        text.contains("1 breach in 2 wallets that were checked"),
        "{text}"
    );
    let json = program.run(&["ledger", "verify", "--json"]).await;
    assert_eq!(json.status.code(), Some(1));
    let body: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(body["breaches"][0]["found"], 7);
    let csv = program.run(&["ledger", "verify", "--csv"]).await;
    assert_eq!(csv.status.code(), Some(1));
    let csv = stdout(&csv);
    assert_eq!(
        csv.lines().next(),
        Some("rule,wallet,transaction,expected,found")
    );
    assert!(csv.ends_with(",,3,7\n"), "{csv}");
}

#[tokio::test]
async fn the_audit_log_is_sealed_and_verified_by_hand() {
    let (api, program, _) = ledger().await;
    let sealed = program.run(&["audit", "seal"]).await;
    assert!(sealed.status.success(), "{}", printed(&sealed));
    let text = stdout(&sealed);
    let seal = text.trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(seal.len(), 64, "{text}");
    let well = program.run(&["audit", "verify", "--expect", &seal]).await;
    assert!(well.status.success(), "{}", printed(&well));
    assert!(stdout(&well).contains(&seal));
    let other = "0".repeat(64);
    let missing = program.run(&["audit", "verify", "--expect", &other]).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(stdout(&missing).contains(&other), "{}", printed(&missing));
    let bad = program.run(&["audit", "verify", "--expect", "xyz"]).await;
    assert!(!bad.status.success());
    api.database
        .execute(
            "alter table audit_logs disable trigger user;
             delete from audit_logs where action = 'wallet.deposit'",
        )
        .await;
    let broken = program.run(&["audit", "verify", "--json"]).await;
    assert_eq!(broken.status.code(), Some(1));
    let body: Value = serde_json::from_str(&stdout(&broken)).unwrap();
    assert_eq!(
        (&body["in_order"], &body["seals"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(body["breaks"].as_array().unwrap().len(), 1);
    let told = program.run(&["audit", "verify"]).await;
    assert!(
        printed(&told).contains("not as it was sealed: 1 break\n"),
        "{}",
        printed(&told)
    );
    // Who lost the newest seal gets it again.
    let nothing_new = program.run(&["audit", "seal"]).await;
    assert_eq!(
        stdout(&nothing_new),
        format!("nothing new to seal; the newest seal, number 1, to be kept elsewhere: {seal}\n")
    );
}

#[tokio::test]
async fn an_empty_audit_log_has_nothing_to_seal() {
    let database = TestDatabase::migrated().await;
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let sealed = program.run(&["audit", "seal"]).await;
    assert_eq!(stdout(&sealed), "nothing to seal\n", "{}", printed(&sealed));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_leaves_a_database_that_is_behind_as_it_is() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let reading: [&[&str]; 3] = [
        &["ledger", "verify"],
        &["ledger", "statement", "1"],
        &["audit", "verify"],
    ];
    let count = REVISIONS.len();
    for missing in [count, count - 1] {
        let tables = database.number(TABLES).await;
        for arguments in reading {
            let refused = program.run(arguments).await;
            let text = printed(&refused);
            assert_eq!(refused.status.code(), Some(1), "{text}");
            assert!(
                text.contains(&format!("{missing} revisions are missing")),
                "{text}"
            );
            assert!(text.contains("db upgrade head"), "{text}");
        }
        assert_eq!(database.number(TABLES).await, tables);
        let upgraded = program.run(&["db", "upgrade", "+1"]).await;
        assert!(upgraded.status.success(), "{}", printed(&upgraded));
    }
    // What changes something migrates, as `serve` does.
    let sealed = program.run(&["audit", "seal"]).await;
    assert!(sealed.status.success(), "{}", printed(&sealed));
    let verified = program.run(&["audit", "verify"]).await;
    assert!(verified.status.success(), "{}", printed(&verified));
}
