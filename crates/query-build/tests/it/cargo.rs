//! What cargo, an editor and a terminal see of a build.

use std::fs;
use std::path::Path;

use crate::postgresql::needs_postgresql;
use crate::project::Project;
use crate::sample::{cargo_command, package_called};
use crate::script::{self, about, checked, script};

#[test]
fn cargo_check_runs_it_once_and_not_again() {
    needs_postgresql!();
    let sample = checked();
    let again = cargo_command(&sample.project, "check").arg("-v").output();
    let again = again.expect("cargo runs");
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("Fresh behaviour v0.1.0"), "{said}");
    assert!(!said.contains("build-script-build`"), "{said}");
}

#[test]
fn cargo_runs_it_again_after_a_query_was_changed_and_not_after_anything_else() {
    needs_postgresql!();
    let project = package_called("nothing_to_do", "nothing to do");
    let runs = |what: &str| {
        let built = cargo_command(&project, "check").arg("-v").output();
        let built = built.expect("cargo runs");
        let said = String::from_utf8_lossy(&built.stderr).into_owned();
        assert!(built.status.success(), "{what}: {said}");
        said.contains("/build-script-build`")
    };
    assert!(runs("at first"));
    assert!(!runs("with nothing to do"));
    let later = "\n// A remark.\n";
    let main = fs::read_to_string(project.package.join("src/main.rs")).expect("a file");
    project.write("src/main.rs", main + later);
    project.write("README.md", "Nothing that the build reads.");
    assert!(!runs("after a source file was changed"));
    project.edit(
        "queries/customers.sql",
        "select count(*)",
        "select count(id)",
    );
    assert!(runs("after a query was changed"));
    project.write(
        "sql/U20250301000000__more.sql",
        "-- More.\n-- revises: 20250201000000\n-- down: irreversible: a remark\n\nselect 1;\n",
    );
    assert!(runs("after a migration came"));
    assert!(!runs("with nothing to do again"));
}

#[test]
fn cargo_doc_shows_the_queries() {
    needs_postgresql!();
    let sample = checked();
    let doc = cargo_command(&sample.project, "doc")
        .args(["--no-deps", "--document-private-items"])
        .output();
    let doc = doc.expect("cargo runs");
    let said = String::from_utf8_lossy(&doc.stderr);
    assert!(doc.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");
    let line = said.lines().find(|line| line.contains("Generated"));
    let page = line
        .and_then(|line| line.trim().strip_prefix("Generated "))
        .expect("the page");
    let root = Path::new(page).parent().expect("a directory");
    let page = root.join("db/queries/customers/fn.customer_by_email.html");
    let page = fs::read_to_string(&page).expect("the page of a query");
    assert!(page.contains("No row when there is none."), "{page}");
}

#[test]
fn rust_analyzer_is_told_where_the_code_is_and_what_is_refused() {
    needs_postgresql!();
    let sample = checked();
    assert!(!sample.said.contains('\u{1b}'), "{}", sample.said);
    for file in ["queries.rs", "revisions.rs"] {
        assert!(sample.out_dir.join(file).is_file());
    }

    let project = package_called("refused", "refused");
    project.edit("queries/customers.sql", "set nickname", "set nicknam");
    let refused = script::check(&project);
    assert!(!refused.status.success());
    let messages = script::messages(&refused);
    let executed = about("refused", &messages, "build-script-executed", |_| true);
    assert_eq!(executed, None);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("--> queries/customers.sql:21:22"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
}

#[test]
fn colour_is_for_whoever_asks_for_it() {
    needs_postgresql!();
    let project = Project::sample("colour");
    project.edit("queries/customers.sql", "set nickname", "set nicknam");
    let said = |variables: &[(&str, &str)]| {
        let mut script = script(&[], &project.package, &project.out_dir);
        script
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("CARGO_TERM_COLOR");
        let refused = script
            .envs(variables.iter().copied())
            .output()
            .expect("it runs");
        assert_eq!(refused.status.code(), Some(1));
        String::from_utf8_lossy(&refused.stderr).into_owned()
    };
    let is_coloured = |text: String| text.contains('\u{1b}');
    assert!(!is_coloured(said(&[])));
    assert!(is_coloured(said(&[
        ("CARGO_TERM_COLOR", "always"),
        ("NO_COLOR", "1")
    ])));
    assert!(is_coloured(said(&[("CLICOLOR_FORCE", "1")])));
    assert!(!is_coloured(said(&[
        ("CLICOLOR_FORCE", "1"),
        ("NO_COLOR", "1")
    ])));
    assert!(!is_coloured(said(&[
        ("CARGO_TERM_COLOR", "never"),
        ("CLICOLOR_FORCE", "1")
    ])));
}

#[test]
fn messages_name_files_from_the_root_of_the_workspace() {
    needs_postgresql!();
    let workspace = Project::empty("workspace");
    workspace.write("Cargo.lock", "");
    let member = Project::sample("workspace/crates/app");
    member.edit("queries/customers.sql", "set nickname", "set nicknam");
    let mut refused = script(&[], &member.package, &member.out_dir);
    let refused = refused.output().expect("the script runs");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("--> crates/app/queries/customers.sql:21:22"),
        "{said}"
    );
}
