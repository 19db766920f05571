//! From Alembic to here: the recipe of `ALEMBIC.md`.

use std::process::Command;

use revisions::catalog::Catalog;

use crate::support::{Database, Project, needs_many_connections, tool};

#[tokio::test]
async fn a_schema_that_alembic_made_is_taken_over_and_made_anew_elsewhere() {
    needs_many_connections!();
    let project = Project::new(&[]).await;
    let client = project.database.connect("alembic").await;
    let schema = "create table alembic_version (version_num varchar(32) primary key);
        create table users (id bigint generated always as identity primary key, email text not null unique);
        create index users_email on users (lower(email));
        create view emails as select email from users;
        create function f() returns int language sql as 'select 1';";
    client.batch_execute(schema).await.unwrap();
    let dump = Command::new(tool("pg_dump"))
        .args(["--schema-only", "--no-owner", "--no-privileges"])
        .arg("--exclude-table=alembic_version")
        .envs(project.database.url.libpq_variables())
        .output()
        .unwrap();
    assert!(dump.status.success());
    let dump = String::from_utf8(dump.stdout).unwrap();
    let script: String = dump
        .lines()
        .filter(|line| !line.starts_with('\\'))
        .map(|line| format!("{line}\n"))
        .collect();
    let head =
        "-- The schema as Alembic left it.\n-- down: irreversible: it was made by Alembic\n\n";
    project.write(&[
        ("U1__schema.sql", &format!("{head}{script}")),
        (
            "U2__alembic.sql",
            "-- Alembic is gone.\ndrop table if exists alembic_version;\n",
        ),
    ]);
    project.succeeds("stamp 1").await;
    project.succeeds("upgrade head").await;
    let taken_over = Catalog::read(&client).await.unwrap();
    let new = Database::new().await;
    project
        .succeeds(&format!("upgrade head --url {}", new.url.expose()))
        .await;
    let made_anew = Catalog::read(&new.connect("test").await).await.unwrap();
    let difference = made_anew.difference(&taken_over);
    assert!(difference.is_empty(), "{difference}");
}
