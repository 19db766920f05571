//! What the comment at the head of a file says.

use std::time::Duration;

use revisions::{Allow, Headers, Repeat, Transaction};

use crate::support::{embedded, refusal};

fn headers(script: &'static str) -> Headers {
    embedded(&[("U1__a.sql", script, "")])
        .unwrap()
        .head()
        .unwrap()
        .headers()
        .clone()
}

fn message(script: &'static str) -> String {
    embedded(&[("U1__a_name.sql", script, "")])
        .unwrap()
        .head()
        .unwrap()
        .message()
        .to_owned()
}

#[test]
fn every_key_is_understood() {
    let headers = headers(
        "-- Rebuilds the index.\n\
         --\n\
         -- revises: none\n\
         -- branch: reporting\n\
         -- depends-on: none\n\
         -- transaction: none\n\
         -- repeat: until-no-rows\n\
         -- lock-timeout: 2min\n\
         -- down: irreversible: nobody misses it\n\
         -- allow: ban-drop-table the table is empty\n\
         -- allow: other-rule: for a reason\n\
         select 1;",
    );
    assert_eq!(headers.revises, Some(vec![]));
    assert_eq!(headers.branch.as_deref(), Some("reporting"));
    assert_eq!(headers.transaction, Transaction::None);
    assert_eq!(headers.repeat, Some(Repeat::UntilNoRows));
    assert_eq!(headers.lock_timeout, Some(Duration::from_secs(120)));
    assert_eq!(headers.irreversible.as_deref(), Some("nobody misses it"));
    let allow = |rule: &str, reason: &str| Allow {
        rule: rule.into(),
        reason: reason.into(),
    };
    let waived = [
        allow("ban-drop-table", "the table is empty"),
        allow("other-rule", "for a reason"),
    ];
    assert_eq!(headers.allow, waived);
}

#[test]
fn without_a_header_everything_is_as_refinery_has_it() {
    assert_eq!(
        headers("select 1;\n-- transaction: none\n"),
        Headers::default()
    );
}

#[test]
fn the_message_is_the_first_sentence() {
    let cases = [
        (
            "-- Adds a column. It is nullable.\nselect 1;",
            "Adds a column",
        ),
        (
            "-- Adds a column,\n-- e.g. for reports.\n-- More.\nselect 1;",
            "Adds a column, e.g. for reports",
        ),
        (
            "--\n-- ------\n-- Adds it\n-- ------\n-- More.\n",
            "Adds it",
        ),
        (
            "-- revises: none\n-- Adds version 1.5 of it!\nselect 1;",
            "Adds version 1.5 of it!",
        ),
        ("-- 增加一列。然后更多。\nselect 1;", "增加一列"),
        ("select 1; -- not at the head", "a name"),
        ("\n\n-- After blank lines.\nselect 1;", "After blank lines"),
    ];
    for (script, expected) in cases {
        assert_eq!(message(script), expected, "{script}");
    }
}

#[test]
fn prose_with_a_colon_is_prose() {
    let script = "-- Adds it.\n-- note: this is prose\n-- see: https://example.org/a:b\n\
                  -- in short: all is well\n-- Why: because\nselect 1;";
    assert_eq!(headers(script).transaction, Transaction::One);
}

#[test]
fn a_wrong_value_is_refused_with_its_place() {
    let lines = [
        "-- transaction: no",
        "-- repeat: forever",
        "-- lock-timeout: soon",
        "-- lock-timeout: 99999999h",
        "-- down: irreversible",
        "-- down: drop table a",
        "-- allow: some-rule",
        "-- revises: first",
        "-- revises: 5, 5",
        "-- branch: head",
        "-- branch: two words",
        "-- transaction: none\n-- transaction: none",
    ];
    let refusals: Vec<String> = lines
        .iter()
        .map(|line| refusal(&[("U1__a.sql", &format!("-- Adds it.\n{line}\nselect 1;"))]))
        .collect();
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[test]
fn a_key_that_is_nearly_one_is_refused_with_a_suggestion() {
    let lines = [
        "-- depend-on: 1",
        "-- transactions: none",
        "-- Transaction: none",
        "-- lock_timeout: 5s",
        "-- revsies: 1",
        "-- repeats: until-no-rows",
    ];
    let refusals: Vec<String> = lines
        .iter()
        .map(|line| refusal(&[("U1__a.sql", &format!("-- Adds it.\n{line}\nselect 1;"))]))
        .collect();
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[test]
fn a_down_script_takes_only_what_concerns_its_running() {
    let files = [
        ("U1__a.sql", "select 1;"),
        ("U1__a.down.sql", "-- revises: none\nselect 1;"),
    ];
    insta::assert_snapshot!(refusal(&files));
    let down = "-- transaction: none\nselect 1;";
    let revisions = embedded(&[("U1__a.sql", "select 1;", down)]).unwrap();
    let headers = revisions.head().and_then(|head| head.down_headers());
    assert_eq!(
        headers.map(|headers| headers.transaction),
        Some(Transaction::None)
    );
}
