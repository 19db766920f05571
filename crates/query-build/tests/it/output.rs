//! What is in the output directory after a build.

use std::fs;

use crate::postgresql::needs_postgresql;
use crate::project::Project;

#[test]
fn a_refused_build_leaves_the_last_good_output_untouched() {
    needs_postgresql!();
    let project = Project::sample("last_good");
    project.build().expect("a good project");
    let before = (project.output("revisions.rs"), project.output("queries.rs"));
    project
        .write("sql/U20250301000000__more.sql", "-- More.\nselect 1;\n")
        .edit(
            "queries/customers.sql",
            "select count(*)",
            "select cuont(*)",
        );
    project.refusal();
    let after = (project.output("revisions.rs"), project.output("queries.rs"));
    assert_eq!(before, after);
    let names: Vec<_> = fs::read_dir(&project.out_dir)
        .expect("the output directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names.len(), 2, "something was left behind: {names:?}");
}

#[test]
fn files_that_did_not_change_are_not_written_again() {
    needs_postgresql!();
    let project = Project::sample("unchanged");
    let first = project.build().expect("a good project");
    assert_eq!(first.written.len(), 2);
    let second = project.build().expect("a good project");
    assert!(second.written.is_empty(), "{:?}", second.written);
    project.edit(
        "queries/customers.sql",
        "count(*) from",
        "count(*) from only",
    );
    let third = project.build().expect("a good project");
    assert_eq!(third.written, [project.out_dir.join("queries.rs")]);
}
