//! New rules of the schema: constraints, unique indexes, triggers, and what the release writes.

use super::{SCHEMA, after, project};
use crate::postgresql::needs_postgresql;

#[test]
fn new_rules_are_told_of_where_it_writes_what_they_are_about() {
    needs_postgresql!();
    let project = project("previous_rules");
    project
        .migrate(
            1,
            "create unique index customers_nickname_idx on customers (nickname);",
            &["require-concurrent-index-creation"],
        )
        .migrate(
            2,
            "alter table customers add column country text not null default 'x', \
             add constraint customers_country_check check (country <> '' and city <> '');",
            &["constraint-missing-not-valid"],
        )
        .migrate(
            3,
            "create table receipts (id bigint primary key, order_id bigint not null constraint receipts_order_id_fkey references orders);",
            &[],
        );
    let report = project.report_of(&after("releases/1"));
    insta::assert_snapshot!(project.warnings_of(&report));
}

#[test]
fn rules_that_it_cannot_break_are_not_told_of() {
    needs_postgresql!();
    let project = project("previous_kept_rules");
    let unproved =
        "alter table orders add constraint orders_total_check check (total >= 0) not valid;\n";
    for directory in ["sql", "releases/1/sql"] {
        let path = format!("{directory}/U20250101000000__shop.sql");
        project.write(&path, format!("{SCHEMA}{unproved}"));
    }
    project
        // Rows that were there before are looked at; what is written was refused before.
        .migrate(
            1,
            "alter table orders validate constraint orders_total_check;",
            &[],
        )
        .migrate(
            2,
            "alter table orders rename constraint orders_total_check to orders_total_positive_check;",
            &[],
        )
        // Rows that refer to it go with it.
        .migrate(
            3,
            "create table receipts (id bigint primary key, order_id bigint not null references orders on delete cascade);",
            &[],
        )
        // It leaves null, which is no other's, and numbers, which nobody has.
        .migrate(
            4,
            "alter table customers add column phone text, add column number bigint generated always as identity;",
            &["adding-field-with-default"],
        )
        .migrate(
            5,
            "create unique index customers_city_phone_idx on customers (city, phone);",
            &["require-concurrent-index-creation"],
        )
        .migrate(
            6,
            "create unique index customers_number_idx on customers (number);",
            &["require-concurrent-index-creation"],
        )
        // It leaves what the domain has by default, for which the check holds.
        .migrate(
            7,
            "create domain standing as text default 'new'; alter table customers add column standing standing;",
            &[],
        )
        .migrate(
            8,
            "alter table customers add constraint customers_standing_check check (standing = 'new' or city <> '') not valid;",
            &[],
        );
    let report = project.report_of(&after("releases/1"));
    assert_eq!(report.warnings, Vec::<String>::new());
}

#[test]
fn rules_of_new_columns_alone_are_told_of_where_their_values_break_them() {
    needs_postgresql!();
    let project = project("previous_new_columns");
    project
        .migrate(1, "alter table customers add column phone text;", &[])
        .migrate(
            2,
            "alter table customers add constraint customers_phone_check check (phone is not null) not valid;",
            &[],
        )
        .migrate(
            3,
            "alter table customers add column address text generated always as (lower(email)) stored;",
            &["adding-field-with-default"],
        )
        .migrate(
            4,
            "create unique index customers_address_idx on customers (address);",
            &["require-concurrent-index-creation"],
        );
    let report = project.report_of(&after("releases/1"));
    insta::assert_snapshot!(project.warnings_of(&report));
}
