//! The queries of a release that still runs, on the schema that this one makes of its database.

mod constraints;

use std::process::Command;

use query_build::Build;

use crate::postgresql::needs_postgresql;
use crate::project::Project;

const SCHEMA: &str = "\
-- A shop.
create type mood as enum ('calm', 'cross');
create table customers (
    id bigint generated always as identity constraint customers_pkey primary key,
    email text not null constraint customers_email_key unique,
    nickname text,
    mood mood not null default 'calm',
    city text not null
);
create index customers_city_idx on customers (city);
create table orders (
    id bigint generated always as identity constraint orders_pkey primary key,
    customer_id bigint not null constraint orders_customer_id_fkey references customers,
    total integer not null,
    note text
);
create index orders_customer_id_idx on orders (customer_id);
";

/// What the release before asks for.
const QUERIES: &str = "\
--! add_customer (nickname?)
--- Registers a customer.
insert into customers (email, nickname, city) values (:email, :nickname, :city);

--! keep_customer
--- Registers a customer who may be there.
insert into customers (email, city) values (:email, :city) on conflict (email) do update set city = excluded.city;

--! customer : (nickname?)
--- Finds a customer.
select id, email, nickname, mood
  from customers
 where id = :id;

--! customers_of_city : (nickname?)
--- Those of a city, each with all that there is of them.
select * from customers where city = :city;

--! orders_of_total : (note?)
--- The orders of a customer, of a total.
select total, note from orders where customer_id = :customer_id and total = :total;

--! rename (nickname?)
--- Gives another nickname, or none.
with renamed as (update customers set nickname = :nickname where id = :id returning id)
select count(*) from renamed;

--! remove_order
--- Takes an order back.
delete from orders where id = :id;
";

/// A project whose release before lies in `releases/1`, and whose own queries ask for nothing.
fn project(name: &str) -> Project {
    let project = Project::empty(name);
    for directory in ["sql", "releases/1/sql"] {
        project.write(&format!("{directory}/U20250101000000__shop.sql"), SCHEMA);
    }
    let own = "--! one\n--- One.\nselect 1 as one;\n";
    project
        .write("releases/1/queries/shop.sql", QUERIES)
        .write("queries/shop.sql", own);
    project
}

fn after(release: &str) -> Build {
    Build::new().previous_release(release)
}

/// Waives what the lints say of a migration, which is not the matter here.
const WAIVED: &str = "\
-- allow: ban-drop-column of a test
-- allow: changing-column-type of a test
-- allow: adding-not-nullable-field of a test
-- allow: adding-required-field of a test
-- allow: require-concurrent-index-deletion of a test
-- allow: disallowed-unique-constraint of a test
-- allow: constraint-missing-not-valid of a test
-- allow: adding-foreign-key-constraint of a test
-- allow: renaming-column of a test
-- allow: adding-checked-field of a test
-- allow: ban-drop-not-null of a test
-- allow: adding-field-with-default of a test
-- allow: require-concurrent-index-creation of a test
";

impl Project {
    /// Writes a migration after the release, with the waivers that it needs.
    fn migrate(&self, day: u32, sql: &str, needed: &[&str]) -> &Self {
        let lines = WAIVED.lines();
        let waivers = lines.filter(|line| needed.iter().any(|rule| line.contains(rule)));
        let waivers: Vec<&str> = waivers.collect();
        let text = format!("-- Day {day}.\n{}\n{sql}\n", waivers.join("\n"));
        self.write(&format!("sql/U202502{day:02}000000__day_{day}.sql"), text)
    }
}

#[test]
fn what_the_release_uses_must_stay_and_each_break_names_its_migration() {
    needs_postgresql!();
    let project = project("previous_uses");
    project
        .migrate(
            1,
            "alter table orders add column placed_at timestamptz;",
            &[],
        )
        .migrate(
            2,
            "alter table customers rename column nickname to nick_name;",
            &["renaming-column"],
        )
        .migrate(
            3,
            "alter table orders alter column total type bigint;",
            &["changing-column-type"],
        )
        .migrate(4, "alter type mood add value 'glad';", &[])
        .migrate(
            5,
            "drop index customers_city_idx;",
            &["require-concurrent-index-deletion"],
        );
    insta::assert_snapshot!(project.refusal_of(&after("releases/1")));
}

#[test]
fn what_it_does_not_use_may_go_and_what_is_added_with_care_does_no_harm() {
    needs_postgresql!();
    let project = project("previous_unused");
    project
        .migrate(1, "alter table orders drop column note, add column notes text[];", &["ban-drop-column"])
        .migrate(2, "alter table customers add column points bigint not null default 0;", &[])
        .migrate(3, "alter table customers alter column email type varchar(400);", &["changing-column-type"])
        .migrate(4, "create table visits (id bigint primary key, customer_id bigint references customers);", &[])
        .migrate(
            5,
            "alter table customers add column state text constraint customers_state_check check (state is null or city <> '');",
            &["adding-checked-field"],
        );
    let used = "--- The orders of a customer, of a total.\nselect total, note from orders";
    let unused =
        "--- The orders of a customer, of a total.\nselect total, total::text as note from orders";
    project.edit("releases/1/queries/shop.sql", used, unused);
    let report = project.report_of(&after("releases/1"));
    // Customers are updated and orders deleted there, which the new foreign key of visits is not about.
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.watched.len(), 2);
}

