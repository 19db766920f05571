//! What the lints find, and what they do not.

mod command;
mod judging;
mod rules;
mod waivers;

use revisions::lint::{Finding, LintSettings, lint};
use revisions::{Embedded, Revisions};

/// The first revision, of an empty database. What is judged comes after it.
const FIRST: &str =
    "-- The beginning.\ncreate table users (id bigint);\ncreate table visits (id bigint);\n";

/// A history with these scripts after the first: 2, 3 and so on.
fn history(scripts: &[&str]) -> Revisions {
    let scripts = std::iter::once(&FIRST).chain(scripts);
    let files: Vec<Embedded> = scripts
        .enumerate()
        .map(|(index, sql)| Embedded {
            file_name: format!("U{}__change.sql", index + 1).leak(),
            up: sql.to_string().leak(),
            // That of the beginning is nothing to judge.
            down: (index == 0).then_some("drop table visits, users;"),
            schema: None,
        })
        .collect();
    Revisions::embedded(&files).unwrap()
}

fn findings(scripts: &[&str], settings: &LintSettings) -> Vec<Finding> {
    lint(&history(scripts), settings, None)
}

/// The names of the rules that find something, in order.
fn rules(scripts: &[&str]) -> Vec<&'static str> {
    let findings = findings(scripts, &LintSettings::default());
    findings.iter().map(|finding| finding.rule).collect()
}

/// All that is shown, one after the other.
fn shown(findings: &[Finding]) -> String {
    let shown = findings
        .iter()
        .map(|finding| format!("{}: {}\n", finding.level.name(), finding.error));
    shown.collect::<Vec<_>>().join("\n")
}
