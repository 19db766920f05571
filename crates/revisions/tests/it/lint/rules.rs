//! Each rule, on a script that it refuses and on one that does the same as it should be done.

use std::path::Path;

use revisions::lint::{Guards, Level, LintSettings, RULES, Rule};

use super::{findings, shown};

fn fixture(rule: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/lint/fixtures");
    let path = path.join(rule).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rules that the text of a script is judged by. A build judges the others; `query-build` has their fixtures.
fn of_text() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(|rule| rule.guards != Guards::Release)
}

/// As it is by default, but that this rule refuses.
fn denying(rule: &str) -> LintSettings {
    let mut settings = LintSettings::default();
    settings.set(rule, Level::Deny).unwrap();
    settings
}

#[test]
fn each_rule_refuses_and_says_why_and_what_to_do() {
    for rule in of_text() {
        let sql = fixture(rule.name, "refused.sql");
        let found = findings(&[&sql], &denying(rule.name));
        assert!(found.iter().any(|it| it.rule == rule.name), "{}", rule.name);
        insta::assert_snapshot!(rule.name, shown(&found));
    }
}

#[test]
fn each_rule_accepts_what_is_done_as_it_should_be() {
    for rule in of_text() {
        let sql = fixture(rule.name, "accepted.sql");
        let found = findings(&[&sql], &denying(rule.name));
        assert!(found.is_empty(), "{}: {}", rule.name, shown(&found));
    }
}

#[test]
fn by_default_what_locks_or_loses_is_refused_and_form_is_left_to_taste() {
    for rule in RULES {
        let is_right = match rule.guards {
            Guards::Data => rule.level == Level::Deny,
            Guards::Locks => rule.level >= Level::Warn,
            Guards::Clients | Guards::Form | Guards::Release => true,
        };
        assert!(is_right, "{}", rule.name);
    }
}

#[test]
fn the_readme_has_them_all_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let lines = RULES.iter().map(|rule| {
        let own = if rule.is_squawks { "" } else { " (own)" };
        let (level, guards) = (rule.level.name(), rule.guards.name());
        format!(
            "| `{}`{own} | {level} | {guards} | {} |\n",
            rule.name, rule.remedy
        )
    });
    let table: String = lines.collect();
    assert!(readme.contains(&table), "write into README.md:\n{table}");
}
