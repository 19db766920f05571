//! `upgrade --backup`: a dump first, and nothing without it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use crate::support::{Project, applied, err, needs_many_connections, tables, tool};

const FILES: &[(&str, &str)] = &[
    ("U1__a.sql", "create table a (id int);"),
    (
        "U2__left.sql",
        "-- revises: 1\ncreate table lefty (id int);",
    ),
    (
        "U3__right.sql",
        "-- revises: 1\ncreate table righty (id int);",
    ),
    (
        "U4__merge.sql",
        "-- revises: 2, 3\ncreate table last (id int);",
    ),
];

async fn upgrade(project: &Project, pg_dump: &str, target: &str) -> Output {
    let mut command = project.command(&format!("upgrade {target} --backup backups/here"));
    command.env("PG_DUMP", pg_dump);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn backups(project: &Project) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(project.dir.path().join("backups/here")) else {
        return Vec::new();
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().file_name().into_string().unwrap()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// Programs called pg_dump and pg_restore that are shell scripts.
fn fake(project: &Project, pg_dump: &str, pg_restore: &str) -> String {
    let dir = project.dir.path().join("fake");
    std::fs::create_dir_all(&dir).unwrap();
    for (name, script) in [("pg_dump", pg_dump), ("pg_restore", pg_restore)] {
        let path = dir.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    dir.join("pg_dump").to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_backup_is_named_after_the_database_and_where_it_is_and_can_be_restored() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let pg_dump = tool("pg_dump").to_str().unwrap().to_owned();
    let name = project
        .database
        .url
        .config()
        .get_dbname()
        .unwrap()
        .to_owned();
    for (target, place) in [("2", "base"), ("3", "2"), ("head", "2+3")] {
        let before = backups(&project);
        let output = upgrade(&project, &pg_dump, target).await;
        assert!(output.status.success(), "{}", err(&output));
        let mut new = backups(&project);
        new.retain(|file| !before.contains(file));
        let [file] = &new[..] else { panic!("{new:?}") };
        let time = file
            .strip_prefix(&format!("{name}-{place}-"))
            .and_then(|rest| rest.strip_suffix("Z.dump"))
            .unwrap_or_else(|| panic!("{file}"));
        let plain = time.replacen('T', "0", 1);
        assert!(
            plain.len() == 18 && plain.bytes().all(|it| it.is_ascii_digit()),
            "{time}"
        );
        assert!(err(&output).contains(&format!("backed up to backups/here/{file}")));
        let list = Command::new(tool("pg_restore"))
            .arg("--list")
            .arg(project.dir.path().join("backups/here").join(file))
            .output()
            .unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        assert_eq!(
            list.contains("TABLE public lefty"),
            place != "base",
            "{list}"
        );
        assert!(!list.contains("TABLE public last"), "{list}");
    }
    // Where there is nothing to do, nothing is written.
    let before = backups(&project);
    assert!(upgrade(&project, &pg_dump, "head").await.status.success());
    assert_eq!(backups(&project), before);
}

#[tokio::test]
async fn without_a_good_backup_nothing_is_applied_and_nothing_is_left() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade 1").await;
    let client = project.database.connect("test").await;
    let version =
        |of: &str| format!("test \"$1\" = --version && echo 'pg_dump (PostgreSQL) {of}' && exit");
    let mut refusals = Vec::new();
    let fakes = [
        None,
        Some(("exit 1".to_owned(), "")),
        Some((version("9.6.24"), "")),
        Some((version("99.1"), "")),
        Some((
            format!(
                "{}; echo 'pg_dump: error: no space left' >&2; exit 1",
                version("99.1")
            ),
            "",
        )),
        Some((
            format!("{}; echo partial > \"$4\"", version("99.1")),
            "echo 'pg_restore: error: not an archive' >&2; exit 1",
        )),
    ];
    for it in fakes {
        let pg_dump = match it {
            None => "/nowhere/pg_dump".to_owned(),
            Some((pg_dump, pg_restore)) => fake(&project, &pg_dump, pg_restore),
        };
        let output = upgrade(&project, &pg_dump, "head").await;
        if output.status.success() {
            panic!("{pg_dump}: {}", err(&output));
        }
        let server = client
            .query_one("show server_version_num", &[])
            .await
            .unwrap();
        let number: String = server.get(0);
        let major = number[..number.len() - 4].to_owned();
        let told = err(&output).replace(project.dir.path().to_str().unwrap(), "…");
        refusals.push(
            told.replace(&format!("of {major};"), "of NN;")
                .replace(&format!("PostgreSQL {major} or"), "PostgreSQL NN or"),
        );
        assert!(backups(&project).is_empty());
        assert_eq!(applied(&client).await, ["1"]);
        assert_eq!(tables(&client).await, ["a"]);
    }
    insta::assert_snapshot!(refusals.join("\n"));
}

#[tokio::test]
async fn what_a_shell_has_set_for_another_database_does_not_lead_there_and_nobody_else_can_read_it()
{
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let decoy = crate::support::Database::new().await;
    let config = decoy.url.config();
    let elsewhere = [
        ("PGDATABASE", config.get_dbname().unwrap()),
        ("PGUSER", "nobody_at_all"),
        ("PGHOSTADDR", "127.0.0.9"),
        ("PGSERVICE", "decoy"),
    ];
    let mut command = project.command("upgrade head --backup backups/here");
    command.env("PG_DUMP", tool("pg_dump")).envs(elsewhere);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let dir = project.dir.path().join("backups/here");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let [file] = &backups(&project)[..] else {
        panic!()
    };
    assert_eq!(mode(&dir.join(file)), 0o600);
}

#[tokio::test]
async fn an_upgrade_that_is_refused_makes_no_backup() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let pg_dump = tool("pg_dump").to_str().unwrap().to_owned();
    assert!(
        !upgrade(&project, &pg_dump, "nowhere")
            .await
            .status
            .success()
    );
    assert!(backups(&project).is_empty());
}
