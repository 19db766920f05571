//! How a schema is changed, from the first line to the last: the model is edited, and everything else follows from what
//! `cargo build` says.

use std::process::Output;

use crate::commands::{line_after, type_line};
use crate::postgresql::needs_postgresql;
use crate::sample;

/// What the sample's migrations make.
const MODEL: &str = "\
create table customers (
    id bigint generated always as identity constraint customers_pkey primary key,
    email text not null constraint customers_email_key unique,
    nickname text,
    preferences jsonb not null default '{}',
    created_at timestamptz not null default now()
);

create table orders (
    id bigint generated always as identity constraint orders_pkey primary key,
    customer_id bigint not null constraint orders_customer_id_fkey references customers,
    total bigint not null constraint orders_total_check check (total >= 0),
    note text,
    state text not null default 'open',
    placed_at timestamptz not null default now()
);

create index customers_lower_email_idx on customers (lower(email));
create index orders_placed_at_idx on orders (placed_at);
";

fn said(build: &Output) -> String {
    String::from_utf8_lossy(&build.stderr).into_owned()
}

#[test]
fn the_model_is_edited_and_the_build_says_all_that_follows() {
    needs_postgresql!();
    let project = sample::package("way_of_working");
    project
        .edit(
            "Cargo.toml",
            "name = \"sample\"",
            "name = \"way_of_working\"",
        )
        .write("src/main.rs", "mod db;\nfn main() {}\n")
        .write("sql/schema.sql", MODEL);
    let build = sample::cargo_build(&project);
    assert!(build.status.success(), "{}", said(&build));

    // The model is edited, and nothing else. The build refuses, shows the difference, and the line to be typed.
    project
        .edit(
            "sql/schema.sql",
            "    nickname text,\n",
            "    called text, -- renamed-from: nickname\n",
        )
        .edit(
            "sql/schema.sql",
            "    note text,\n",
            "    note text constraint orders_note_check check (note <> ''),\n",
        );
    let build = sample::cargo_build(&project);
    let refusal = said(&build);
    assert!(!build.status.success());
    for line in [
        "the model and the migrations disagree",
        "+ column public.customers.called: text",
        "- column public.customers.nickname: text",
        "+ constraint public.orders.orders_note_check: CHECK ((note <> ''::text))",
    ] {
        assert!(refusal.contains(line), "no `{line}` in\n{refusal}");
    }

    // The line writes pairs of files: one that is a transaction, and one that is none.
    type_line(line_after(&refusal, "with -; "), &project.package);
    let files = std::fs::read_dir(project.package.join("sql")).expect("the migrations");
    let names = files.map(|file| file.expect("a file").file_name());
    let names: Vec<_> = names
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    let count = |ending: &str| names.iter().filter(|name| name.ends_with(ending)).count();
    for ending in [
        "__describe_the_change.sql",
        "__describe_the_change.down.sql",
        "__describe_the_change_part_2.sql",
        "__describe_the_change_part_2.down.sql",
    ] {
        assert_eq!(count(ending), 1, "{names:?}");
    }

    // Now the migrations make the model, and the queries that no longer fit are named, all at once.
    let build = sample::cargo_build(&project);
    let refusal = said(&build);
    assert!(!build.status.success());
    assert!(!refusal.contains("disagree"), "{refusal}");
    for place in [
        "queries/customers.sql:6:31",
        "queries/customers.sql:14:19",
        "queries/customers.sql:21:22",
    ] {
        assert!(refusal.contains(place), "no `{place}` in\n{refusal}");
    }

    // They are corrected, and the build passes.
    let queries = std::fs::read_to_string(project.package.join("queries/customers.sql"));
    let queries = queries
        .expect("the queries")
        .replace("(email, nickname, ", "(email, called, ")
        .replace("id, email, nickname,", "id, email, called as nickname,")
        .replace("set nickname", "set called");
    project.write("queries/customers.sql", queries);
    let build = sample::cargo_build(&project);
    assert!(build.status.success(), "{}", said(&build));
    // What was generated is not refused; that older programs know the column by its old name is told.
    let warning = "Renaming a column may break existing clients (renaming-column)";
    assert!(said(&build).contains(warning), "{}", said(&build));
}
