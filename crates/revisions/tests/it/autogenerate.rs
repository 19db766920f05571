//! `revision --autogenerate`, `check`, `diff` and `snapshot`, as a person runs them on a directory.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::{Database, needs_many_connections, server, write};

/// A directory, the commands in it, and what they said.
struct Project {
    dir: tempfile::TempDir,
    transcript: String,
}

impl Project {
    fn new(model: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[("sql/schema.sql", model)]);
        Self {
            dir,
            transcript: String::new(),
        }
    }

    fn model(&self, model: &str) {
        write(self.dir.path(), &[("sql/schema.sql", model)]);
    }

    fn run(&mut self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_revisions"))
            .current_dir(self.dir.path())
            .env_clear()
            .env("SCRATCH_POSTGRES", server().url())
            .args(arguments)
            .output()
            .unwrap();
        let shown: Vec<String> = arguments.iter().map(|it| shown(it)).collect();
        let text = |bytes: &[u8]| self::shown(std::str::from_utf8(bytes).unwrap());
        self.transcript.push_str(&format!(
            "$ cargo db {}\n{}",
            shown.join(" "),
            text(&output.stdout)
        ));
        for line in text(&output.stderr).lines() {
            self.transcript.push_str(&format!("2> {line}\n"));
        }
        self.transcript
            .push_str(&format!("= {}\n\n", output.status.code().unwrap()));
        output
    }

    /// The revisions, in order, each with its text.
    fn files(&self) -> Vec<(String, String)> {
        let files = std::fs::read_dir(self.dir.path().join("sql")).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        files
            .iter()
            .map(|path| (name(path), read(path)))
            .filter(|(name, _)| name != "schema.sql")
            .collect()
    }

    fn all(&self) -> String {
        let files = self
            .files()
            .into_iter()
            .map(|(name, text)| format!("--- {}\n{}", shown(&name), shown(&text)));
        format!(
            "{}{}",
            self.transcript,
            files.collect::<Vec<_>>().join("\n")
        )
    }
}

/// Without the versions, which are times, and without the address of the server.
fn shown(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        out.push_str(if digits.len() == 14 {
            "<version>"
        } else {
            &digits
        });
        digits.clear();
        out.push(character);
    }
    out.pop();
    out
}

const FIRST: &str =
    "create table users (id bigint generated always as identity primary key, email text not null);
comment on table users is 'Who signs in.';
";

const SECOND: &str = "create table people ( -- renamed-from: users
    id bigint generated always as identity primary key,
    email text not null constraint people_email_check check (email <> ''),
    born date
);
comment on table people is 'Who signs in.';
create index people_born on people (born);
";

#[tokio::test]
async fn the_model_becomes_revisions_that_are_proved() {
    needs_many_connections!();
    let mut project = Project::new(FIRST);
    let generate = ["revision", "--autogenerate", "-m", "Add what is new"];
    project.run(&["check"]);
    project.run(&generate);
    project.run(&["check"]);
    project.run(&generate);
    project.model(SECOND);
    project.run(&["diff", "head", "model"]);
    project.run(&["diff", "head", "model", "--sql"]);
    project.run(&generate);
    project.run(&generate);
    project.run(&["check"]);
    insta::assert_snapshot!(project.all());
}

#[tokio::test]
async fn what_loses_data_is_refused_unless_it_is_allowed() {
    needs_many_connections!();
    let mut project = Project::new("create table a (id int, gone text);");
    project.run(&["revision", "--autogenerate", "-m", "Begin"]);
    project.model("create table a (id int);");
    let drop = ["revision", "--autogenerate", "-m", "Drop it"];
    assert!(!project.run(&drop).status.success());
    assert_eq!(project.files().len(), 2);
    let mut allowed = drop.to_vec();
    allowed.push("--allow-data-loss");
    assert!(project.run(&allowed).status.success());
    assert_eq!(project.files().len(), 4);
    insta::assert_snapshot!(project.all());
}

#[tokio::test]
async fn what_the_lints_refuse_is_written_only_if_it_is_asked_for_or_harmless() {
    needs_many_connections!();
    let mut project = Project::new("create table a (id int, name varchar(10), gone text);");
    project.run(&["revision", "--autogenerate", "-m", "Begin"]);
    project.model("create table a (id bigint, name text, place text not null);");
    let change = [
        "revision",
        "--autogenerate",
        "-m",
        "Change types",
        "--allow-data-loss",
    ];
    assert!(!project.run(&change).status.success());
    assert_eq!(project.files().len(), 2);
    let mut waived = change.to_vec();
    waived.push("--waive");
    assert!(project.run(&waived).status.success());
    assert!(project.run(&["lint"]).status.success());
    // What is proved to lock nothing for long needs no option.
    project.model("create table a (id bigint, name varchar(20), place text not null);");
    project.run(&[
        "revision",
        "--autogenerate",
        "-m",
        "Shorten",
        "--allow-data-loss",
        "--waive",
    ]);
    project.model("create table a (id bigint, name text, place text not null);");
    assert!(
        project
            .run(&["revision", "--autogenerate", "-m", "Lengthen"])
            .status
            .success()
    );
    assert!(project.run(&["lint"]).status.success());
    insta::assert_snapshot!(project.all());
}

