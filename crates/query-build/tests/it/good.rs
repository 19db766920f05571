//! A project in which nothing is wrong.

use crate::project::Project;

#[test]
fn a_good_project_gives_its_modules_and_revisions() {
    let project = Project::sample("good");
    let report = project.build().expect("a good project");
    eprintln!("{report:#?}");
    eprintln!("{}", project.output("queries.rs"));
    eprintln!("{}", project.output("revisions.rs"));
}
