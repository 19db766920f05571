//! Migrations that are refused.

use crate::postgresql::needs_postgresql;
use crate::project::Project;

#[test]
fn a_syntax_error_in_a_migration_is_shown_where_it_is() {
    needs_postgresql!();
    let project = Project::sample("migration_syntax");
    project.edit(
        "sql/U20250201000000__order_state.sql",
        "add column state text",
        "add colunm state text",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_migration_that_does_not_fit_the_one_before_is_shown() {
    needs_postgresql!();
    let project = Project::sample("migration_does_not_fit");
    project.edit(
        "sql/U20250201000000__order_state.sql",
        "alter table orders",
        "alter table order_lines",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn two_heads_are_refused_with_the_command_that_joins_them() {
    let project = Project::sample("two_heads");
    project.write(
        "sql/U20250301000000__other.sql",
        "-- Another line of history.\n-- revises: 20250101000000\nselect 1;\n",
    );
    // The root of a workspace.
    project.write("Cargo.lock", "");
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_missing_directory_is_refused_by_name() {
    let project = Project::empty("no_sql");
    project.write("queries/a.sql", "--! one\n--- One.\nselect 1;\n");
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_broken_migration_does_not_hide_what_the_text_of_a_query_shows() {
    needs_postgresql!();
    let project = Project::sample("migration_and_query");
    project
        .edit("sql/U20250201000000__order_state.sql", "text", "txet")
        .edit(
            "queries/customers.sql",
            "--- How many customers there are.\n",
            "",
        );
    let refusal = project.refusal();
    assert!(
        refusal.contains("type \"txet\" does not exist"),
        "{refusal}"
    );
    assert!(
        refusal.contains("`customer_count` has no doc line"),
        "{refusal}"
    );
}
