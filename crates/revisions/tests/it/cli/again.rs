//! What is to be run again once the mistake has been mended: the command that goes on where this one stopped.

use crate::support::{Project, applied, needs_many_connections, write};

/// The command that a message says is to be run again.
fn again(message: &str) -> String {
    let help = message.split("run `").nth(1);
    let command = help.and_then(|help| help.strip_prefix("cargo db ")?.split('`').next());
    command.map_or_else(|| panic!("{message}"), str::to_owned)
}

/// On one line: 1, 2 and 3, of which only the ways back fail, and 4, which fails.
const LINE: &[(&str, &str)] = &[
    ("U1__a.sql", "create table a (id int);"),
    ("U1__a.down.sql", "drop table no_such_table;"),
    ("U2__b.sql", "create table b (id int);"),
    // So it cannot be applied again.
    ("U2__b.down.sql", "select 1;"),
    ("U3__c.sql", "create table c (id int);"),
    ("U3__c.down.sql", "drop table c;"),
    ("U4__d.sql", "create table c (id int);"),
];

#[tokio::test]
async fn an_upgrade_goes_on_to_where_it_was_to_go() {
    needs_many_connections!();
    let project = Project::new(LINE).await;
    for (asked, wanted) in [
        ("upgrade head --dry-run", "upgrade head --dry-run"),
        ("upgrade +4", "upgrade 4"),
        ("upgrade +1", "upgrade 4"),
        ("upgrade head", "upgrade head"),
        ("upgrade 4", "upgrade 4"),
        ("upgrade 3+1", "upgrade 3+1"),
    ] {
        assert_eq!(again(&project.fails(asked).await), wanted, "{asked}");
    }
}

#[tokio::test]
async fn a_downgrade_counts_what_is_left_to_be_undone() {
    needs_many_connections!();
    let project = Project::new(LINE).await;
    let client = project.database.connect("test").await;
    project.succeeds("upgrade 3").await;
    assert_eq!(again(&project.fails("downgrade -3").await), "downgrade -1");
    assert_eq!(applied(&client).await, ["1"]);
    for asked in ["downgrade -1", "downgrade base", "redo", "redo 1"] {
        assert_eq!(again(&project.fails(asked).await), asked);
    }
}

#[tokio::test]
async fn after_a_redo_that_has_undone_all_an_upgrade_is_left() {
    needs_many_connections!();
    let project = Project::new(LINE).await;
    let client = project.database.connect("test").await;
    project.succeeds("upgrade 3").await;
    assert_eq!(again(&project.fails("redo 2").await), "upgrade head");
    assert_eq!(applied(&client).await, ["1"]);
    let other = ("U5__other.sql", "-- revises: 1\nselect 1;");
    project.write(&[other]);
    client.batch_execute("drop table b").await.unwrap();
    project.succeeds("upgrade 2").await;
    assert_eq!(again(&project.fails("redo 2").await), "upgrade heads");
    client.batch_execute("drop table b").await.unwrap();
    assert_eq!(
        again(&project.fails("upgrade heads").await),
        "upgrade heads"
    );
}

#[tokio::test]
async fn heads_are_joined_by_this_program_in_the_directory_that_was_named() {
    needs_many_connections!();
    let project = Project::new(LINE).await;
    let other = ("U5__other.sql", "-- revises: 1\nselect 1;");
    let files: Vec<_> = LINE.iter().copied().chain([other]).collect();
    write(&project.dir.path().join("else where"), &files);
    for asked in ["upgrade head", "show head", "stamp head"] {
        let mut command = project.command(asked);
        let output = command.args(["--dir", "else where"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("`cargo db merge 4 5 -m \"join the branches\" --dir 'else where'`"),
            "{said}"
        );
    }
    project.write(&[other]);
    let said = project.fails("upgrade head").await;
    assert!(
        said.contains("`cargo db merge 4 5 -m \"join the branches\"`"),
        "{said}"
    );
}
