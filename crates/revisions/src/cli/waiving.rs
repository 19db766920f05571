//! What the lints say of files that were just generated: what is proved to be harmless, or was asked for, is waived in
//! their headers with the reason; all else is refused, so that a build never refuses what was generated.

use std::collections::BTreeMap;

use super::lint::of_package;
use super::trial::Part;
use super::{CommandError, CompareError, Context, Revision};
use crate::generate::{Hazard, Step};
use crate::lint::{Finding, Guards, Level, lint, rule_of};
use crate::revisions::Revisions;
use crate::scaffold::Written;
use crate::statements;

/// Writes the waivers into the headers of `written`, the files of `parts`.
pub(super) fn waive(
    written: &[Written],
    parts: &[Part],
    options: &Revision,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let revisions = Revisions::read(&context.dir)?;
    let settings = of_package(&context.dir, &revisions)?;
    let findings = lint(&revisions, &settings, None);
    let denied = findings.iter().filter(|it| it.level == Level::Deny);
    let denied: Vec<&Finding> = denied.collect();
    let mut refused = Vec::new();
    for (pair, part) in written.iter().zip(parts) {
        let mut waivers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for finding in denied.iter().filter(|it| it.revision == pair.id) {
            let script = revisions.get(pair.id).map_or("", |it| it.up());
            let statements = statements::split(script);
            let number = statements
                .iter()
                .position(|it| it.range.contains(&finding.range.start));
            let step = number.and_then(|number| part.up.get(number));
            match step.map(|step| reason(finding, step, options)) {
                Some(Ok(reason)) => {
                    let reasons = waivers.entry(finding.rule).or_default();
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
                Some(Err(danger)) => refused.push(format!("  - {}: {danger}", finding.rule)),
                None => refused.push(format!("  - {}: {}", finding.rule, finding.error.message)),
            }
        }
        write(pair, &waivers)?;
    }
    match refused.is_empty() {
        true => Ok(()),
        false => Err(CompareError::Lints { refused }.into()),
    }
}

/// Why a finding does not matter; else what would happen.
fn reason(finding: &Finding, step: &Step, options: &Revision) -> Result<String, String> {
    let guards = rule_of(finding.rule).map(|rule| rule.guards);
    if let (Some(Guards::Data), Some(what)) = (guards, &step.loses_data) {
        return Ok(format!("asked for with --allow-data-loss: {what}"));
    }
    let dangers: Vec<String> = step.hazards.iter().filter_map(Hazard::danger).collect();
    let danger = match (guards, dangers.is_empty()) {
        (Some(Guards::Locks), true) => {
            return Ok("no row is read or written anew under the lock".to_owned());
        }
        (Some(Guards::Data), true) => return Ok("no row is lost by it".to_owned()),
        (_, true) => finding.error.message.clone(),
        (_, false) => dangers.join("; "),
    };
    match options.waive {
        true => Ok(format!("asked for with --waive: {danger}")),
        false => Err(danger),
    }
}

/// The lines come at the end of the header, before its blank line.
fn write(pair: &Written, waivers: &BTreeMap<&str, Vec<String>>) -> Result<(), CommandError> {
    if waivers.is_empty() {
        return Ok(());
    }
    let lines = waivers
        .iter()
        .map(|(rule, reasons)| format!("\n-- allow: {rule} {}", reasons.join("; ")));
    let lines: String = lines.collect();
    let text = std::fs::read_to_string(&pair.up)?;
    let (header, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    std::fs::write(&pair.up, format!("{header}{lines}\n\n{rest}"))?;
    Ok(())
}
