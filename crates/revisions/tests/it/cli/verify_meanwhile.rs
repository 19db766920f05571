//! `verify` while others use the database: it waits for nobody without an end, and is not taken in by what they do.

use std::process::Output;

use crate::support::{AT_A_GATE, Project, close, column, err, needs_many_connections, open, until};

const FILES: &[(&str, &str)] = &[(
    "U1__one.sql",
    "-- One.\ncreate table one (id int constraint one_key primary key, n int constraint one_n check (n > 0));\ncreate view two as select id from one;",
)];

/// Starts to verify, with a limit of its waits.
fn verify(project: &Project, milliseconds: &str) -> tokio::task::JoinHandle<Output> {
    let mut command = project.command("verify");
    command.env("MIGRATION_STATEMENT_LOCK_TIMEOUT_MS", milliseconds);
    tokio::task::spawn_blocking(move || command.output().unwrap())
}

#[tokio::test]
async fn somebody_who_has_locked_a_table_is_named_and_not_waited_for() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade head").await;
    let client = project.database.connect("somebody").await;
    client
        .batch_execute("begin; lock table one in access exclusive mode")
        .await
        .unwrap();
    let told = err(&verify(&project, "100").await.unwrap());
    let told = project.plain(&told);
    let start = "error: postgresql://… cannot be read without a wait for a lock: that of process ";
    assert!(told.starts_with(start), "{told}");
    assert!(
        told.contains(" (somebody), which has locked one\n"),
        "{told}"
    );
    // Nor by `snapshot`, which reads in the same way.
    let mut command = project.command("snapshot");
    command.env("MIGRATION_STATEMENT_LOCK_TIMEOUT_MS", "100");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    assert!(err(&output.await.unwrap()).contains("(somebody), which has locked one"));
    client.batch_execute("rollback").await.unwrap();
    assert!(verify(&project, "100").await.unwrap().status.success());
}

#[tokio::test]
async fn a_migrator_that_begins_while_the_schema_is_read_is_noticed() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade head").await;
    let gates = project.with_gates().await;
    let client = project.database.connect("somebody").await;
    client
        .batch_execute("begin; lock table one in access exclusive mode")
        .await
        .unwrap();
    let reading = verify(&project, "60000");
    let waits = "select count(*) from pg_locks where not granted and locktype = 'relation' \
                 and database = (select oid from pg_database where datname = current_database())";
    until(&gates, waits, "1").await;
    project.write(&[("U2__two.sql", "-- Two.\nselect gate(1);")]);
    close(&gates, 1).await;
    let mut upgrade = project.start("upgrade head");
    until(&gates, AT_A_GATE, "1").await;
    client.batch_execute("rollback").await.unwrap();
    let output = reading.await.unwrap();
    let told = err(&output);
    assert!(
        told.contains("the database is being migrated: process"),
        "{told}"
    );
    open(&gates, 1).await;
    assert!(upgrade.wait().unwrap().success());
    assert_eq!(
        column(&gates, "select count(*) from refinery_schema_history").await,
        ["2"]
    );
}
