//! Migrations that the lints refuse, or warn of.

use crate::postgresql::needs_postgresql;
use crate::project::Project;

/// Two problems and something to be warned of, none of which PostgreSQL refuses.
const RISKY: &str = "\
-- A change that holds up the shop.
-- revises: 20250201000000
-- allow: ban-truncate nothing is

create index orders_state_idx on orders (state);
alter table customers rename column email to address;
alter table customers rename column address to email;
";

const RISKY_DOWN: &str = "drop index orders_state_idx;\n";

fn risky(name: &str) -> Project {
    let project = Project::sample(name);
    project
        .write("sql/U20250301000000__risky.sql", RISKY)
        .write("sql/U20250301000000__risky.down.sql", RISKY_DOWN);
    project
}

fn manifest(lints: &str) -> String {
    format!("[package]\nname = \"sample\"\n\n[package.metadata.query-build.lints]\n{lints}\n")
}

#[test]
fn what_locks_a_table_is_refused_beside_what_is_wrong_with_the_queries() {
    needs_postgresql!();
    let project = risky("lints_refuse");
    project.edit(
        "queries/customers.sql",
        "select count(*)",
        "select count(x)",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn the_manifest_says_what_is_refused_and_what_is_only_told() {
    needs_postgresql!();
    let project = risky("lints_manifest");
    project
        .edit(
            "sql/U20250301000000__risky.sql",
            "-- allow: ban-truncate nothing is\n",
            "",
        )
        .write(
            "Cargo.toml",
            manifest("require-concurrent-index-creation = \"warn\""),
        );
    let report = project.build().expect("a build");
    let package = format!("{}/", project.package.display());
    insta::assert_snapshot!(report.warnings.join("\n").replace(&package, ""));
    project.write(
        "Cargo.toml",
        manifest("require-concurrent-index-creation = \"allow\"\nrenaming-column = \"allow\""),
    );
    assert!(project.build().expect("a build").warnings.is_empty());
    project.write("Cargo.toml", manifest("renaming-column = \"deny\""));
    let refusal = project.refusal();
    assert_eq!(refusal.matches("(renaming-column)").count(), 2, "{refusal}");
}

#[test]
fn what_is_applied_in_production_is_not_judged() {
    needs_postgresql!();
    let project = risky("lints_baseline");
    project.write("Cargo.toml", manifest("lint-after = \"20250301000000\""));
    assert!(project.build().expect("a build").warnings.is_empty());
}

#[test]
fn a_wrong_manifest_is_refused_where_it_is_wrong() {
    needs_postgresql!();
    let project = Project::sample("lints_wrong_manifest");
    project.write(
        "Cargo.toml",
        manifest("ban-drop-tabel = \"allow\"\nban-drop-column = \"never\"\nlint-after = \"1\""),
    );
    insta::assert_snapshot!(project.refusal());
}
