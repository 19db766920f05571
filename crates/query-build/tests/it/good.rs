//! A project in which nothing is wrong.

use crate::postgresql::needs_postgresql;
use crate::project::Project;

#[test]
fn a_good_project_gives_its_revisions_and_modules() {
    needs_postgresql!();
    let project = Project::sample("good");
    let report = project.build().expect("a good project");
    insta::assert_debug_snapshot!((&report.revisions, &report.modules));
    let revisions = project.output("revisions.rs");
    let server = revisions
        .split("\"server\":\"")
        .nth(1)
        .and_then(|it| it.split('"').next());
    let version = server.expect("the PostgreSQL that described the schema");
    assert!(version.contains('.'), "{version}");
    insta::assert_snapshot!("revisions.rs", revisions.replace(version, "<version>"));
}

#[test]
fn the_generated_code_is_the_same_at_every_build() {
    needs_postgresql!();
    let (first, second) = (Project::sample("same_1"), Project::sample("same_2"));
    first.build().expect("a good project");
    second.build().expect("a good project");
    assert_eq!(first.output("queries.rs"), second.output("queries.rs"));
}

#[test]
fn the_generated_code_asks_for_nothing_odd() {
    needs_postgresql!();
    let project = Project::sample("nothing_odd");
    project.build().expect("a good project");
    let code = project.output("queries.rs");
    for odd in ["crate::", "cfg(", "futures::", "postgres_types::"] {
        assert!(!code.contains(odd), "the code contains `{odd}`");
    }
}

#[test]
fn comments_are_not_shipped_and_doc_lines_above_the_name_count() {
    needs_postgresql!();
    let project = Project::sample("comments");
    project.build().expect("a good project");
    let code = project.output("queries.rs");
    assert!(code.contains("values ($1, $2, $3) returning id"), "{code}");
    assert!(
        code.contains("from customers where lower(email) = lower($1) and email not like '%;--%'")
    );
    assert!(code.contains(
        "/// No row when there is none.\n#[warn(dead_code)]\npub fn customer_by_email()"
    ));
    assert!(!code.contains("the database's"));
}

#[test]
fn a_type_and_a_trait_of_the_application_keep_their_paths() {
    needs_postgresql!();
    let project = Project::sample("own_paths");
    project
        .edit("queries/customers.sql", ": Eq", ": crate::audit::Audited")
        .edit(
            "queries/customers.sql",
            "count(*) from",
            "count(id) as newest, 'crate::audit' as path from",
        );
    query_build::Build::new()
        .map_type("pg_catalog.timestamptz", "crate::time::Instant")
        .try_run(&project.package, &project.out_dir)
        .expect("a good project");
    let code = project.output("queries.rs");
    assert!(code.contains("pub created_at: crate::time::Instant,"));
    assert!(code.contains("crate::audit::Audited"));
    assert!(code.contains("'crate::audit' as path"));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    needs_postgresql!();
    let plain = Project::sample("lf");
    let windows = Project::sample("crlf");
    for file in [
        "sql/U20250101000000__shops.sql",
        "sql/U20250101000000__shops.down.sql",
        "queries/customers.sql",
        "queries/admin/orders.sql",
    ] {
        let text = std::fs::read_to_string(windows.package.join(file)).expect("a file");
        windows.write(file, format!("\u{feff}{}", text.replace('\n', "\r\n")));
    }
    plain.build().expect("a good project");
    windows.build().expect("a good project");
    assert_eq!(plain.output("revisions.rs"), windows.output("revisions.rs"));
    assert_eq!(plain.output("queries.rs"), windows.output("queries.rs"));
}

#[test]
fn a_package_without_queries_says_so_and_has_its_revisions_embedded() {
    needs_postgresql!();
    let project = Project::sample("without_queries");
    project.build().expect("a good project");
    std::fs::remove_dir_all(project.package.join("queries")).expect("the queries can go");
    let report = query_build::Build::new()
        .without_queries()
        .try_run(&project.package, &project.out_dir)
        .expect("a good project");
    assert_eq!((report.revisions.len(), report.modules.len()), (2, 0));
    assert!(
        project
            .output("revisions.rs")
            .contains("create table customers")
    );
    // Nobody has checked the queries that the build before has left.
    assert!(!project.out_dir.join("queries.rs").exists());
}
