//! Every rule of the build, each with what it refuses and the nearest that it accepts.
//!
//! What is refused stands in one package, so that one build tells all of it; what is accepted in another. The rules of plans,
//! of nulls and of migrations have rooms of their own beside this one, and `coverage.rs` knows where.

mod annotations;
mod columns;
mod coverage;
mod files;
mod shipping;
mod sql;
mod waivers;
mod whole;
mod writes;

use query_build::{Error, Report};

use crate::postgresql::needs_postgresql;
use crate::project::Project;

/// A rule.
pub(super) struct Pair {
    pub(super) name: &'static str,
    /// Files of the package: the path, and the text. An empty path is `queries/<name>.sql`.
    pub(super) refused: &'static [(&'static str, &'static [u8])],
    pub(super) accepted: &'static [(&'static str, &'static [u8])],
}

/// A macro, since a file is `(path, bytes)` where it is not the usual one.
macro_rules! pair {
    ($name:literal, refused: $refused:literal, accepted: $accepted:literal $(,)?) => {
        $crate::rules::Pair {
            name: $name,
            refused: &[("", $refused.as_bytes())],
            accepted: &[("", $accepted.as_bytes())],
        }
    };
}
pub(super) use pair;

/// All rules that one build can tell of together.
fn pairs() -> impl Iterator<Item = &'static Pair> {
    let rooms = [
        annotations::PAIRS,
        columns::PAIRS,
        files::PAIRS,
        shipping::PAIRS,
        sql::PAIRS,
        waivers::PAIRS,
        writes::PAIRS,
    ];
    rooms.into_iter().flatten()
}

/// A package with a schema, and these files.
fn project<'a>(
    name: &str,
    files: impl IntoIterator<Item = (&'a Pair, &'a [(&'static str, &'static [u8])])>,
) -> Project {
    let project = Project::empty(name);
    project
        .write(
            "sql/U20250101000000__people.sql",
            "-- People, and where they go.\n\
             create domain email_address as text;\n\
             create table people (\n\
                 id bigint primary key, name text not null, nickname text, email text not null,\n\
                 born timestamptz not null\n\
             );\n\
             create table visits (\n\
                 id bigint primary key, person_id bigint not null references people, place text not null\n\
             );\n\
             create index visits_person_id_idx on visits (person_id);\n",
        )
        .write(
            "sql/U20250101000000__people.down.sql",
            "drop table visits;\ndrop table people;\ndrop domain email_address;\n",
        );
    for (pair, files) in files {
        for (path, text) in files {
            let usual = format!("queries/{}.sql", pair.name);
            project.write(if path.is_empty() { &usual } else { path }, text);
        }
    }
    project
}

/// What is said about each pair, in the order of the pairs: of all that was said, the problems that name one of its files.
fn said_of_each(said: &str, pairs: &[&'static Pair]) -> Vec<String> {
    let said = said.split("\n\nerror: ").map(|problem| {
        let (problem, _) = problem.split_once("\n\n").unwrap_or((problem, ""));
        problem
    });
    let said: Vec<&str> = said.collect();
    let of_pair = |pair: &&Pair| {
        let files = pair.refused.iter().map(|(path, _)| match path.is_empty() {
            true => format!("--> queries/{}.sql", pair.name),
            false => format!("--> {path}"),
        });
        let files: Vec<String> = files.collect();
        let of_pair = said.iter().filter(|problem| {
            let mut lines = problem.lines().map(str::trim_start);
            let place = lines
                .find(|line| line.starts_with("--> "))
                .unwrap_or_default();
            files.iter().any(|file| {
                place
                    .strip_prefix(file.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
            })
        });
        of_pair.copied().collect::<Vec<_>>().join("\n\n")
    };
    pairs.iter().map(of_pair).collect()
}

fn built(project: &Project) -> Report {
    match project.build() {
        Ok(report) => report,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn each_rule_refuses_and_all_are_told_at_once() {
    needs_postgresql!();
    let pairs: Vec<&Pair> = pairs().collect();
    let project = project(
        "rules_refused",
        pairs.iter().map(|pair| (*pair, pair.refused)),
    );
    let error = project.build().expect_err("it is wrong");
    assert!(matches!(error, Error::Refused(_)), "{error}");
    let package = format!("{}/", project.package.display());
    let said = error.to_string().replace(&package, "");
    for (pair, said) in pairs.iter().zip(said_of_each(&said, &pairs)) {
        assert!(!said.is_empty(), "`{}` is not refused", pair.name);
        insta::assert_snapshot!(pair.name, said);
    }
}

#[test]
fn each_rule_accepts_the_nearest_that_is_right() {
    needs_postgresql!();
    let pairs = pairs().map(|pair| (pair, pair.accepted));
    let report = built(&project("rules_accepted", pairs));
    assert_eq!(report.warnings, [""; 0]);
}

#[test]
fn each_problem_has_a_place_and_says_what_to_do() {
    needs_postgresql!();
    let pairs = pairs().map(|pair| (pair, pair.refused));
    let project = project("rules_form", pairs);
    let Err(Error::Refused(problems)) = project.build() else {
        panic!("it is wrong");
    };
    for problem in problems {
        let query_build::Problem::Source(problem) = problem else {
            panic!("{problem}");
        };
        assert!(problem.remedy.is_some(), "{problem}");
        let is_of_a_name = files::OF_A_NAME.iter().any(|name| problem.file == *name);
        assert_eq!(problem.location.is_none(), is_of_a_name, "{problem}");
    }
}
