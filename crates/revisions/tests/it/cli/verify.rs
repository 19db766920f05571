//! `verify`: whether a database is what its revisions make.

use revisions::catalog::{Catalog, Patch};
use revisions::cli::{Command, Context, Verify};
use revisions::{Embedded, Migrator, Revisions, SchemaUnknown};

use super::super::catalog::catalog_of;
use crate::support::{
    AT_A_GATE, Database, Project, close, needs_many_connections, open, out, until,
};

const FILES: &[(&str, &str)] = &[
    (
        "U1__one.sql",
        "-- One.\ncreate table one (id int constraint one_id check (id > 0));",
    ),
    ("U1__one.down.sql", "drop table one;"),
    (
        "U2__two.sql",
        "-- Two.\ncreate view two as select id from one;",
    ),
    ("U2__two.down.sql", "drop view two;"),
];

#[tokio::test]
async fn a_database_is_what_its_revisions_make_until_somebody_changes_it() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade 1").await;
    let (told, _) = project.succeeds("verify").await;
    assert!(
        told.ends_with(
            "is what its revisions make: 1 with their checksums, 4 objects; 1 pending\n"
        ),
        "{told}"
    );
    let client = project.database.connect("test").await;
    client
        .batch_execute("alter table one add by_hand text; alter table one drop constraint one_id;")
        .await
        .unwrap();
    project.write(&[(
        "U1__one.sql",
        "-- One.\ncreate table one (id int constraint one_id check (id > 1));",
    )]);
    let told = project.fails("verify").await;
    insta::assert_snapshot!(told, @r#"
    error: the database is not what its revisions make
      --> sql/U1__one.sql: was changed after it had been applied
      = to be that, it would have to change so
    - column public.one.by_hand: text
    + constraint public.one.one_id: CHECK ((id > 1))
      = help: put back the file as it was applied; what else it should do belongs into a new revision
      = help: what was changed by hand is undone by hand; if it is to become a revision, apply what is pending first (`cargo db upgrade head`), and compare again
    "#);
    let output = project.run("verify --json").await;
    assert!(!output.status.success());
    let record: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(record["changed"][0]["path"], "sql/U1__one.sql");
    assert_eq!(record["drift"][0], "- column public.one.by_hand: text");
    assert!(record["server"].is_string());
    assert!(record["expected_by_server"].is_string());
    project.write(FILES);
    // Only where nothing is pending would it be declared as done, and nothing else with it.
    project.succeeds("upgrade head").await;
    let told = project.fails("verify").await;
    assert!(told.contains("(`cargo db stamp head`)"), "{told}");
}

#[tokio::test]
async fn a_newer_release_and_an_interrupted_script_are_told_from_drift() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade head").await;
    std::fs::remove_file(project.dir.path().join("sql/U2__two.sql")).unwrap();
    std::fs::remove_file(project.dir.path().join("sql/U2__two.down.sql")).unwrap();
    let told = project.fails("verify").await;
    assert!(
        told.contains("it has the revisions 2, which are not known here"),
        "{told}"
    );
    project.write(FILES);
    project.write(&[
        (
            "U3__three.sql",
            "-- Three.\n-- transaction: none\ncreate table three (id int); select 1 / 0;",
        ),
        ("U3__three.down.sql", "drop table three;"),
    ]);
    project.fails("upgrade head").await;
    let told = project.fails("verify").await;
    assert!(
        told.contains("applying revision 3 was interrupted"),
        "{told}"
    );
}

/// Revisions as a build embeds them, with what each changes.
async fn embedded() -> Vec<Embedded> {
    let mut before = Catalog::default();
    let mut script = String::new();
    let mut all = Vec::new();
    for (up, down) in [(FILES[0], FILES[1]), (FILES[2], FILES[3])] {
        script.push_str(up.1);
        let (_, after) = catalog_of(&script).await;
        let patch = Patch::between(&before, &after, "17.5").to_json().unwrap();
        // As that version writes it.
        let patch = patch.replace("SELECT one.id", "SELECT id");
        all.push(Embedded {
            file_name: up.0,
            up: up.1,
            down: Some(down.1),
            schema: Some(patch.leak()),
        });
        before = after;
    }
    all
}

async fn verify(revisions: &Revisions, database: &Database) -> Result<(), String> {
    let context = Context {
        embedded: Some(revisions),
        dir: "sql".into(),
        url: Some(database.url.clone()),
        options: revisions::Options::default(),
        quiet: true,
    };
    let done = revisions::cli::run(Command::Verify(Verify { json: false }), context).await;
    done.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_program_knows_the_schema_of_each_of_its_revisions() {
    needs_many_connections!();
    let revisions = Revisions::embedded(&embedded().await).unwrap();
    let database = Database::new().await;
    let mut client = database.connect("test").await;
    for target in ["1", "2"] {
        Migrator::new(&mut client, &revisions)
            .upgrade(target)
            .await
            .unwrap();
        verify(&revisions, &database).await.unwrap();
    }
    client.batch_execute("drop view two").await.unwrap();
    let told = verify(&revisions, &database).await.unwrap_err();
    assert!(told.contains("+ view public.two: SELECT"), "{told}");
    assert!(
        told.contains("was described by PostgreSQL 17.5, and this is "),
        "{told}"
    );
}

#[tokio::test]
async fn what_a_build_has_not_seen_is_not_made_up() {
    needs_many_connections!();
    let files = embedded().await;
    let revisions = Revisions::embedded(&files).unwrap();
    let expected = |applied: &'static [i64]| revisions.expected_schema(|id| applied.contains(&id));
    assert!(expected(&[]).unwrap().catalog.is_empty());
    assert_eq!(expected(&[1, 2]).unwrap().server.as_deref(), Some("17.5"));
    assert!(matches!(
        expected(&[2]),
        Err(SchemaUnknown::OtherOrder { missing: 1 })
    ));
    let broken = [Embedded {
        schema: Some("{"),
        ..files[0]
    }];
    let revisions = Revisions::embedded(&broken).unwrap();
    let found = revisions.expected_schema(|_| true);
    assert!(matches!(
        found,
        Err(SchemaUnknown::Unreadable { id: 1, .. })
    ));
    let without = [Embedded {
        schema: None,
        ..files[0]
    }];
    let revisions = Revisions::embedded(&without).unwrap();
    assert!(matches!(
        revisions.expected_schema(|_| true),
        Err(SchemaUnknown::NotEmbedded)
    ));
}

#[tokio::test]
async fn a_database_that_is_being_migrated_is_not_compared() {
    needs_many_connections!();
    let project = Project::new(&[("U1__one.sql", "-- One.\nselect gate(1);")]).await;
    let client = project.with_gates().await;
    close(&client, 1).await;
    let mut child = project.start("upgrade head");
    until(&client, AT_A_GATE, "1").await;
    let told = project.fails("verify").await;
    assert!(
        told.contains("the database is being migrated: process"),
        "{told}"
    );
    open(&client, 1).await;
    assert!(child.wait().unwrap().success());
}
