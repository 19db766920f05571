//! The SQL that is shipped is the SQL that is written: what cornucopia would change is refused.

use crate::postgresql::needs_postgresql;
use crate::project::Project;

/// The refusal of a project whose only query is `sql`.
fn refusal_of(name: &str, sql: &str) -> String {
    let project = Project::sample(name);
    project.write(
        "queries/customers.sql",
        format!("--! tricky\n--- Tricky.\n{sql};\n"),
    );
    project.refusal()
}

/// The SQL that is shipped for `sql`.
fn shipped(name: &str, sql: &str) -> String {
    let project = Project::sample(name);
    project.write(
        "queries/customers.sql",
        format!("--! tricky\n--- Tricky.\n{sql};\n"),
    );
    project
        .build()
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    shipped_in(&project.output("queries.rs"), "customers")
}

/// The SQL of the first query of `module` in the generated `code`.
pub(crate) fn shipped_in(code: &str, module: &str) -> String {
    let code = syn::parse_file(code).expect("Rust");
    let content = code.items.into_iter().find_map(|item| match item {
        syn::Item::Mod(found) if found.ident == module => found.content,
        _ => None,
    });
    let items = content.expect("the module").1;
    let function = items.into_iter().find_map(|item| match item {
        syn::Item::Fn(function) => Some(function),
        _ => None,
    });
    let Some(syn::Stmt::Expr(syn::Expr::Call(call), _)) =
        function.and_then(|function| function.block.stmts.into_iter().next())
    else {
        panic!("the function has another form");
    };
    match call.args.first() {
        Some(syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(sql),
            ..
        })) => sql.value(),
        _ => panic!("the function has another form"),
    }
}

#[test]
fn a_line_break_in_a_literal_is_refused() {
    insta::assert_snapshot!(refusal_of("break_literal", "select 'a\n  b' as x"));
    insta::assert_snapshot!(refusal_of("break_dollar", "select $$a\n  b$$ as x"));
    insta::assert_snapshot!(refusal_of("break_name", "select 1 as \"a\nb\""));
}

#[test]
fn a_literal_in_two_pieces_is_refused() {
    insta::assert_snapshot!(refusal_of("two_pieces", "select 'a'\n       'b' as x"));
}

#[test]
fn what_looks_like_a_parameter_is_refused() {
    insta::assert_snapshot!(refusal_of("slice", "select (array[1, 2, 3])[1:2] as x"));
    insta::assert_snapshot!(refusal_of(
        "positional",
        "select id from customers where id = $1"
    ));
    insta::assert_snapshot!(refusal_of(
        "not_ascii",
        "select id from customers where id = :größe"
    ));
}

#[test]
fn a_backslash_before_the_end_of_a_literal_is_caught_by_the_comparison() {
    needs_postgresql!();
    insta::assert_snapshot!(refusal_of("backslash", r"select '\' as a, '--x' as b"));
}

#[test]
fn what_is_never_closed_is_refused() {
    insta::assert_snapshot!(refusal_of("open_literal", "select 'it's' as x"));
    insta::assert_snapshot!(refusal_of("open_comment", "select 1 /* as x"));
}

#[test]
fn the_next_query_is_not_swallowed_when_a_semicolon_is_missing() {
    insta::assert_snapshot!(refusal_of(
        "semicolon",
        "select 1 as x\n\n--! next\n--- The next.\nselect 2 as x"
    ));
}

#[test]
fn literals_casts_and_comments_are_shipped_as_they_are_written() {
    needs_postgresql!();
    for (name, sql, expected) in [
        (
            "ship_0",
            "select 1-/**/-1 as x, 1 - --2\n-1 as y, 2/*/*;*/:a*/ / /*'*/2 as z",
            "select 1- -1 as x, 1 - -1 as y, 2 / 2 as z",
        ),
        (
            "ship_1",
            "select ':a' as x, 'a;b' as y",
            "select ':a' as x, 'a;b' as y",
        ),
        (
            "ship_2",
            "select E'it\\'s :b' as x",
            "select E'it\\'s :b' as x",
        ),
        (
            "ship_3",
            "select $q$a;:b '$q$ as x",
            "select $q$a;:b '$q$ as x",
        ),
        (
            "ship_4",
            "select :a::text as x, :b::int as y, :a::text as z",
            "select $1::text as x, $2::int as y, $1::text as z",
        ),
        (
            "ship_5",
            "select 1 -- it's; :a\n  + 2 /* it's; :b */ as x",
            "select 1 + 2 as x",
        ),
        ("ship_6", "select /* a /* b */ ' */ 1 as x", "select 1 as x"),
        ("ship_7", "select 'ä' as \"ö\", :ü_1::text as x", ""),
        (
            "ship_8",
            "select (array[1, 2, 3])[1 : 2] as x",
            "select (array[1, 2, 3])[1 : 2] as x",
        ),
    ] {
        if expected.is_empty() {
            assert!(refusal_of(name, sql).contains("ASCII"), "{sql}");
        } else {
            let shipped = shipped(name, sql);
            let words: Vec<&str> = shipped.split_whitespace().collect();
            assert_eq!(words.join(" "), expected, "{sql}");
        }
    }
}

#[test]
fn a_statement_without_a_tree_is_shipped_as_it_is_written_or_not_at_all() {
    needs_postgresql!();
    assert_eq!(shipped("listen", "listen customers"), "listen customers");
    insta::assert_snapshot!(refusal_of("listen_lines", "listen -- to\n  customers"));
}

#[test]
fn a_space_that_is_none_for_postgresql_is_refused() {
    let sql = "select id as no_break\u{a0}\n  from customers\n where id = :id";
    insta::assert_snapshot!(refusal_of("no_break_space", sql));
}
