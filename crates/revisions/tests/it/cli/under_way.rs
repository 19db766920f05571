//! What is seen of a script outside of a transaction while it runs.

use crate::support::{
    AT_A_GATE, MIGRATING, Project, close, column, err, needs_many_connections, open, out, until,
};

const FILES: &[(&str, &str)] = &[
    (
        "U1__a.sql",
        "-- transaction: none\ncreate table a (id int);\nselect 1;\nselect gate(1);",
    ),
    (
        "U1__a.down.sql",
        "-- transaction: none\nselect 1;\nselect gate(1);\ndrop table a;",
    ),
];

#[tokio::test]
async fn what_is_under_way_is_not_called_interrupted() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let client = project.with_gates().await;
    let watch = async |commands: &[&str]| {
        let holder = "select pid from pg_locks where locktype = 'advisory' and objsubid = 1 \
            and database = (select oid from pg_database where datname = current_database())";
        let pid = column(&client, holder).await.remove(0);
        let mut told = String::new();
        for command in commands {
            let output = project.run(command).await;
            told.push_str(&out(&output));
            told.push_str(&err(&output));
        }
        assert!(!told.contains("interrupted after"), "{told}");
        assert!(!told.contains("was interrupted"), "{told}");
        let process = format!("process {pid} (cargo db)");
        assert_eq!(told.matches(&process).count(), commands.len(), "{told}");
        told
    };
    close(&client, 1).await;
    let mut child = project.start("upgrade head");
    until(&client, AT_A_GATE, "1").await;
    let told = watch(&["status", "current", "status --json"]).await;
    assert!(told.contains("under way: process"), "{told}");
    assert!(told.contains("\"interrupted\": []"), "{told}");
    assert!(told.contains("\"statements_done\": 2"), "{told}");
    open(&client, 1).await;
    assert!(child.wait().unwrap().success());
    close(&client, 1).await;
    let mut child = project.start("downgrade -1");
    until(&client, AT_A_GATE, "1").await;
    // All revisions are applied, and what is being undone is not left half undone.
    project.succeeds("status").await;
    watch(&["status", "current"]).await;
    open(&client, 1).await;
    assert!(child.wait().unwrap().success());
    let told = project.fails("status").await;
    assert!(!told.contains("under way"), "{told}");
}

#[tokio::test]
async fn of_what_was_done_only_a_hash_is_kept() {
    needs_many_connections!();
    let secret = "-- transaction: none\nselect 'secret';\nselect gate(1);";
    let project = Project::new(&[("U1__a.sql", secret)]).await;
    let client = project.with_gates().await;
    close(&client, 1).await;
    project
        .kill_when("upgrade head", &client, AT_A_GATE, "1")
        .await;
    let done = "select array_length(done, 1) || done::text from refinery_schema_progress";
    let done = column(&client, done).await.remove(0);
    assert!(done.starts_with("1{") && !done.contains("secret"), "{done}");
    open(&client, 1).await;
    until(&client, MIGRATING, "0").await;
    project.succeeds("upgrade head").await;
}
