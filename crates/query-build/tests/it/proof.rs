//! Migrations that apply and are refused all the same: they cannot be undone, or do not make the model.

use crate::postgresql::needs_postgresql;
use crate::project::Project;

const UP: &str = "-- Notes.\ncreate table notes (id bigint primary key, text text not null);\n\
                  create index notes_text on notes (text);\n";
const DOWN: &str = "drop table notes;\n";

fn project(name: &str, up: &str, down: &str) -> Project {
    let project = Project::empty(name);
    project
        .write("sql/U1__notes.sql", up)
        .write("sql/U1__notes.down.sql", down)
        .write(
            "queries/notes.sql",
            "--! one : (one?)\n--- One.\nselect 1 as one;\n",
        );
    project
}

#[test]
fn migrations_that_go_there_and_back_and_make_the_model_are_built() {
    needs_postgresql!();
    let project = project("proof_good", UP, DOWN);
    project
        .write("sql/U2__state.sql", "-- States.\nalter table notes add column state text;\n")
        .write("sql/U2__state.down.sql", "alter table notes drop column state;\n")
        .write(
            "sql/schema.sql",
            "create table notes (state text, text text not null, id bigint constraint notes_pkey primary key);\n\
             create index notes_text on notes (text);\n",
        );
    project.build().unwrap();
}

#[test]
fn a_down_script_that_leaves_something_behind_is_refused_by_name() {
    needs_postgresql!();
    let up = format!("{UP}create function f() returns int language sql as 'select 1';\n");
    let project = project("proof_left", &up, DOWN);
    project
        .write(
            "sql/U2__state.sql",
            "-- States.\nalter table notes add column state text;\n",
        )
        .write(
            "sql/U2__state.down.sql",
            "alter table notes drop column state;\n",
        );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_down_script_that_removes_too_much_is_refused_by_name() {
    needs_postgresql!();
    let project = project("proof_too_much", UP, DOWN);
    project
        .write(
            "sql/U2__state.sql",
            "-- States.\nalter table notes add column state text;\n",
        )
        .write(
            "sql/U2__state.down.sql",
            "alter table notes drop column state;\ndrop index notes_text;\n",
        );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_down_script_that_fails_is_shown_where_it_is() {
    needs_postgresql!();
    let project = project(
        "proof_failing_down",
        UP,
        "drop table notes;\ndrop table note;\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_model_that_is_ahead_of_the_migrations_is_refused_with_the_difference() {
    needs_postgresql!();
    let project = project("proof_ahead", UP, DOWN);
    project.write(
        "sql/schema.sql",
        "create table notes (id bigint primary key, text varchar(80) not null, author text);\n\
         create table authors (id bigint primary key);\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn a_model_that_is_no_sql_is_shown_where_it_is() {
    needs_postgresql!();
    let project = project("proof_no_sql", UP, DOWN);
    project.write(
        "sql/schema.sql",
        "create table notes (id bigint);\ncraete table x ();\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn what_cannot_be_undone_is_applied_and_compared_with_the_model_all_the_same() {
    needs_postgresql!();
    let project = project("proof_irreversible", UP, DOWN);
    project
        .write(
            "sql/U2__gone.sql",
            "-- Gone.\n-- down: irreversible: it is gone\n-- allow: ban-drop-column the notes are elsewhere now\nalter table notes drop column text;\n",
        )
        .write(
            "sql/U3__state.sql",
            "-- States.\nalter table notes add column state text;\n",
        )
        .write(
            "sql/U3__state.down.sql",
            "alter table notes drop column state;\n",
        )
        .write(
            "sql/schema.sql",
            "create table notes (id bigint primary key, state text);\n",
        );
    project.build().unwrap();
    project.write(
        "sql/schema.sql",
        "create table notes (id bigint primary key);\n",
    );
    insta::assert_snapshot!(project.refusal());
}

#[test]
fn grants_to_roles_that_the_model_names_are_built_and_others_are_told_of() {
    needs_postgresql!();
    let up = format!(
        "{UP}grant select on notes to notes_reader;\nalter table notes owner to notes_owner;\n"
    );
    let project = project("proof_roles", &up, DOWN);
    let model = "create table notes (id bigint primary key, text text not null);\n\
                 create index notes_text on notes (text);\n";
    let roles = "-- roles: notes_reader, notes_owner\n";
    project.write("sql/schema.sql", model);
    let unnamed = project.refusal();
    // Not compared, so the model need not grant.
    project.write("sql/schema.sql", format!("{roles}{model}"));
    project.build().unwrap();
    let compared = format!("{roles}-- privileges: compared\n{model}");
    project.write("sql/schema.sql", &compared);
    let ungranted = project.refusal();
    let granted = format!(
        "{compared}grant select on notes to notes_reader;\nalter table notes owner to notes_owner;\n"
    );
    project.write("sql/schema.sql", &granted);
    project.build().unwrap();
    insta::assert_snapshot!(format!("{unnamed}\n{ungranted}"));
}
