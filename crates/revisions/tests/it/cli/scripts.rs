//! `--sql`: scripts on the standard output, and nothing else there. No database is asked.

use std::process::Command;

use crate::support::{Project, applied, err, needs_many_connections, out, psql, tables};

const FILES: &[(&str, &str)] = &[
    ("U1__a.sql", "create table a (id int)"),
    ("U1__a.down.sql", "drop table a"),
    (
        "U2__index.sql",
        "-- transaction: none\ncreate index concurrently a_idx on a (id)",
    ),
    (
        "U2__index.down.sql",
        "-- transaction: none\ndrop index concurrently a_idx",
    ),
    ("U3__c.sql", "create table c (id int)"),
];

/// Without a database.
fn script(project: &Project, arguments: &str) -> String {
    let mut command: Command = project.command(arguments);
    let output = command.env_remove("DATABASE_URL").output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(err(&output), "");
    out(&output)
}

#[tokio::test]
async fn what_is_printed_goes_through_psql_and_the_program_goes_on_from_there() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let client = project.database.connect("test").await;
    let mut steps = Vec::new();
    for arguments in [
        "ensure-version --sql",
        "upgrade --sql 2",
        "upgrade --sql 2:head",
        "stamp --sql 3:2",
        "downgrade --sql 2:1",
        "stamp --sql 1:heads",
    ] {
        let output = psql(&project.database, &script(&project, arguments));
        assert!(output.status.success(), "{arguments}: {}", err(&output));
        steps.push(format!(
            "{arguments}: {} | {}",
            applied(&client).await.join(" "),
            tables(&client).await.join(" ")
        ));
    }
    insta::assert_snapshot!(steps.join("\n"));
    assert!(
        project
            .succeeds("upgrade head")
            .await
            .0
            .starts_with("nothing to apply")
    );
    let output = psql(&project.database, &script(&project, "upgrade --sql head"));
    assert_eq!(
        (output.status.code(), out(&output)),
        (Some(3), String::new())
    );
}

#[tokio::test]
async fn what_cannot_be_a_script_is_refused() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let transcript = project
        .transcript(&[
            "downgrade --sql 1",
            "downgrade --sql head:2",
            "downgrade --sql 1:2",
            "upgrade --sql nowhere",
            "upgrade --sql nowhere:head",
            "stamp --sql 1:2 3",
        ])
        .await;
    insta::assert_snapshot!(transcript);
}
