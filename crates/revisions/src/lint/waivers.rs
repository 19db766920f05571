//! What a header waives, and what is left. A waiver that waives nothing is refused too: it would hide what comes later.

use std::ops::Range;

use super::{Finding, Guards, Level, LintSettings, RULES, Script, Violation, rules};
use crate::header::{Allow, Key, line::distance};
use crate::revision::Revision;
use crate::source_error::{Location, SourceError};

/// What is left of `violations`, and what is wrong with the waivers.
pub(super) fn judge(
    script: &Script<'_>,
    violations: Vec<Violation>,
    settings: &LintSettings,
) -> Vec<Finding> {
    let headers = script.revision.headers();
    let lines = headers.lines.iter().filter(|(key, _)| *key == Key::Allow);
    let waivers: Vec<(&Allow, usize)> = headers
        .allow
        .iter()
        .zip(lines.map(|(_, line)| *line))
        .collect();
    let mut findings: Vec<Finding> = Vec::new();
    for (index, (waiver, line)) in waivers.iter().enumerate() {
        let wrong = |rule, message: String, remedy: String| Finding {
            rule,
            level: Level::Deny,
            revision: script.revision.id(),
            error: problem(
                script,
                range_in_line(script.sql, *line, &waiver.rule),
                rule,
                message,
                remedy,
            ),
            range: range_in_line(script.sql, *line, &waiver.rule),
        };
        let mut before = waivers[..index].iter();
        let Some(rule) = rules::find(&waiver.rule) else {
            let message = format!("there is no rule `{}`", waiver.rule);
            findings.push(wrong("unknown-rule", message, suggestion(&waiver.rule)));
            continue;
        };
        if before.any(|(other, _)| other.rule == waiver.rule) {
            let message = format!("`{}` is waived twice", waiver.rule);
            let remedy = "keep one of the lines: it holds for the whole revision";
            findings.push(wrong("unused-waiver", message, remedy.to_owned()));
        } else if rule.guards != Guards::Release
            && !violations.iter().any(|it| it.rule.name == waiver.rule)
        {
            findings.push(wrong(
                "unused-waiver",
                unused(rule.name),
                "remove the line".to_owned(),
            ));
        }
    }
    let is_waived = |it: &Violation| {
        waivers
            .iter()
            .any(|(waiver, _)| waiver.rule == it.rule.name)
    };
    for violation in violations.iter().filter(|it| !is_waived(it)) {
        let level = settings.level(violation.rule);
        if level > Level::Allow {
            findings.push(violation.finding(script, level));
        }
    }
    findings
}

fn unused(rule: &str) -> String {
    format!("`{rule}` is waived, and nothing here is against it")
}

/// That the waiver of `rule` in the header of `revision` waives nothing; none if there is no such waiver.
///
/// For the rules that guard the release before, which [`lint`](super::lint) does not judge.
#[must_use]
pub fn unused_waiver(revision: &Revision, rule: &str) -> Option<SourceError> {
    let headers = revision.headers();
    let lines = headers.lines.iter().filter(|(key, _)| *key == Key::Allow);
    let mut waivers = headers.allow.iter().zip(lines);
    let (_, (_, line)) = waivers.find(|(waiver, _)| waiver.rule == rule)?;
    let script = Script::of(revision);
    let range = range_in_line(script.sql, *line, rule);
    let remedy = "remove the line".to_owned();
    Some(problem(
        &script,
        range,
        "unused-waiver",
        unused(rule),
        remedy,
    ))
}

fn problem(
    script: &Script<'_>,
    range: Range<usize>,
    code: &str,
    message: String,
    remedy: String,
) -> SourceError {
    let location = Location::of_range(script.sql, range);
    let mut error = SourceError::at(script.revision.path(), location, message);
    error.code = Some(code.to_owned());
    error.remedy(remedy)
}

/// Where a word stands, behind the key, in a line counted from 1.
fn range_in_line(sql: &str, line: usize, word: &str) -> Range<usize> {
    let before = sql.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = before.map(str::len).sum();
    let text = sql[start..].lines().next().unwrap_or_default();
    let key = text.find(':').unwrap_or_default();
    let at = text[key..].find(word).unwrap_or_default();
    start + key + at..start + key + at + word.len()
}

/// The rule that was meant, or where all are listed.
pub(super) fn suggestion(written: &str) -> String {
    let near = RULES
        .iter()
        .map(|rule| (distance(written, rule.name), rule));
    match near.min_by_key(|(distance, _)| *distance) {
        Some((distance, rule)) if distance <= 3 => format!("write `{}`", rule.name),
        _ => "the rules are squawk's (https://squawkhq.com/docs/rules) and those in the README of `revisions`"
            .to_owned(),
    }
}
