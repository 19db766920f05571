//! Privileges on the command line: those that were asked for are compared or refused, and whoever lacks a right on the
//! scratch server is told which.

use std::process::{Command, Output};

use crate::support::{Database, needs_many_connections, server, write};

/// Runs a command in a directory with this model, on the scratch server as this user.
fn run(dir: &tempfile::TempDir, model: &str, user: Option<&str>, arguments: &[&str]) -> Output {
    write(dir.path(), &[("sql/schema.sql", model)]);
    let scratch = server().url();
    let scratch = match user {
        Some(user) => scratch.replace("//postgres@", &format!("//{user}@")),
        None => scratch,
    };
    Command::new(env!("CARGO_BIN_EXE_revisions"))
        .current_dir(dir.path())
        .env_clear()
        .env("SCRATCH_POSTGRES", scratch)
        .args(arguments)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn privileges_that_were_asked_for_are_not_left_out_without_a_word() {
    needs_many_connections!();
    let dir = tempfile::tempdir().unwrap();
    let (plain, granted) = (
        "create table a (id int);",
        "create table a (id int); grant select on a to public;",
    );
    for (name, arguments) in [
        ("without.json", &["snapshot", "model"][..]),
        ("with.json", &["snapshot", "model", "--privileges"]),
    ] {
        let output = run(&dir, plain, None, arguments);
        assert!(output.status.success(), "{}", told(&output));
        std::fs::write(dir.path().join(name), &output.stdout).unwrap();
    }
    for places in [["without.json", "model"], ["model", "without.json"]] {
        let mut arguments = [&["diff"][..], &places].concat();
        let output = run(&dir, granted, None, &arguments);
        assert!(told(&output).contains("no difference"), "{}", told(&output));
        arguments.push("--privileges");
        let output = run(&dir, granted, None, &arguments);
        assert!(!output.status.success());
        let start = "error: without.json was stored without privileges, so they cannot be compared";
        assert!(told(&output).starts_with(start), "{}", told(&output));
    }
    // Where only the model asks, it is said.
    let asking = format!("-- privileges: compared\n{granted}");
    let output = run(&dir, &asking, None, &["diff", "without.json", "model"]);
    let note = "note: without.json was stored without privileges, so none are compared";
    assert!(
        output.status.success() && told(&output).contains(note),
        "{}",
        told(&output)
    );
    let arguments = ["diff", "with.json", "model", "--privileges"];
    let output = run(&dir, granted, None, &arguments);
    assert!(
        told(&output).contains("privileges: none -> public=SELECT"),
        "{}",
        told(&output)
    );
}

#[tokio::test]
async fn whoever_may_not_give_things_away_on_the_scratch_server_is_told_what_is_needed() {
    needs_many_connections!();
    let client = Database::new().await.connect("test").await;
    client
        .batch_execute("create role rights_dev login createdb createrole; create role rights_there")
        .await
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let model = |role: &str, grant: &str| {
        format!(
            "-- privileges: compared\n-- roles: {role}\n{grant}\ncreate table a (id int);\nalter table a owner to {role};\n"
        )
    };
    let check = |role: &str, grant: &str| {
        let output = run(&dir, &model(role, grant), Some("rights_dev"), &["check"]);
        told(&output)
    };
    let help = "= help: the user of the scratch PostgreSQL may not do that: whoever is no superuser gives things only to \
                roles that they are in (`grant ROLE to USER`), and that have the right `create` on the schema";
    let refused = check("rights_made", "");
    assert!(
        refused.contains("permission denied for schema public"),
        "{refused}"
    );
    assert!(refused.contains(help), "{refused}");
    let refused = check("rights_there", "create schema s;");
    assert!(refused.contains("role \"rights_there\""), "{refused}");
    assert!(refused.contains(help), "{refused}");
    let done = check(
        "rights_made",
        "grant create on schema public to rights_made;",
    );
    assert!(
        !done.contains("may not do that") && done.contains("disagree"),
        "{done}"
    );
}
