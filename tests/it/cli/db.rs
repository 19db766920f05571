//! `db`, mounted from the crate `revisions`, on the embedded revisions.

use crate::needs_many_connections;
use crate::support::TestDatabase;
use crate::support::program::{Program, printed};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_goes_up_and_down_and_tells_where_it_is() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let stdout = async |arguments: &[&str]| {
        let output = program.run(arguments).await;
        assert!(output.status.success(), "{}", printed(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(stdout(&["db", "current"]).await.trim(), "");
    stdout(&["db", "upgrade", "+1"]).await;
    assert!(
        stdout(&["db", "current"])
            .await
            .starts_with("20251122090000")
    );
    assert!(stdout(&["db", "history"]).await.contains("Initial schema"));
    stdout(&["db", "upgrade", "head"]).await;
    stdout(&["db", "downgrade", "base"]).await;
    assert_eq!(stdout(&["db", "current"]).await.trim(), "");
}

/// The build described the schema on the PostgreSQL that it brings; the database may be of another version.
#[tokio::test(flavor = "multi_thread")]
async fn a_migrated_database_is_verified_and_one_that_was_changed_by_hand_is_not() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let verified = program.run(&["db", "verify"]).await;
    assert!(verified.status.success(), "{}", printed(&verified));
    let client = database.connect().await;
    let by_hand = "alter table wallets drop constraint wallets_balance_check";
    client.batch_execute(by_hand).await.unwrap();
    let refused = program.run(&["db", "verify"]).await;
    assert!(!refused.status.success());
    let told = printed(&refused);
    assert!(
        told.contains("+ constraint public.wallets.wallets_balance_check: CHECK"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_revision_is_refused_by_name() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let refused = program.run(&["db", "upgrade", "4242"]).await;
    assert!(!refused.status.success());
    assert!(printed(&refused).contains("4242"), "{}", printed(&refused));
}

#[tokio::test]
async fn the_version_says_when_it_was_built() {
    let output = Program::new().run(&["--version"]).await;
    let text = printed(&output);
    assert!(
        text.starts_with(&format!("divine-whispers {} (", env!("CARGO_PKG_VERSION"))),
        "{text}"
    );
    assert!(
        text.contains("built 20") && text.trim_end().ends_with("Z)"),
        "{text}"
    );
}
