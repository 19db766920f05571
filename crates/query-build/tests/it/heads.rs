//! Two heads: refused with a line to be typed, and joined by typing it.

use std::path::Path;

use crate::commands::{line_after, type_line};
use crate::postgresql::needs_postgresql;
use crate::project::Project;
use crate::sample;

/// A second head beside the sample's.
fn add_a_head(project: &Project) {
    project.write(
        "sql/U20250301000000__other.sql",
        "-- Another line of history.\n-- revises: 20250101000000\nselect 1;\n",
    );
}

/// The line that joins the heads.
fn line_of(refusal: &str) -> &str {
    line_after(refusal, "join them: ")
}

fn merge_of(directory: &Path) -> String {
    let entries = std::fs::read_dir(directory).expect("the migrations");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names = names.map(|name| name.into_string().expect("UTF-8"));
    let merge = names.find(|name| name.ends_with("__join_the_branches.sql"));
    std::fs::read_to_string(directory.join(merge.expect("a merge"))).expect("a file")
}

#[test]
fn cargo_build_refuses_two_heads_with_a_line_that_joins_them() {
    needs_postgresql!();
    let project = sample::package("joined");
    project
        .edit("Cargo.toml", "name = \"sample\"", "name = \"joined\"")
        .write(
            "src/main.rs",
            "include!(concat!(env!(\"OUT_DIR\"), \"/revisions.rs\"));\nfn main() { assert_eq!(REVISIONS.len(), 4); }\n",
        );
    add_a_head(&project);
    let refused = sample::cargo_build(&project);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    let line = line_of(&said);
    assert_eq!(
        line,
        "cargo db merge 20250201000000 20250301000000 -m \"join the branches\""
    );
    type_line(line, &project.package);
    let built = sample::cargo_build(&project);
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
}

#[test]
fn the_line_of_a_package_inside_of_a_workspace_names_its_directory() {
    needs_postgresql!();
    for (name, directory) in [
        ("member", "sql"),
        ("a member's", "sql"),
        ("member", "db/the sql"),
    ] {
        let project = Project::sample(name);
        add_a_head(&project);
        let build = query_build::Build::new()
            .without_queries()
            .migrations(directory);
        if directory != "sql" {
            std::fs::create_dir_all(project.package.join("db")).expect("a directory");
            let (from, to) = (project.package.join("sql"), project.package.join(directory));
            std::fs::rename(from, to).expect("another directory");
        }
        let refused = build.try_run(&project.package, &project.out_dir);
        let refusal = refused.expect_err("two heads").to_string();
        // The line is typed in another directory.
        type_line(line_of(&refusal), Path::new("/"));
        let merge = merge_of(&project.package.join(directory));
        assert!(
            merge
                .starts_with("-- join the branches.\n-- revises: 20250201000000, 20250301000000\n"),
            "{merge}"
        );
        let built = build.try_run(&project.package, &project.out_dir);
        assert_eq!(built.expect("one head").revisions.len(), 4);
    }
}

#[test]
fn the_line_in_the_root_of_a_workspace_names_no_directory_but_an_unusual_one() {
    let project = Project::sample("root");
    add_a_head(&project);
    project.write("Cargo.lock", "");
    assert!(line_of(&project.refusal()).ends_with("-m \"join the branches\""));
    let unusual = project.package.join("migrations");
    std::fs::rename(project.package.join("sql"), unusual).expect("another directory");
    let build = query_build::Build::new().migrations("migrations");
    let refused = build.try_run(&project.package, &project.out_dir);
    let refusal = refused.expect_err("two heads").to_string();
    assert!(line_of(&refusal).ends_with("-m \"join the branches\" --dir migrations"));
}
