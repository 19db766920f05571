//! Rules that are of a whole build, or told only where nothing else is wrong; and what is warned of.

use query_build::Build;

use super::{Pair, built, pair, project};
use crate::postgresql::needs_postgresql;
use crate::project::Project;

const QUERY: &str = "--- One.\n--! one\nselect 1 as one;\n";

/// What only the generator finds.
const GENERATED: &[Pair] = &[
    pair!(
        "one_name_in_rust",
        refused: "--- One.\n--! get_one\nselect 1 as one;\n--- Two.\n--! getOne\nselect 2 as two;\n",
        accepted: "--- One.\n--! get_one\nselect 1 as one;\n--- Two.\n--! get_two\nselect 2 as two;\n",
    ),
    pair!(
        "backslash_at_the_end",
        refused: "--- One.\n--! one\nselect '\\' as a, '--x' as b;\n",
        accepted: "--- One.\n--! one\nselect e'\\\\' as a, '--x' as b;\n",
    ),
];

/// What is built, and warned of.
const WARNED: &[Pair] = &[
    pair!(
        "needless_mark",
        refused: "--- One.\n--! one : (name?)\nselect name from people where id = :id;\n",
        accepted: "--- One.\n--! one : (name)\nselect name from people where id = :id;\n",
    ),
    pair!(
        "needless_full_scan",
        refused: "--- One.\n--! one\n--# full-scan: once a night\nselect name from people where id = :id;\n",
        accepted: "--- One.\n--! one\n--# full-scan: once a night\nselect name from people where name <> :name;\n",
    ),
    pair!(
        "needless_not_null",
        refused: "--- One.\n--! one\n--# not-null: name: it is there\nselect name from people where id = :id;\n",
        accepted: "--- One.\n--! one\n--# not-null: nickname: it is there\nselect nickname from people where id = :id;\n",
    ),
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let pairs = GENERATED.iter().chain(WARNED);
    pairs.map(|pair| pair.name)
}

#[test]
fn what_only_the_generator_finds_is_refused_in_the_file_that_was_written() {
    needs_postgresql!();
    for pair in GENERATED {
        let refused = project(&format!("rules_{}", pair.name), [(pair, pair.refused)]);
        insta::assert_snapshot!(pair.name, refused.refusal());
    }
    let accepted = GENERATED.iter().map(|pair| (pair, pair.accepted));
    built(&project("rules_generated", accepted));
}

#[test]
fn what_is_needless_is_warned_of_and_built() {
    needs_postgresql!();
    let warned = WARNED.iter().map(|pair| (pair, pair.refused));
    let report = built(&project("rules_warned", warned));
    for pair in WARNED {
        let file = format!("--> queries/{}.sql:", pair.name);
        let mut warnings = report.warnings.iter();
        let said = warnings.find(|warning| warning.contains(&file));
        insta::assert_snapshot!(pair.name, said.expect(pair.name));
    }
    assert_eq!(report.warnings.len(), WARNED.len());
    let silent = WARNED.iter().map(|pair| (pair, pair.accepted));
    let report = built(&project("rules_silent", silent));
    assert_eq!(report.warnings, [""; 0]);
}

#[test]
fn a_directory_that_is_missing_or_empty_is_refused_and_one_with_a_query_accepted() {
    needs_postgresql!();
    let project = Project::empty("rules_directories");
    insta::assert_snapshot!("no_directories", project.refusal());
    project
        .write("sql/U1__one.sql", "-- One.\nselect 1;\n")
        .write("queries/readme.txt", "nothing");
    insta::assert_snapshot!("no_query_files", project.refusal());
    project.write("queries/deeper/one.sql", QUERY);
    built(&project);
}

#[test]
fn a_small_table_is_one_that_there_is() {
    needs_postgresql!();
    let project = project("rules_small_table", []);
    project.write(
        "queries/one.sql",
        "--- One.\n--! one\nselect id from people;\n",
    );
    project.write(
        "build.rs",
        "fn main() {\n    query_build::Build::new()\n        .small_table(\"peeple\", \"few\")\n        .run();\n}\n",
    );
    let build = |table: &str| {
        let build = Build::new().small_table(table, "there are few");
        build.try_run(&project.package, &project.out_dir)
    };
    let refused = build("peeple").expect_err("there is no such table");
    insta::assert_snapshot!("small_table", refused.to_string());
    for table in ["people", "public.people"] {
        build(table).expect("there is such a table");
    }
}