#[test]
fn nulls_are_looked_at_where_it_reads_and_where_it_writes() {
    needs_postgresql!();
    let project = project("previous_nulls");
    project
        .migrate(
            1,
            "alter table customers alter column email drop not null;",
            &["ban-drop-not-null"],
        )
        .migrate(
            2,
            "alter table customers alter column nickname set not null;",
            &["adding-not-nullable-field"],
        )
        .migrate(
            3,
            "alter table customers add column phone text not null;",
            &["adding-required-field"],
        );
    insta::assert_snapshot!(project.refusal_of(&after("releases/1")));

    let project = self::project("previous_no_nulls");
    project
        .migrate(
            1,
            "alter table orders alter column customer_id drop not null;",
            &["ban-drop-not-null"],
        )
        .migrate(
            2,
            "alter table orders alter column note set not null;",
            &["adding-not-nullable-field"],
        )
        .migrate(
            3,
            "alter table customers add column phone text not null default '';",
            &[],
        );
    project.report_of(&after("releases/1"));
}

#[test]
fn a_conflict_that_no_unique_index_decides_any_more_is_refused() {
    needs_postgresql!();
    let project = project("previous_conflict");
    project.migrate(
        1,
        "alter table customers drop constraint customers_email_key;",
        &[],
    );
    insta::assert_snapshot!(project.refusal_of(&after("releases/1")));
}

#[test]
fn a_waiver_in_the_header_holds_for_its_migration_and_one_too_many_is_refused() {
    needs_postgresql!();
    let project = project("previous_waiver");
    let waiver = "-- Goes.\n-- allow: ban-drop-column of a test\n-- allow: previous-release-queries nobody runs at night\n";
    let drop = "alter table orders drop column note;\n";
    project.write("sql/U20250201000000__go.sql", format!("{waiver}{drop}"));
    project.report_of(&after("releases/1"));

    // Nothing is broken there. What is broken elsewhere, it does not waive.
    project
        .write(
            "sql/U20250201000000__go.sql",
            waiver.replace("-- allow: ban-drop-column of a test\n", ""),
        )
        .migrate(2, drop, &["ban-drop-column"]);
    insta::assert_snapshot!(project.refusal_of(&after("releases/1")));

    // Without the release nobody can tell.
    project.report_of(&Build::new());
}

#[test]
fn the_level_is_the_projects() {
    needs_postgresql!();
    let project = project("previous_level");
    project
        .migrate(
            1,
            "alter table orders drop column note;",
            &["ban-drop-column"],
        )
        .write(
            "Cargo.toml",
            "[package.metadata.query-build.lints]\nprevious-release-queries = \"warn\"\n",
        );
    let report = project.report_of(&after("releases/1"));
    insta::assert_snapshot!(project.warnings_of(&report));
}

#[test]
fn released_migrations_are_there_and_as_they_were() {
    needs_postgresql!();
    let project = project("previous_lineage");
    let more = "-- More.\ncreate table more (id bigint primary key);\n";
    project
        .write("releases/1/sql/U20250102000000__more.sql", more)
        .write(
            "releases/1/sql/U20250103000000__last.sql",
            "-- Last.\nselect 1;\n",
        )
        .write("sql/U20250102000000__some_more.sql", more)
        .edit(
            "sql/U20250101000000__shop.sql",
            "total integer not null",
            "total bigint not null",
        );
    insta::assert_snapshot!(project.refusal_of(&after("releases/1")));

    // With other line ends it is the same.
    let project = self::project("previous_line_ends");
    project.write(
        "sql/U20250101000000__shop.sql",
        SCHEMA.replace('\n', "\r\n"),
    );
    project.report_of(&after("releases/1"));
}

#[test]
fn a_release_that_is_neither_a_directory_nor_known_to_git_is_refused() {
    needs_postgresql!();
    let project = project("previous_unknown");
    project.write("releases/empty/readme", "nothing");
    let refusals = ["v0", "--help", "releases/empty"].map(|it| project.refusal_of(&after(it)));
    insta::assert_snapshot!(refusals.join("\n\n"));

    // What it cannot read of it, it says.
    project.write(
        "releases/1/queries/shop.sql",
        "--! half (\nselect 1;\n--! whole\nselect 'a\nb';\n",
    );
    insta::assert_snapshot!(project.refusal_of(&after("releases/1")));
}

fn git(project: &Project, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(&project.package).args([
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.org",
        "-c",
        "commit.gpgsign=false",
    ]);
    let output = git.args(arguments).output().expect("git runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
}

#[test]
fn a_release_is_read_from_git_as_it_was_committed() {
    needs_postgresql!();
    let project = project("previous_git");
    let released = std::fs::read_to_string(project.package.join("releases/1/queries/shop.sql"));
    project
        .write("queries/shop.sql", released.expect("the queries"))
        .write(
            "queries/deep/er.sql",
            "--! two\n--- Two.\nselect 2 as two;\n",
        );
    git(&project, &["init", "--quiet"]);
    git(&project, &["add", "sql", "queries"]);
    git(&project, &["commit", "--quiet", "-m", "The release"]);
    git(&project, &["tag", "v1.0.0"]);
    // Not committed, and not looked at.
    project
        .write("queries/shop.sql", "--! one\n--- One.\nselect 1 as one;\n")
        .migrate(
            1,
            "alter table orders drop column note;",
            &["ban-drop-column"],
        );
    insta::assert_snapshot!(project.refusal_of(&after("v1.0.0")));
    project.migrate(1, "alter table orders add column notes text;", &[]);
    let report = project.report_of(&after("v1.0.0"));
    // The tag may move.
    let tag = project.package.join(".git/refs/tags/v1.0.0");
    assert_eq!(report.watched, [tag]);
    let left = std::fs::read_dir(&project.out_dir).expect("the output");
    assert_eq!(left.count(), 2);
}
