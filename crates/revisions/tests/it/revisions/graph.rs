//! Parents, heads and order.

use revisions::Position;

use crate::support::{embedded, refusal};

#[test]
fn a_missing_parent_is_refused_by_name() {
    insta::assert_snapshot!(refusal(&[
        ("U1__a.sql", "select 1;"),
        ("U2__b.sql", "-- B.\n-- revises: 7\nselect 1;"),
    ]));
}

#[test]
fn a_missing_dependency_is_refused_by_name() {
    insta::assert_snapshot!(refusal(&[(
        "U2__b.sql",
        "-- B.\n-- depends-on: 7\nselect 1;"
    )]));
}

#[test]
fn a_revision_that_revises_itself_is_refused() {
    insta::assert_snapshot!(refusal(&[("U2__b.sql", "-- revises: 2\nselect 1;")]));
}

#[test]
fn a_child_that_is_older_than_its_parent_is_refused() {
    insta::assert_snapshot!(refusal(&[
        ("U1__a.sql", "-- revises: 2\nselect 1;"),
        ("U2__b.sql", "-- revises: none\nselect 1;"),
    ]));
}

#[test]
fn a_cycle_is_refused_with_its_files() {
    insta::assert_snapshot!(refusal(&[
        ("U1__a.sql", "select 1;"),
        ("U2__b.sql", "-- depends-on: 3\nselect 1;"),
        ("U3__c.sql", "select 1;"),
    ]));
}

#[test]
fn two_heads_are_refused_with_the_command_that_joins_them() {
    insta::assert_snapshot!(refusal(&[
        ("U1__a.sql", "select 1;"),
        ("U2__b.sql", "-- revises: 1\nselect 1;"),
        ("U3__c.sql", "-- revises: 1\nselect 1;"),
    ]));
}

#[test]
fn two_heads_can_be_read_to_be_joined() {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("U1__a.sql", "select 1;"),
        ("U2__b.sql", "-- revises: none\nselect 1;"),
    ];
    crate::support::write(dir.path(), &files);
    let revisions = revisions::Revisions::read_with_several_heads(dir.path()).unwrap();
    let heads: Vec<i64> = revisions.heads().map(|head| head.id()).collect();
    assert_eq!(heads, [1, 2]);
    assert!(revisions.head().is_none());
}

#[test]
fn a_label_that_is_given_twice_is_refused() {
    insta::assert_snapshot!(refusal(&[
        ("U1__a.sql", "-- branch: x\nselect 1;"),
        ("U2__b.sql", "-- branch: x\nselect 1;"),
    ]));
}

#[test]
fn branches_that_are_merged_come_in_an_order_that_can_be_applied() {
    let revisions = embedded(&[
        ("U4__merge.sql", "-- revises: 2, 3\nselect 1;", ""),
        ("U3__right.sql", "-- revises: 1\nselect 1;", ""),
        (
            "U2__left.sql",
            "-- revises: 1\n-- depends-on: 3\nselect 1;",
            "",
        ),
        ("U1__root.sql", "select 1;", ""),
    ])
    .unwrap();
    let order: Vec<i64> = revisions.iter().map(|revision| revision.id()).collect();
    assert_eq!(order, [1, 3, 2, 4]);
    assert_eq!(revisions.get(4).unwrap().parents(), [2, 3]);
    assert_eq!(revisions.children(1), [3, 2]);
    let left = Position::after(&revisions, "2", "cargo db").unwrap();
    assert_eq!(*left.applied(), [1, 2, 3].into(), "and all that it needs");
    let whole = Position::new(&revisions, [1, 2, 3, 4], "cargo db");
    let undone = whole.redo(Some("3")).unwrap();
    let undone: Vec<i64> = undone.iter().map(|revision| revision.id()).collect();
    assert_eq!(undone, [4, 2, 3], "and all that needs it");
}
