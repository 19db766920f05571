//! The commands, what they say, and where they take their settings from.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{Database, applied, needs_many_connections, tables, until, write};

const FILES: [(&str, &str); 4] = [
    (
        "sql/U20250101000000__first.sql",
        "-- The first table.\ncreate table first (id int);",
    ),
    ("sql/U20250101000000__first.down.sql", "drop table first;"),
    (
        "sql/U20250202000000__second.sql",
        "-- The second table.\ncreate table second (id int);",
    ),
    ("sql/U20250202000000__second.down.sql", "drop table second;"),
];

fn run(dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_revisions"))
        .current_dir(dir)
        .env_clear()
        .envs(variables.iter().copied())
        .args(arguments)
        .output()
        .unwrap()
}

/// Standard output and error, times left out.
fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let lines = text.lines().map(|line| match line.rsplit_once(" (") {
            Some((line, time)) if time.ends_with("ms)") => format!("{line} (… ms)\n"),
            _ if line.trim_start().starts_with("Applied: 2") => "    Applied: …\n".to_owned(),
            _ => format!("{line}\n"),
        });
        lines.collect::<String>()
    };
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn the_commands_do_what_they_say() {
    needs_many_connections!();
    let (dir, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    write(dir.path(), &FILES);
    let variables = [("DATABASE_URL", database.url.expose())];
    let mut transcript = String::new();
    for arguments in [
        "current",
        "upgrade +1",
        "current",
        "upgrade head",
        "upgrade head",
        "current --check-heads",
        "current -v",
        "history",
        "history -i",
        "history -v",
        "history -r 20250202:",
        "history -r :20250101",
        "history -r -1:current",
        "downgrade -1",
        "current --check-heads",
        "downgrade base",
        "downgrade -1",
        "upgrade nowhere",
        "history -r nonsense",
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = run(dir.path(), &variables, &arguments);
        let (out, err) = said(&output);
        let status = output.status.code().unwrap();
        transcript.push_str(&format!("$ cargo db {}\n{out}", arguments.join(" ")));
        err.lines()
            .for_each(|line| transcript.push_str(&format!("2> {line}\n")));
        transcript.push_str(&format!("= {status}\n\n"));
    }
    let place = database.url.to_string();
    insta::assert_snapshot!(transcript.replace(&place, "postgresql://…"));
}

#[tokio::test]
async fn settings_come_from_the_arguments_then_the_environment_then_the_file() {
    needs_many_connections!();
    let (dir, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    write(dir.path(), &FILES);
    let url = database.url.expose();
    let works = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = run(dir.path(), variables, arguments);
        assert!(output.status.success(), "{:?}", said(&output));
    };
    let nowhere = [("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")];
    works(&nowhere, &["current", "--url", url]);
    write(dir.path(), &[(".env", &format!("DATABASE_URL='{url}'\n"))]);
    works(&[], &["current"]);
    assert!(!run(dir.path(), &nowhere, &["current"]).status.success());
    write(
        dir.path(),
        &[("other.env", &format!("DATABASE_URL='{url}'\n"))],
    );
    works(&nowhere, &["current", "--env-file", "other.env"]);
    let own = [("MIGRATION_DATABASE_URL", nowhere[0].1)];
    works(&own, &["current", "--env-file", "other.env"]);
    write(dir.path(), &[("elsewhere/U1__a.sql", "select 1;")]);
    works(
        &[("MIGRATIONS_DIR", "elsewhere")],
        &["history", "-r", "1:1"],
    );
    works(
        &[("MIGRATIONS_DIR", "elsewhere")],
        &["--dir", "sql", "history", "-r", "2025010:"],
    );
}

#[test]
fn a_refusal_is_one_clear_sentence_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &FILES);
    write(dir.path(), &[("stray.env", "hunter2\n")]);
    write(
        dir.path(),
        &[("bad.env", "DATABASE_URL='unclosed hunter2\n")],
    );
    let colon = "DATABASE_URL: postgresql://u:hunter2@h/d?sslmode=require\n";
    write(dir.path(), &[("colon.env", colon)]);
    let refusal = |arguments: &[&str]| {
        let output = run(dir.path(), &[], arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        said(&output).1
    };
    let refusals = [
        refusal(&["current"]),
        refusal(&["current", "--url", "postgresql://u:hunter2@@h/d"]),
        refusal(&["current", "--url", "postgresql://u:hunter2@127.0.0.1:1/d"]),
        refusal(&["history", "--dir", "nowhere"]),
        refusal(&["current", "--env-file", "no.env"]),
        refusal(&["current", "--env-file", "bad.env"]),
        refusal(&["current", "--env-file", "stray.env"]),
        refusal(&["current", "--env-file", "colon.env"]),
    ];
    let refusals = refusals.join("\n");
    assert!(!refusals.contains("hunter2"), "{refusals}");
    insta::assert_snapshot!(refusals);
}

#[test]
fn arguments_that_are_debugged_show_no_password() {
    let place = revisions::cli::Place {
        url: Some("postgresql://u:hunter2@h/d".to_owned()),
        dir: Some("sql".into()),
        ..Default::default()
    };
    let shown = format!("{place:?}");
    assert!(
        shown.contains("sql") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_program_that_is_killed_leaves_nothing_and_its_lock_is_soon_free() {
    needs_many_connections!();
    let (dir, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    write(dir.path(), &FILES[..1]);
    let endless = "create table second (id int);\nselect pg_sleep(3600);";
    write(dir.path(), &[("sql/U20250202000000__second.sql", endless)]);
    let variables = [("DATABASE_URL", database.url.expose())];
    let mut child = Command::new(env!("CARGO_BIN_EXE_revisions"))
        .current_dir(dir.path())
        .env_clear()
        .envs(variables)
        .args(["upgrade", "head"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let watcher = database.connect("watcher").await;
    let sleeps = "select count(*) from pg_stat_activity \
        where wait_event = 'PgSleep' and datname = current_database()";
    until(&watcher, sleeps, "1").await;
    child.kill().unwrap();
    child.wait().unwrap();
    // The server sees it without waiting for the end of the statement.
    let locks = "select count(*) from pg_locks where locktype = 'advisory' and database = \
        (select oid from pg_database where datname = current_database())";
    until(&watcher, locks, "0").await;
    assert_eq!(tables(&watcher).await, ["first"]);
    assert_eq!(applied(&watcher).await, ["20250101000000"]);
    write(
        dir.path(),
        &[("sql/U20250202000000__second.sql", FILES[2].1)],
    );
    assert!(
        run(dir.path(), &variables, &["upgrade", "head"])
            .status
            .success()
    );
    assert_eq!(tables(&watcher).await, ["first", "second"]);
}
