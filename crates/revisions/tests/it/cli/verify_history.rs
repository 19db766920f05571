//! `verify` where the history is not what a plain upgrade leaves: nothing in it, one merged late, one lost.

use revisions::catalog::{Catalog, Patch, Scope};
use revisions::cli::{Command, Context, Verify};
use revisions::{Embedded, Migrator, Revisions};

use crate::support::{Database, Project, column, needs_many_connections};

const ONE: (&str, &str) = ("U1__one.sql", "-- One.\ncreate table one (id int);");
const TWO: (&str, &str) = ("U2__two.sql", "-- Two.\ncreate table two (id int);");
const THREE: (&str, &str) = ("U3__three.sql", "-- Three.\ncreate table three (id int);");

async fn by_hand(database: &Database, sql: &str) {
    let client = database.connect("test").await;
    client.batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn a_database_that_nobody_has_migrated_is_not_fine() {
    needs_many_connections!();
    let project = Project::new(&[ONE]).await;
    let told = project.fails("verify").await;
    insta::assert_snapshot!(project.plain(&told), @r#"
    error: postgresql://…: no revision is applied: there is no history in its search path, `"$user", public`
      = help: if this is the database that was meant, `cargo db upgrade head` applies them; else correct the URL, or the search path
    "#);
    project.succeeds("upgrade head").await;
    project.succeeds("verify").await;
    let client = project.database.connect("test").await;
    let database = column(&client, "select current_database()").await.remove(0);
    by_hand(
        &project.database,
        &format!("alter database {database} set search_path = nowhere"),
    )
    .await;
    let told = project.fails("verify").await;
    assert!(
        told.contains("there is no history in its search path, `nowhere`"),
        "{told}"
    );
    by_hand(
        &project.database,
        &format!(
            "alter database {database} reset search_path; delete from public.refinery_schema_history"
        ),
    )
    .await;
    let told = project.fails("verify").await;
    assert!(told.contains("its history is empty"), "{told}");
    // Where there is no revision either, nothing is wrong.
    let (told, _) = Project::new(&[("schema.sql", "")])
        .await
        .succeeds("verify")
        .await;
    assert!(told.starts_with("there is no revision"), "{told}");
}

#[tokio::test]
async fn one_that_was_merged_late_is_pending_and_nothing_else() {
    needs_many_connections!();
    let project = Project::new(&[ONE, THREE]).await;
    project.succeeds("upgrade head").await;
    project.write(&[TWO]);
    let (told, _) = project.succeeds("verify").await;
    assert!(
        told.ends_with("2 with their checksums, 5 objects; 1 pending\n"),
        "{told}"
    );
    by_hand(&project.database, "create table two (id int)").await;
    let told = project.fails("verify").await;
    assert!(told.contains("- table public.two"), "{told}");
    assert!(
        told.contains(
            "if the database has what 2 makes, `cargo db stamp 3` puts it into the history"
        ),
        "{told}"
    );
    project.succeeds("stamp 3").await;
    let (told, _) = project.succeeds("verify").await;
    assert!(told.contains("3 with their checksums"), "{told}");
}

#[tokio::test]
async fn a_history_that_has_lost_a_revision_is_refused() {
    needs_many_connections!();
    let project = Project::new(&[
        (
            "U1__one.sql",
            "-- One.\n-- revises: none\ncreate table one (id int);",
        ),
        (
            "U2__two.sql",
            "-- Two.\n-- revises: 1\nalter table one add n int;",
        ),
    ])
    .await;
    project.succeeds("upgrade head").await;
    let lose = "delete from refinery_schema_history where version = 1";
    by_hand(&project.database, lose).await;
    let told = project.fails("verify").await;
    insta::assert_snapshot!(told, @"
    error: revision 2 is applied, and 1, which it needs, is not: the history has lost it, or never had it
      = help: if the database has what 1 makes, `cargo db stamp 2` puts it into the history; else `cargo db upgrade head` applies it
    ");
    project.succeeds("stamp 2").await;
    project.succeeds("verify").await;
}

#[tokio::test]
async fn a_history_without_headers_that_has_lost_a_revision_is_not_fine() {
    needs_many_connections!();
    let project =
        Project::new(&[ONE, ("U2__two.sql", "-- Two.\nalter table one add n int;")]).await;
    project.succeeds("upgrade head").await;
    let lose = "delete from refinery_schema_history where version = 1";
    by_hand(&project.database, lose).await;
    let told = project.fails("verify").await;
    insta::assert_snapshot!(told, @r#"
    error: the revisions that are applied cannot be tried without 1, which the history does not have: relation "one" does not exist (42P01)
      = help: if the database has what 1 makes, `cargo db stamp 2` puts it into the history; else `cargo db upgrade head` applies it
    "#);
    // refinery applies no `V` migration late, so one that is missing is lost.
    let versioned = [("V1__one.sql", ONE.1), ("V2__two.sql", TWO.1)];
    let project = Project::new(&versioned).await;
    project.succeeds("upgrade head").await;
    by_hand(&project.database, lose).await;
    let told = project.fails("verify").await;
    assert!(
        told.contains("revision 2 is applied, and 1, which it needs, is not"),
        "{told}"
    );
}

/// Revisions as a build embeds them that compares privileges.
async fn embedded() -> Vec<Embedded> {
    let scope = Scope {
        privileges: true,
        roles: Vec::new(),
    };
    let client = Database::new().await.connect("test").await;
    let mut before = Catalog::default();
    let mut all = Vec::new();
    for (file_name, up) in [ONE, TWO, THREE] {
        client.batch_execute(up).await.unwrap();
        let after = Catalog::read_with(&client, &scope).await.unwrap();
        let patch = Patch::between(&before, &after, "17.5").to_json().unwrap();
        all.push(Embedded {
            file_name,
            up,
            down: None,
            schema: Some(patch.leak()),
        });
        before = after;
    }
    all
}

#[tokio::test]
async fn what_the_build_compared_is_compared_in_an_order_that_it_has_not_seen_too() {
    needs_many_connections!();
    let all = embedded().await;
    let database = Database::new().await;
    let mut client = database.connect("test").await;
    let early = Revisions::embedded(&[all[0], all[2]]).unwrap();
    Migrator::new(&mut client, &early)
        .upgrade("head")
        .await
        .unwrap();
    let revisions = Revisions::embedded(&all).unwrap();
    let verify = async || {
        let context = Context {
            embedded: Some(&revisions),
            dir: "no/such/directory".into(),
            url: Some(database.url.clone()),
            options: revisions::Options::default(),
            quiet: true,
        };
        let done = revisions::cli::run(Command::Verify(Verify { json: false }), context).await;
        done.map_err(|error| error.to_string())
    };
    verify().await.unwrap();
    by_hand(&database, "grant select on one to public").await;
    let told = verify().await.unwrap_err();
    assert!(told.contains("privileges: public=SELECT -> none"), "{told}");
}
