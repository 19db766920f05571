//! Which revisions are judged, and what is known of them: their transaction, their new tables, what the project says.

use proptest::prelude::*;
use revisions::Revisions;
use revisions::lint::{Level, LintSettings, lint};

use super::{findings, history, rules, shown};

const INDEX: &str = "-- An index.\ncreate index visits_at_idx on visits (at);\n";

#[test]
fn nobody_waits_for_an_empty_database() {
    // As pg_dump writes it.
    let dump = "set lock_timeout = 0;\ncreate table a (id bigint);\nalter table only public.a add constraint a_pkey primary key (id);\n\
        drop table other;\ncreate index on b (c);\n";
    let revisions = Revisions::embedded(&[revisions::Embedded {
        file_name: "V1__dump.sql",
        up: dump,
        down: None,
        schema: None,
    }])
    .unwrap();
    assert!(lint(&revisions, &LintSettings::default(), None).is_empty());
    assert_eq!(
        rules(&[dump]),
        [
            "require-timeout-settings",
            "ban-drop-table",
            "require-concurrent-index-creation"
        ]
    );
}

#[test]
fn a_directory_of_refinerys_without_headers_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("V1__first.sql"), "create table a (id int);").unwrap();
    std::fs::write(dir.path().join("V2__second.sql"), "drop table a;").unwrap();
    let revisions = Revisions::read(dir.path()).unwrap();
    let found = lint(&revisions, &LintSettings::default(), None);
    assert_eq!(
        found.iter().map(|it| it.rule).collect::<Vec<_>>(),
        ["ban-drop-table"]
    );
}

#[test]
fn a_table_is_new_from_where_it_is_made() {
    let name = |sql: &str| rules(&[sql]);
    assert!(
        name("create table a (id int); create index on public.a (id); drop table a;").is_empty()
    );
    assert_eq!(
        name("drop table a; create table a (id int);"),
        ["ban-drop-table"]
    );
    assert_eq!(
        name("create table a (id int); drop table a, b;"),
        ["ban-drop-table"]
    );
    assert_eq!(
        name("create table other.a (id int); truncate public.a;"),
        ["ban-truncate"]
    );
    assert!(name("create table \"Order\" (id int); truncate \"Order\";").is_empty());
    assert_eq!(
        name("create table \"Order\" (id int); truncate \"order\";"),
        ["ban-truncate"]
    );
    assert!(
        name("create table a (id int); create index a_idx on a (id); drop index a_idx;").is_empty()
    );
    assert!(
        name("create materialized view a as select 1; refresh materialized view a;").is_empty()
    );
    assert!(
        name("create unlogged table if not exists a (id int); update a set id = 1; delete from only a; lock a;").is_empty()
    );
}

#[test]
fn a_table_of_the_revision_before_is_in_use_unless_nothing_is_deployed() {
    let scripts = [
        "create table a (at timestamptz);",
        "create index on a (at);",
    ];
    assert_eq!(rules(&scripts), ["require-concurrent-index-creation"]);
    let mut settings = LintSettings::default();
    settings.undeployed_tables_are_new = true;
    assert!(findings(&scripts, &settings).is_empty());
    // That of a revision that is deployed is in use.
    settings.after = Some(2);
    assert_eq!(findings(&scripts, &settings).len(), 1);
}

#[test]
fn what_is_applied_is_not_judged() {
    let after = |after| {
        let mut settings = LintSettings::default();
        settings.after = Some(after);
        settings
    };
    let scripts = [
        INDEX,
        "-- allow: ban-truncate it is not there\nselect 1;",
        "drop table a;",
    ];
    let of = |settings: &LintSettings| {
        let found = findings(&scripts, settings);
        found.iter().map(|it| it.revision).collect::<Vec<_>>()
    };
    assert_eq!(of(&LintSettings::default()), [2, 3, 4]);
    assert_eq!(of(&after(2)), [3, 4]);
    assert_eq!(of(&after(3)), [4]);
    assert!(of(&after(4)).is_empty());
    let only_three = |id| id == 3;
    let found = lint(&history(&scripts), &after(4), Some(&only_three));
    assert_eq!(found.len(), 1);
}

