//! Up and down.

use revisions::{Error, Migrator, Revisions, TargetError};

use crate::support::{Database, applied, embedded, needs_many_connections, tables, three};

async fn up(client: &mut tokio_postgres::Client, revisions: &Revisions, target: &str) -> Vec<i64> {
    let applied = Migrator::new(client, revisions)
        .upgrade(target)
        .await
        .unwrap();
    applied.into_iter().map(|applied| applied.id).collect()
}

async fn down(
    client: &mut tokio_postgres::Client,
    revisions: &Revisions,
    target: &str,
) -> Vec<i64> {
    let undone = Migrator::new(client, revisions)
        .downgrade(target)
        .await
        .unwrap();
    undone.into_iter().map(|undone| undone.id).collect()
}

const FIRST: i64 = 20250101000000;
const SECOND: i64 = 20250202000000;
const THIRD: i64 = 20250303000000;

#[tokio::test]
async fn an_upgrade_to_the_head_applies_all_and_a_second_one_nothing() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    assert_eq!(
        up(&mut client, &revisions, "head").await,
        [FIRST, SECOND, THIRD]
    );
    assert_eq!(tables(&client).await, ["first", "second", "third"]);
    assert_eq!(applied(&client).await.len(), 3);
    assert!(up(&mut client, &revisions, "head").await.is_empty());
}

#[tokio::test]
async fn every_way_to_name_a_revision_leads_there() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    assert_eq!(up(&mut client, &revisions, "+1").await, [FIRST]);
    assert_eq!(up(&mut client, &revisions, "202502").await, [SECOND]);
    assert_eq!(up(&mut client, &revisions, "20250303000000").await, [THIRD]);
    assert_eq!(down(&mut client, &revisions, "-2").await, [THIRD, SECOND]);
    assert_eq!(up(&mut client, &revisions, "heads").await, [SECOND, THIRD]);
    assert_eq!(down(&mut client, &revisions, "20250202").await, [THIRD]);
    assert_eq!(down(&mut client, &revisions, "base").await, [SECOND, FIRST]);
    assert!(tables(&client).await.is_empty());
    assert!(applied(&client).await.is_empty());
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_refused_and_nothing_is_done() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    up(&mut client, &revisions, "+2").await;
    let mut migrator = Migrator::new(&mut client, &revisions);
    let mut refusals = Vec::new();
    for target in ["2026", "2025", "+2", "base", "-1", "x"] {
        refusals.push(migrator.upgrade(target).await.unwrap_err().to_string());
    }
    for target in ["20250303", "-3", "+1", "2025", "head", "", "nowhere"] {
        refusals.push(migrator.downgrade(target).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(refusals.join("\n\n"));
    assert_eq!(applied(&client).await.len(), 2);
}

#[tokio::test]
async fn a_revision_that_was_merged_late_is_still_applied() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let early = [
        ("U1__a.sql", "select 1;", ""),
        ("U3__c.sql", "select 1;", ""),
    ];
    up(&mut client, &embedded(&early).unwrap(), "head").await;
    let late = [
        early[0],
        ("U2__b.sql", "create table late (id int);", ""),
        early[1],
    ];
    assert_eq!(
        up(&mut client, &embedded(&late).unwrap(), "head").await,
        [2]
    );
    assert_eq!(tables(&client).await, ["late"]);
}

#[tokio::test]
async fn a_v_migration_is_not_applied_late() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let early = [
        ("V1__a.sql", "select 1;", ""),
        ("V3__c.sql", "select 1;", ""),
    ];
    up(&mut client, &embedded(&early).unwrap(), "head").await;
    let late = [early[0], ("V2__b.sql", "select 1;", ""), early[1]];
    let revisions = embedded(&late).unwrap();
    let error = Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Late {
                id: 2,
                newest: 3,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_revision_without_a_way_back_is_not_undone_and_neither_are_those_after_it() {
    needs_many_connections!();
    let irreversible = "-- down: irreversible: the old values are gone\ncreate table b (id int);";
    let mut refusals = Vec::new();
    for script in [irreversible, "create table b (id int);"] {
        let mut client = Database::new().await.connect("test").await;
        let revisions = embedded(&[
            ("sql/U1__a.sql", "create table a (id int);", "drop table a;"),
            ("sql/U2__b.sql", script, ""),
            ("sql/U3__c.sql", "create table c (id int);", "drop table c;"),
        ])
        .unwrap();
        up(&mut client, &revisions, "head").await;
        let refusal = Migrator::new(&mut client, &revisions).downgrade("1").await;
        refusals.push(refusal.unwrap_err().to_string());
        assert_eq!(tables(&client).await, ["a", "b", "c"]);
        assert_eq!(down(&mut client, &revisions, "-1").await, [3]);
    }
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[tokio::test]
async fn a_merged_branch_is_applied_whole_and_undone_revision_by_revision() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let revisions = embedded(&[
        ("U1__root.sql", "select 1;", "select 1;"),
        ("U2__left.sql", "-- revises: 1\nselect 1;", "select 1;"),
        ("U3__right.sql", "-- revises: 1\nselect 1;", "select 1;"),
        ("U4__merge.sql", "-- revises: 2, 3\nselect 1;", "select 1;"),
    ])
    .unwrap();
    assert_eq!(up(&mut client, &revisions, "3").await, [1, 3]);
    assert_eq!(up(&mut client, &revisions, "head").await, [2, 4]);
    assert_eq!(down(&mut client, &revisions, "-1").await, [4]);
    let error = Migrator::new(&mut client, &revisions)
        .downgrade("-1")
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Target(TargetError::SeveralCurrent { .. })),
        "{error}"
    );
    assert_eq!(down(&mut client, &revisions, "1").await, [3, 2]);
}

#[tokio::test]
async fn an_empty_set_has_nothing_to_do() {
    needs_many_connections!();
    let (mut client, revisions) = (
        Database::new().await.connect("test").await,
        Revisions::default(),
    );
    assert!(up(&mut client, &revisions, "head").await.is_empty());
    assert!(down(&mut client, &revisions, "base").await.is_empty());
}
