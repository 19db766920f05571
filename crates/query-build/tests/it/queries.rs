//! Queries that are refused.

use crate::postgresql::needs_postgresql;
use crate::project::Project;

#[test]
fn a_renamed_column_is_shown_in_the_query_that_still_has_the_old_name() {
    needs_postgresql!();
    let project = Project::sample("renamed_column");
    project.write(
        "sql/U20250301000000__rename.sql",
        "-- Customers have a display name.\nalter table customers rename column nickname to nick_name;\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn all_broken_queries_are_reported_at_once() {
    needs_postgresql!();
    let project = Project::sample("several");
    project
        .edit("queries/customers.sql", "where id = :id", "where idd = :id")
        .edit(
            "queries/customers.sql",
            "--- How many customers there are.\n",
            "",
        )
        .edit("queries/customers.sql", "lower(email) =", "lowwer(email) =")
        .edit(
            "queries/admin/orders.sql",
            "order by id desc",
            "order id desc",
        );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn an_error_behind_parameters_and_other_alphabets_is_at_its_column() {
    needs_postgresql!();
    let project = Project::sample("columns");
    project.write(
        "queries/customers.sql",
        "--! find\n--- Finds.\nselect id\n\tfrom customers -- ÄÖÜ; :no\n   where email = :email::text and /* ß */ nickname = 'äöü' and :since < craeted_at;\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn an_error_at_the_end_is_at_the_end() {
    needs_postgresql!();
    let project = Project::sample("end");
    project.write(
        "queries/customers.sql",
        "--! find\n--- Finds.\nselect id from customers where\n;\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_query_is_named_documented_and_unique() {
    let project = Project::sample("names");
    project.write(
        "queries/customers.sql",
        "--! 2nd\n--- Starts with a digit.\nselect 1;\n\
         --! undocumented\nselect 1;\n\
         --! twice\n--- One.\nselect 1;\n\
         --! twice\n--- Two.\nselect 1;\n\
         --! empty\n--- Nothing.\n;\n\
         select 'nameless';\n\
         --! late\nselect 1\n--- A doc line that is too late.\n;\n\
         --! wrong (a? b?)\n--- No comma.\nselect 1;\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn marks_that_fit_nothing_are_refused() {
    needs_postgresql!();
    let project = Project::sample("marks");
    project.write(
        "queries/customers.sql",
        "--: Declared(nickname?, age?)\n\
         --! one (nick?) : (emial?)\n--- One.\nselect id, email from customers where nickname = :nickname;\n\
         --! two : Declared\n--- Two.\nselect id, nickname from customers where id = :id;\n\
         --! three : Undeclared\n--- Three.\nselect id from customers;\n\
         --! four : Declared(nickname?)\n--- Four.\nselect id, nickname from customers;\n\
         --! five : (id?)\n--- Five.\ndelete from customers where id = :id;\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_type_without_a_rust_type_is_refused_with_a_way_out() {
    needs_postgresql!();
    let project = Project::sample("types");
    project
        .write("sql/U20250301000000__domain.sql", "-- A domain.\ncreate domain email_address as text;\n")
        .write(
            "queries/customers.sql",
            "--! notify\n--- Notifies.\nselect pg_notify('a', :payload);\n\
             --! age\n--- The age.\nselect now() - created_at as age from customers where id = :id;\n\
             --! older\n--- Older ones.\nselect id from customers where id = :id and created_at < now() - :age::interval;\n\
             --! points : (place?)\n--- Points.\nselect point(1, 2) as place;\n\
             --! by_domain\n--- A domain.\nselect id from customers where email = :email::email_address;\n\
             --! twice\n--- Two of a name.\nselect id, id from customers where id = :id;\n\
             --! unnamed\n--- No name.\nselect id, 1 + 1 from customers where id = :id;\n",
        );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn what_only_the_generator_finds_is_shown_in_the_file_that_was_written() {
    needs_postgresql!();
    let project = Project::sample("generator");
    project.write(
        "queries/customers.sql",
        "--- One.\n--! get_customer : (nickname?)\nselect id, nickname from customers where id = :id;\n\n\
         --- The same name in Rust.\n--! getCustomer : (nickname?)\nselect id, nickname from customers where id = :id;\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_missing_and_an_empty_directory_are_refused() {
    let project = Project::empty("no_queries");
    project.write("sql/U20250101000000__one.sql", "-- One.\nselect 1;\n");
    insta::assert_snapshot!("no_directory", project.refusal());
    project.write("queries/readme.txt", "nothing here");
    insta::assert_snapshot!("no_files", project.refusal());
}

#[test]
fn a_file_that_is_not_utf8_is_refused_at_the_byte() {
    let project = Project::sample("latin1");
    project.write(
        "queries/customers.sql",
        b"--! one\n--- Gr\xfc\xdfe.\nselect 1;\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_file_name_that_is_no_module_name_is_refused() {
    let project = Project::sample("file_names");
    let query = "--! one\n--- One.\nselect 1 as one;\n";
    for file in ["type", "order-lines", "client", "admin", "Big"] {
        project.write(&format!("queries/{file}.sql"), query);
    }
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_parameter_whose_type_is_not_known_is_shown_where_it_stands() {
    needs_postgresql!();
    let project = Project::sample("untyped");
    project.write(
        "queries/untyped.sql",
        "--- Untyped.\n--! untyped\nselect id, :first::text as first,\n       :second is null as bare\n  from customers where id = :id;\n",
    );
    let refusal = project.refusal();
    assert!(refusal.contains("--> queries/untyped.sql:4:8"), "{refusal}");
    assert!(refusal.contains("\n  |        ^^^^^^^\n"), "{refusal}");
}

#[test]
fn a_query_without_an_end_ends_where_its_sql_does() {
    needs_postgresql!();
    let project = Project::sample("unended");
    project.write(
        "queries/unended.sql",
        "--- One.\n--! one\nselect 1 as one\n\n--- Two.\n--! two\nselect 2 as two;\n",
    );
    let refusal = project.refusal();
    let expected = "the query does not end\n --> queries/unended.sql:3:13";
    assert!(refusal.contains(expected), "{refusal}");
}
