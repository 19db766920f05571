//! `redo`: undone and applied again.

use crate::support::{Project, applied, column, needs_many_connections};

fn files() -> Vec<(String, String)> {
    let revises = ["", "1", "1", "2, 3", "4"];
    let mut files = Vec::new();
    for (number, revises) in (1..).zip(revises) {
        let header = match revises {
            "" => String::new(),
            revises => format!("-- revises: {revises}\n"),
        };
        files.push((
            format!("U{number}__step.sql"),
            format!("{header}create table t{number} (id int);\ninsert into log (step) values ('up {number}');"),
        ));
        files.push((
            format!("U{number}__step.down.sql"),
            format!("drop table t{number};\ninsert into log (step) values ('down {number}');"),
        ));
    }
    files
}

async fn project() -> (Project, tokio_postgres::Client) {
    let files = files();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let project = Project::new(&files).await;
    let client = project.database.connect("test").await;
    let log = "create table log (number int generated always as identity, step text)";
    client.batch_execute(log).await.unwrap();
    (project, client)
}

const LOG: &str = "with it as (delete from log returning *) select coalesce(string_agg(step, ', ' order by number), '') from it";

#[tokio::test]
async fn a_redo_undoes_what_needs_the_revision_and_applies_all_again() {
    needs_many_connections!();
    let (project, client) = project().await;
    let mut all = Vec::new();
    for command in [
        "upgrade head",
        "redo",
        "redo 4",
        "redo 2",
        "downgrade 1",
        "upgrade 2",
        "redo",
    ] {
        project.succeeds(command).await;
        all.push(format!(
            "{command}: {}",
            column(&client, LOG).await.remove(0)
        ));
    }
    insta::assert_snapshot!(all.join("\n"));
    assert_eq!(applied(&client).await, ["1", "2"]);
}

#[tokio::test]
async fn what_cannot_be_redone_is_refused_and_nothing_is_undone() {
    needs_many_connections!();
    let (project, client) = project().await;
    let mut transcript = project.transcript(&["redo", "redo 2"]).await;
    project.succeeds("upgrade 2").await;
    project.succeeds("upgrade 3").await;
    transcript.push_str(&project.transcript(&["redo", "redo 5", "redo base"]).await);
    // What could not be applied again is not undone.
    project.succeeds("upgrade head").await;
    column(&client, LOG).await;
    std::fs::remove_file(project.dir.path().join("sql/U3__step.down.sql")).unwrap();
    transcript.push_str(&project.transcript(&["redo 3", "redo 1"]).await);
    assert_eq!(column(&client, LOG).await, [""]);
    assert_eq!(applied(&client).await.len(), 5);
    insta::assert_snapshot!(transcript);
}

#[tokio::test]
async fn a_file_that_was_changed_is_applied_anew_and_one_below_it_is_refused() {
    needs_many_connections!();
    let project = Project::new(&[
        ("U1__a.sql", "create table a (id int);"),
        ("U1__a.down.sql", "drop table a;"),
        ("U2__b.sql", "create table b (id int);"),
        ("U2__b.down.sql", "drop table b;"),
    ])
    .await;
    project.succeeds("upgrade head").await;
    project.write(&[("U2__b.sql", "create table b (id bigint);")]);
    project.succeeds("redo").await;
    // Its checksum is that of the file again.
    project.succeeds("status").await;
    project.write(&[("U1__a.sql", "create table a (id bigint);")]);
    let refused = project.run("redo").await;
    assert!(!refused.status.success());
    project.succeeds("redo 1").await;
    project.succeeds("status").await;
}