#[test]
fn the_transaction_decides_whether_a_check_may_be_validated() {
    let sql = "alter table visits add constraint visits_check check (id > 0) not valid;\nalter table visits validate constraint visits_check;\n";
    assert_eq!(rules(&[sql]), ["constraint-missing-not-valid"]);
    assert!(rules(&[&format!("-- transaction: none\n\n{sql}")]).is_empty());
}

#[test]
fn what_is_in_quotes_or_comments_is_not_taken_for_sql() {
    for sql in [
        "select E'\\'; drop table visits; --';",
        "do $a$ begin perform 'x; drop table visits'; end $a$;",
        "create function f() returns text language sql as $$ select $a$ drop table visits; $a$ $$;",
        "/* drop table visits; */ select 'truncate visits;' -- lock visits;",
    ] {
        assert!(rules(&[sql]).is_empty(), "{sql}");
    }
    // And what follows is.
    assert_eq!(
        rules(&["select E'\\'', $a$ xa$ $a$;\ndrop table visits;"]),
        ["ban-drop-table"]
    );
}

#[test]
fn what_squawks_parser_does_not_get_over_hides_nothing_else() {
    // Its parser panics at this, which PostgreSQL refuses.
    let sql = "drop table visits;\nalter table visits drop column \"at\";\nset \"";
    assert_eq!(
        rules(&[sql]),
        ["ban-drop-table", "ban-drop-column", "unlinted-statement"]
    );
}

#[test]
fn all_problems_are_told_at_once_each_where_it_is() {
    let sql = "-- Too much.\n\nalter table visits\n    add column token uuid default gen_random_uuid(),\n    drop column \"größe\" cascade,\n\tadd constraint visits_key unique (at);\ntruncate visits;\n";
    insta::assert_snapshot!(shown(&findings(&[INDEX, sql], &LintSettings::default())));
}

#[test]
fn the_manifest_sets_levels_and_where_judging_begins() {
    let revisions = history(&[INDEX]);
    let manifest = "[package]\nname = \"a\"\n\n[package.metadata.query-build.lints]\nban-char-field = \"deny\"\nban-truncate = \"warn\"\nlint-after = \"1\"\nnew-tables = \"undeployed\"\n";
    let settings = LintSettings::of_manifest("Cargo.toml", manifest, &revisions).unwrap();
    let mut wanted = LintSettings::default();
    wanted.after = Some(1);
    wanted.undeployed_tables_are_new = true;
    wanted.set("ban-char-field", Level::Deny).unwrap();
    wanted.set("ban-truncate", Level::Warn).unwrap();
    assert_eq!(settings, wanted);
    let none = LintSettings::of_manifest("Cargo.toml", "[package]\nname = \"a\"\n", &revisions);
    assert_eq!(none.unwrap(), LintSettings::default());
    let found = findings(&["truncate visits;\n"], &wanted);
    assert_eq!(
        found.iter().map(|it| it.level).collect::<Vec<_>>(),
        [Level::Warn]
    );
}

#[test]
fn what_is_wrong_in_the_manifest_is_told_where_it_is() {
    let manifest = "[package.metadata.query-build.lints]\nban-trunkate = \"deny\"\nban-drop-table = \"forbid\"\nban-truncate = 3\nlint-after = \"99\"\nnew-tables = \"no\"\nlittle = \"warn\"\n";
    let problems = LintSettings::of_manifest("Cargo.toml", manifest, &history(&[])).unwrap_err();
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(problems.join("\n\n"));
    let broken = LintSettings::of_manifest("Cargo.toml", "[package\n", &history(&[])).unwrap_err();
    insta::assert_snapshot!("a_manifest_that_is_none", broken[0].to_string());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_each_place_is_in_the_text(
        words in prop::collection::vec(
            "alter table|create|index|concurrently|drop|column|constraint|add|check|foreign key|references|update|set|where|\
             is null|delete from|lock|truncate|cascade|vacuum full|set lock_timeout|generated always as|identity|\
             a|b\\.c|\"ü; \"|'x'|E'\\\\''|\\$q\\$ y \\$q\\$|\\(|\\)|,|;|=|0|begin|commit|-- squawk-ignore\n|/\\*|\\*/|'|\"|\\$\\$|default|now\\(\\)|\n",
            0..30,
        ),
    ) {
        let sql = words.join(" ");
        for finding in findings(&[&sql], &LintSettings::default()) {
            prop_assert!(sql.get(finding.range.clone()).is_some(), "{finding:?}");
        }
    }
}
