//! What a header waives.

use revisions::Revisions;
use revisions::lint::{Level, LintSettings};

use super::{findings, rules, shown};

#[test]
fn a_waiver_with_a_reason_holds_for_its_rule_in_its_revision() {
    let waived = "-- Old visits.\n-- allow: ban-truncate they are in the archive\n\ntruncate visits;\ntruncate visits;\n";
    assert!(rules(&[waived]).is_empty());
    assert_eq!(rules(&[waived, "truncate visits;"]), ["ban-truncate"]);
    assert_eq!(
        rules(&[&format!("{waived}drop table visits;")]),
        ["ban-drop-table"]
    );
}

#[test]
fn a_waiver_that_waives_nothing_is_refused() {
    let sql = "-- A comment.\n-- allow: ban-truncate nothing is truncated here\n-- allow: ban-trunkate a slip\n\
        -- allow: little no rule at all\n-- allow: ban-drop-table they are in the archive\n-- allow: ban-drop-table: said again\n\n\
        drop table visits;\n";
    let found = findings(&[sql], &LintSettings::default());
    assert!(found.iter().all(|it| it.level == Level::Deny));
    insta::assert_snapshot!(shown(&found));
}

#[test]
fn a_waiver_of_what_is_allowed_anyway_is_used() {
    let mut settings = LintSettings::default();
    settings.set("ban-truncate", Level::Allow).unwrap();
    let sql =
        "-- Old visits.\n-- allow: ban-truncate they are in the archive\n\ntruncate visits;\n";
    assert!(findings(&[sql], &settings).is_empty());
}

#[test]
fn a_waiver_without_a_reason_is_refused_before_anything_is_judged() {
    let error = Revisions::embedded(&[revisions::Embedded {
        file_name: "U1__old_visits.sql",
        up: "-- Old visits.\n-- allow: ban-truncate\n\ntruncate visits;\n",
        down: None,
        schema: None,
    }])
    .unwrap_err();
    insta::assert_snapshot!(error.to_string());
}
