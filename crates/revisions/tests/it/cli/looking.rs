//! The commands that look, for people and for machines.

use std::process::Command;

use crate::support::{Project, err, needs_many_connections, out};

const FILES: &[(&str, &str)] = &[
    ("U1__root.sql", "-- The root.\ncreate table root (id int);"),
    ("U1__root.down.sql", "drop table root;"),
    (
        "U2__left.sql",
        "-- To the left.\n-- revises: 1\n-- branch: left\nselect 1;",
    ),
    ("U2__left.down.sql", "select 1;"),
    (
        "U3__right.sql",
        "-- To the right.\n-- revises: 1\n-- branch: right\n-- transaction: none\nselect 1;",
    ),
    (
        "U4__merge.sql",
        "-- Together.\n-- revises: 2, 3\n-- down: irreversible: nobody knows\nselect 1;",
    ),
    (
        "U5__apart.sql",
        "-- Apart.\n-- revises: none\n-- depends-on: 2\n-- branch: apart\n-- repeat: until-no-rows\n\
        update root set id = 1 where false;",
    ),
];

#[tokio::test]
async fn the_status_is_one_page_and_fails_if_there_is_something_to_do() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let client = project.database.connect("test").await;
    let mut transcript = project
        .transcript(&["status", "upgrade 3", "status", "upgrade heads", "status"])
        .await;
    let strange = "insert into refinery_schema_history values (99, 'from_the_future', '2099-01-01T00:00:00Z', '1')";
    client.batch_execute(strange).await.unwrap();
    project.write(&[(
        "U2__left.sql",
        "-- To the left.\n-- revises: 1\n-- branch: left\nselect 2;",
    )]);
    transcript.push_str(&project.transcript(&["status", "status --json"]).await);
    insta::assert_snapshot!(transcript);
}

#[tokio::test]
async fn what_machines_read_is_json_and_nothing_else() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade 3").await;
    let commands = [
        "current --json",
        "history --json -r 2:4",
        "heads --json",
        "branches --json",
        "show right --json",
        "status --json",
    ];
    for command in commands {
        let output = project.run(command).await;
        let value: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
        assert!(value.is_array() || value.is_object(), "{command}");
    }
    insta::assert_snapshot!(project.transcript(&commands).await);
}

#[tokio::test]
async fn what_people_read_of_the_graph() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade 3").await;
    let commands = [
        "heads",
        "heads -v",
        "heads --resolve-dependencies",
        "branches",
        "branches -v",
        "show 4",
        "show current",
        "show heads",
        "show nowhere",
        "history -i",
    ];
    insta::assert_snapshot!(project.transcript(&commands).await);
}

#[tokio::test]
async fn colours_are_for_terminals_and_for_whoever_asks() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade 3").await;
    let run = |arguments: &str, variables: &[(&str, &str)]| {
        let mut command: Command = project.command(arguments);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        out(&output) + &err(&output)
    };
    let commands = [
        "current -v",
        "history -i",
        "branches",
        "status",
        "upgrade nowhere",
    ];
    for command in commands {
        for variables in [
            &[][..],
            &[("NO_COLOR", "1")],
            &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
            &[("TERM", "xterm-256color")],
        ] {
            let said = run(command, variables);
            assert!(!said.contains('\x1b'), "{command} {variables:?}: {said:?}");
        }
    }
    assert!(run("status", &[("CLICOLOR_FORCE", "1")]).contains('\x1b'));
    // A run that takes a while has its progress in lines, not in a bar.
    let said = run("upgrade heads", &[]);
    assert!(
        said.contains("applying 4, Together\n") && !said.contains(['\x1b', '\r']),
        "{said:?}"
    );
}