#[tokio::test]
async fn what_cannot_be_generated_leaves_nothing_behind_and_says_what_is_left() {
    needs_many_connections!();
    let mut project = Project::new("create type place as (town text); create table a (p place);");
    project.run(&["revision", "--autogenerate", "-m", "Begin"]);
    project.model("create type place as (town varchar(10)); create table a (p place);");
    let output = project.run(&["revision", "--autogenerate", "-m", "Change the type"]);
    assert!(!output.status.success());
    assert_eq!(project.files().len(), 2);
    project.model("create table a (p no_such_type);");
    project.run(&["revision", "--autogenerate", "-m", "Change the type"]);
    std::fs::remove_file(project.dir.path().join("sql/schema.sql")).unwrap();
    project.run(&["check"]);
    insta::assert_snapshot!(project.transcript);
}

#[tokio::test]
async fn several_heads_are_refused() {
    needs_many_connections!();
    let mut project = Project::new("create table a (id int);");
    write(
        project.dir.path(),
        &[
            ("sql/U1__one.sql", "-- One.\n-- revises: none\nselect 1;"),
            ("sql/U1__one.down.sql", "select 1;"),
            ("sql/U2__two.sql", "-- Two.\n-- revises: none\nselect 1;"),
            ("sql/U2__two.down.sql", "select 1;"),
        ],
    );
    let output = project.run(&["revision", "--autogenerate", "-m", "More"]);
    assert!(!output.status.success());
    assert_eq!(project.files().len(), 4);
    insta::assert_snapshot!(project.transcript);
}

#[tokio::test]
async fn a_database_that_was_changed_by_hand_is_told_from_the_migrations() {
    needs_many_connections!();
    let mut project = Project::new("create table a (id int);");
    project.run(&["revision", "--autogenerate", "-m", "Begin"]);
    let database = Database::new().await;
    let url = database.url.expose();
    project.transcript.clear();
    assert!(
        project
            .run(&["upgrade", "head", "--url", url])
            .status
            .success()
    );
    assert!(project.run(&["check", "--url", url]).status.success());
    let output = project.run(&["snapshot", "--url", url]);
    std::fs::write(project.dir.path().join("stored.json"), &output.stdout).unwrap();
    let client = database.connect("test").await;
    client
        .batch_execute("alter table a add by_hand text")
        .await
        .unwrap();
    project.transcript.clear();
    assert!(!project.run(&["check", "--url", url]).status.success());
    assert!(project.run(&["diff", "stored.json", url]).status.success());
    assert!(
        project
            .run(&["diff", url, "model", "--sql"])
            .status
            .success()
    );
    assert!(
        project
            .run(&["diff", "stored.json", "model"])
            .status
            .success()
    );
    project.run(&["diff", "nothing.json", "model"]);
    let transcript = project.transcript.replace(&shown(url), "postgresql://…");
    insta::assert_snapshot!(transcript);
}

#[tokio::test]
async fn grants_and_owners_are_generated_where_the_model_asks_for_them() {
    needs_many_connections!();
    let header = "-- The schema.\n-- privileges: compared\n-- roles: cli_app, cli_owner\n";
    let first = format!(
        "{header}create table a (id int);\ngrant select on a to cli_app;\nalter table a owner to cli_owner;\n"
    );
    let mut project = Project::new(&first);
    let generate = ["revision", "--autogenerate", "-m", "Let the app in"];
    project.run(&generate);
    project.run(&["check"]);
    project.model(&first.replace("grant select", "grant select, insert"));
    assert!(!project.run(&["check"]).status.success());
    project.run(&generate);
    project.run(&["check"]);
    // Whoever does not ask sees no difference, also against a schema that was stored with privileges.
    let stored = project.run(&["snapshot", "model"]).stdout;
    std::fs::write(project.dir.path().join("stored.json"), &stored).unwrap();
    project.transcript = project
        .transcript
        .split("$ cargo db snapshot")
        .next()
        .unwrap()
        .to_owned();
    project.model(&first.replace("-- privileges: compared\n", ""));
    assert!(project.run(&["check"]).status.success());
    project.run(&["diff", "stored.json", "model"]);
    project.run(&["diff", "stored.json", "model", "--privileges"]);
    assert!(!project.run(&["check", "--privileges"]).status.success());
    insta::assert_snapshot!(project.all());
}

#[tokio::test]
async fn a_role_that_nobody_named_is_told_of_and_no_role_is_left_behind() {
    needs_many_connections!();
    let model = "create table a (id int);\ngrant select on a to cli_unnamed;\n";
    let mut project = Project::new(model);
    project.run(&["check"]);
    let up = (
        "sql/U1__one.sql",
        "-- One.\ncreate table a (id int);\ngrant select on a to cli_unnamed;\n",
    );
    let down = ("sql/U1__one.down.sql", "drop table a;\n");
    write(project.dir.path(), &[up, down]);
    project.model("create table a (id int);\n");
    project.run(&["check"]);
    project.model("-- roles: cli_unnamed\ncreate table a (id int);\n");
    assert!(project.run(&["check"]).status.success());
    let client = Database::new().await.connect("test").await;
    let left = "select 1 from pg_roles where rolname = 'cli_unnamed'";
    assert!(crate::support::column(&client, left).await.is_empty());
    insta::assert_snapshot!(project.transcript);
}
