//! Two operators at once, one of whom makes a backup first.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Project, applied, err, needs_many_connections};

/// A pg_dump during which somebody else applies a revision, and its pg_restore.
fn slow_backup(project: &Project) -> String {
    let dump = format!(
        "test \"$1\" = --version && echo 'pg_dump (PostgreSQL) 99.1' && exit; \
         {} upgrade +1 >&2 && echo dump > \"$4\"",
        env!("CARGO_BIN_EXE_revisions")
    );
    let database = project.database.url.config().get_dbname().unwrap();
    let list = format!("echo ';     dbname: {database}'");
    let path = |name: &str| project.dir.path().join(name);
    for (name, script) in [("pg_dump", &*dump), ("pg_restore", &*list)] {
        std::fs::write(path(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    path("pg_dump").to_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_somebody_else_applies_during_the_backup_is_not_followed_by_one_more() {
    needs_many_connections!();
    let project = Project::new(&[
        ("U1__a.sql", "create table a (id int);"),
        ("U2__b.sql", "create table b (id int);"),
        ("U3__c.sql", "create table c (id int);"),
    ])
    .await;
    let pg_dump = slow_backup(&project);
    let client = project.database.connect("test").await;
    for (target, is_refused, left) in [("+1", true, 1), ("3", false, 3)] {
        let mut command = project.command(&format!("upgrade {target} --backup backups"));
        command.env("PG_DUMP", &pg_dump);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let said = err(&output);
        assert_eq!(!output.status.success(), is_refused, "{said}");
        let moved = said.contains("somebody else has moved the database to 1,");
        assert_eq!(moved, is_refused, "{said}");
        assert_eq!(applied(&client).await.len(), left);
    }
}