#[test]
fn a_mapped_type_is_one_that_there_is() {
    needs_postgresql!();
    let project = project("rules_mapped_type", []);
    project.write("queries/one.sql", QUERY);
    let build = |name: &str| {
        let build = Build::new().map_type(name, "crate::Email");
        build.try_run(&project.package, &project.out_dir)
    };
    let refused = build("email_address").expect_err("there is no such type");
    insta::assert_snapshot!("mapped_type", refused.to_string());
    build("public.email_address").expect("there is such a type");
}

#[test]
fn what_is_wrong_with_migrations_model_and_queries_is_told_at_once() {
    needs_postgresql!();
    let project = project("rules_together", []);
    project
        .write("sql/schema.sql", "begin;\ncreate table people ();\n")
        .write("sql/U20250201000000_more.sql", "-- More.\nselect 1;\n")
        .write("sql/u20250301000000__again.sql", "-- Again.\nselect 1;\n")
        .write("queries/one.sql", "--! one\nselect 1 as one;\n");
    insta::assert_snapshot!("what_reading_finds", project.refusal());
    std::fs::remove_file(project.package.join("sql/schema.sql")).expect("the model");
    std::fs::remove_file(project.package.join("sql/U20250201000000_more.sql")).expect("a file");
    std::fs::remove_file(project.package.join("sql/u20250301000000__again.sql")).expect("a file");
    // It locks, which is told although another one fails.
    project
        .write(
            "sql/U20250201000000__index.sql",
            "-- An index.\ncreate index visits_place_idx on visits (place);\n",
        )
        .write(
            "sql/U20250301000000__wrong.sql",
            "-- Wrong.\nalter table visit add column note text;\n",
        );
    insta::assert_snapshot!("what_proving_and_the_lints_find", project.refusal());
    std::fs::remove_file(project.package.join("sql/U20250301000000__wrong.sql")).expect("a file");
    project.write(
        "queries/two.sql",
        "--- Two.\n--! two\nselect nothing from visits where id = :id;\n",
    );
    insta::assert_snapshot!("what_the_lints_and_the_schema_find", project.refusal());
}

#[test]
fn a_model_is_utf8_and_ends_no_transaction() {
    needs_postgresql!();
    let project = project("rules_model", []);
    project.write("queries/one.sql", QUERY);
    let migration = project.package.join("sql/U20250101000000__people.sql");
    let model = std::fs::read_to_string(migration).expect("the migration");
    project.write("sql/schema.sql", format!("{model}commit;\n"));
    insta::assert_snapshot!("model_commits", project.refusal());
    project.write("sql/schema.sql", [model.as_bytes(), b"-- \xfc\n"].concat());
    insta::assert_snapshot!("model_not_utf8", project.refusal());
    project.write(
        "sql/schema.sql",
        format!("-- roles nobody, : x\n-- privileges: all\n{model}"),
    );
    insta::assert_snapshot!("model_header", project.refusal());
    project.write(
        "sql/schema.sql",
        format!("\u{feff}-- privileges: compared\n{model}").replace('\n', "\r\n"),
    );
    built(&project);
}

#[test]
fn a_migration_that_makes_something_else_for_the_second_time_is_refused() {
    needs_postgresql!();
    let project = project("rules_second_time", []);
    // A role is outside of the schema: it stays when the revision is undone.
    let up = |otherwise: &str| {
        format!(
            "-- Notes.\ndo $$ begin\n  if not exists (select from pg_roles where rolname = 'rules_second_time') then\n    \
             create role rules_second_time;\n    create table notes (id bigint primary key);\n  else\n    \
             create table {otherwise} (id bigint primary key);\n  end if;\nend $$;\n"
        )
    };
    let down = "drop table if exists notes;\ndrop table if exists other_notes;\n";
    project
        .write("sql/U20250201000000__notes.sql", up("other_notes"))
        .write("sql/U20250201000000__notes.down.sql", down)
        .write("queries/one.sql", QUERY);
    insta::assert_snapshot!("not_the_same_again", project.refusal());
    project.write("sql/U20250201000000__notes.sql", up("notes"));
    built(&project);
}

#[cfg(unix)]
#[test]
fn a_query_file_that_cannot_be_read_is_refused() {
    let project = project("rules_unreadable", []);
    project.write("queries/one.sql", QUERY);
    // Nobody, not even root, can read a link to nothing.
    let link = project.package.join("queries/two.sql");
    std::os::unix::fs::symlink("nothing", &link).expect("a link");
    insta::assert_snapshot!("unreadable_query_file", project.refusal());
}
