//! Step 5: the lints of the migrations, by the rules of `revisions::lint` and the levels in `Cargo.toml`.

use std::path::Path;

use revisions::lint::{Finding, Level, LintSettings, lint};
use revisions::{Revisions, SourceError};

use crate::error::{Error, Problem};
use crate::place::Place;

/// Where the levels are.
pub(crate) const MANIFEST: &str = "Cargo.toml";

/// Adds what is refused to `problems`, and gives what is only warned of, a line each.
pub(crate) fn judge(
    revisions: &Revisions,
    settings: &LintSettings,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let findings = lint(revisions, settings, None);
    let (refused, told): (Vec<Finding>, Vec<Finding>) = findings
        .into_iter()
        .partition(|finding| finding.level == Level::Deny);
    problems.extend(refused.into_iter().map(|it| Problem::from(it.error)));
    told.iter().map(|it| line(&it.error)).collect()
}

/// What the project has decided, or what is wrong with it.
pub(crate) fn settings(
    place: &Place,
    revisions: &Revisions,
) -> Result<Result<LintSettings, Vec<SourceError>>, Error> {
    let path = place.package.join(MANIFEST);
    if !path.is_file() {
        // Of a build that cargo has not started.
        return Ok(Ok(LintSettings::default()));
    }
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    Ok(LintSettings::of_manifest(
        &place.name(Path::new(MANIFEST)),
        &text,
        revisions,
    ))
}

/// A problem in the one line that cargo takes as a warning.
pub(crate) fn line(error: &SourceError) -> String {
    let place = error.location.as_ref().map_or(String::new(), |place| {
        format!(":{}:{}", place.line, place.column)
    });
    let code = error.code.as_deref().unwrap_or_default();
    let remedy = error.remedy.as_deref().unwrap_or_default();
    let remedy = remedy.replace('\n', "; ");
    format!(
        "{}{place}: {} ({code}): {remedy}",
        error.file, error.message
    )
}
