//! `lint`: what the migrations would do to a database in use, told from their text. Asks the database only for `--pending`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use super::history::{ALLOWED, Ends};
use super::style::{alarm, good, notable};
use super::{CommandError, Context, Lint, LintError, LintFormat, print, print_json};
use crate::lint::{Finding, Level, LintSettings, lint};
use crate::migrator::Migrator;
use crate::names::{Name, Names};
use crate::revisions::Revisions;

pub(super) async fn run(options: &Lint, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let settings = settings(options, context, &revisions)?;
    let picked = picked(options, context, &revisions).await?;
    let is_picked = picked.map(|ids| move |id: i64| ids.contains(&id));
    let is_judged = is_picked.as_ref().map(|it| it as &dyn Fn(i64) -> bool);
    let findings = lint(&revisions, &settings, is_judged);
    match options.format {
        LintFormat::Text => print(&text(&findings))?,
        LintFormat::Json => print_json(&findings.iter().map(record).collect::<Vec<_>>())?,
        LintFormat::Github => print(&findings.iter().map(annotation).collect::<String>())?,
    }
    match count(&findings, Level::Deny) {
        0 => Ok(()),
        count => Err(LintError::Refused { count }.into()),
    }
}

/// Those of the `Cargo.toml` beside the directory of the migrations, then the options.
fn settings(
    options: &Lint,
    context: &Context<'_>,
    revisions: &Revisions,
) -> Result<LintSettings, CommandError> {
    let mut settings = of_package(&context.dir, revisions)?;
    settings.undeployed_tables_are_new |= options.undeployed;
    let levels = [
        (&options.allow, Level::Allow),
        (&options.warn, Level::Warn),
        (&options.deny, Level::Deny),
    ];
    for (rules, level) in levels {
        for rule in rules {
            settings.set(rule, level).map_err(LintError::from)?;
        }
    }
    Ok(settings)
}

/// Those of the package that the migrations belong to; the default ones without such a package.
pub(super) fn of_package(dir: &Path, revisions: &Revisions) -> Result<LintSettings, CommandError> {
    let path = dir.parent().unwrap_or(Path::new("")).join("Cargo.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(LintSettings::default());
        }
        Err(source) => return Err(LintError::Manifest { path, source }.into()),
    };
    let name = path.display().to_string();
    LintSettings::of_manifest(&name, &text, revisions)
        .map_err(|wrong| LintError::Settings(wrong).into())
}

/// The revisions that are named, or are not applied; nothing if neither is asked for.
async fn picked(
    options: &Lint,
    context: &Context<'_>,
    revisions: &Revisions,
) -> Result<Option<BTreeSet<i64>>, CommandError> {
    if options.pending {
        let mut client = context.connect().await?;
        let state = Migrator::new(&mut client, revisions).state().await?;
        return Ok(Some(state.pending.into_iter().collect()));
    }
    if options.revisions.is_empty() {
        return Ok(None);
    }
    let names = Names {
        revisions,
        current: None,
        allowed: ALLOWED,
        program: &context.options.program,
    };
    let ends = Ends { revisions, names };
    let mut picked = BTreeSet::new();
    for written in &options.revisions {
        match written.split_once(':') {
            Some((start, end)) => {
                picked.extend(ends.between(&Name::parse(start), &Name::parse(end))?);
            }
            None => picked.extend(ends.names.all(&Name::parse(written))?),
        }
    }
    Ok(Some(picked))
}

fn count(findings: &[Finding], level: Level) -> usize {
    findings.iter().filter(|it| it.level == level).count()
}

fn text(findings: &[Finding]) -> String {
    let shown = |finding: &Finding| {
        let word = match finding.level {
            Level::Deny => alarm("error"),
            _ => notable("warning"),
        };
        format!("{word}: {:#}\n\n", finding.error)
    };
    let mut text: String = findings.iter().map(shown).collect();
    if count(findings, Level::Deny) == 0 {
        let many = |count: usize| match count {
            0 => good("the migrations lock nothing for long, and lose nothing"),
            1 => "1 warning".to_owned(),
            count => format!("{count} warnings"),
        };
        text.push_str(&format!("{}\n", many(findings.len())));
    }
    text
}

fn record(finding: &Finding) -> serde_json::Value {
    let error = &finding.error;
    let place = error.location.as_ref();
    json!({
        "rule": finding.rule,
        "level": finding.level.name(),
        "revision": finding.revision.to_string(),
        "file": error.file,
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "end_column": place.map(|place| place.column + place.length),
        "source": place.map(|place| &place.line_text),
        "message": error.message,
        "remedy": error.remedy,
    })
}

/// A workflow command of GitHub's, which shows it at the line of a pull request.
fn annotation(finding: &Finding) -> String {
    let error = &finding.error;
    let command = match finding.level {
        Level::Deny => "error",
        _ => "warning",
    };
    let place = error.location.as_ref().map_or(String::new(), |place| {
        format!(
            ",line={},col={},endColumn={}",
            place.line,
            place.column,
            place.column + place.length
        )
    });
    let remedy = error.remedy.as_deref().unwrap_or_default();
    format!(
        "::{command} file={}{place},title={}::{}\n",
        property(&error.file),
        property(finding.rule),
        data(&format!("{}\n{remedy}", error.message))
    )
}

/// Source: `escapeData` and `escapeProperty` of GitHub's `actions/toolkit`, `core/src/command.ts`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
