//! What a project has decided about the rules: in the `Cargo.toml` beside its migrations, or on the command line.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::waivers::suggestion;
use super::{Level, Rule, rules};
use crate::revisions::Revisions;
use crate::source_error::{Location, SourceError};

/// Which rules count, and where judging begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LintSettings {
    /// Levels other than those that the rules have.
    levels: BTreeMap<&'static str, Level>,
    /// The newest of the revisions that are not judged, nor what it needs: they are applied, and cannot be changed.
    pub after: Option<i64>,
    /// Whether nobody uses the tables that any of the judged revisions makes; else those of the same revision alone.
    pub undeployed_tables_are_new: bool,
}

/// There is no such rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no lint rule `{name}`\n  = help: {help}")]
pub struct UnknownRule {
    /// What was asked for.
    pub name: String,
    /// What may have been meant.
    pub help: String,
}

/// The table of the settings in `Cargo.toml`.
const TABLE: [&str; 4] = ["package", "metadata", "query-build", "lints"];

const AFTER: &str = "lint-after";
const NEW_TABLES: &str = "new-tables";

impl LintSettings {
    /// Sets the level of a rule.
    ///
    /// # Errors
    ///
    /// If there is no such rule.
    pub fn set(&mut self, rule: &str, level: Level) -> Result<(), UnknownRule> {
        let known = rules::find(rule).ok_or_else(|| UnknownRule {
            name: rule.to_owned(),
            help: suggestion(rule),
        })?;
        self.levels.insert(known.name, level);
        Ok(())
    }

    /// The level of a rule.
    #[must_use]
    pub fn level(&self, rule: &Rule) -> Level {
        self.levels.get(rule.name).copied().unwrap_or(rule.level)
    }

    /// Reads `[package.metadata.query-build.lints]` of a `Cargo.toml`, which messages call `file` and whose content is
    /// `text`; without the table, everything is as it is by default.
    ///
    /// # Errors
    ///
    /// All that is wrong with the table: an unknown rule or level, a revision that `revisions` does not have.
    pub fn of_manifest(
        file: &str,
        text: &str,
        revisions: &Revisions,
    ) -> Result<Self, Vec<SourceError>> {
        let manifest = DeTable::parse(text).map_err(|error| {
            let location = Location::of_byte(text, error.span().map_or(0, |span| span.start));
            vec![SourceError::at(file, location, error.message())]
        })?;
        let mut table = manifest.get_ref();
        for name in TABLE {
            match table.get(name).map(Spanned::get_ref) {
                Some(DeValue::Table(inner)) => table = inner,
                _ => return Ok(Self::default()),
            }
        }
        let mut settings = Self::default();
        let mut problems = Vec::new();
        for (key, value) in table {
            if let Err(wrong) = settings.take(key.get_ref(), value.get_ref(), revisions) {
                let span = if wrong.of_key {
                    key.span()
                } else {
                    value.span()
                };
                let location = Location::of_range(text, span);
                problems.push(SourceError::at(file, location, wrong.message).remedy(wrong.remedy));
            }
        }
        // The table is in the order of its names, or of its lines, as the features of `toml` are.
        problems.sort_by_key(|problem| {
            problem
                .location
                .as_ref()
                .map(|place| (place.line, place.column))
        });
        match problems.is_empty() {
            true => Ok(settings),
            false => Err(problems),
        }
    }

    fn take(&mut self, key: &str, value: &DeValue<'_>, revisions: &Revisions) -> Result<(), Wrong> {
        let text = value.as_str().unwrap_or_default();
        match key {
            AFTER => {
                let id = text.parse().ok().filter(|&id| revisions.get(id).is_some());
                self.after = Some(id.ok_or_else(|| Wrong {
                    of_key: false,
                    message: format!("`{AFTER}` names no revision"),
                    remedy: "write the full id of the newest revision that is applied in production, in quotes"
                        .to_owned(),
                })?);
            }
            NEW_TABLES => {
                self.undeployed_tables_are_new = match text {
                    "undeployed" => true,
                    "revision" => false,
                    _ => {
                        return Err(Wrong {
                            of_key: false,
                            message: format!("`{NEW_TABLES}` cannot be this"),
                            remedy: "write \"revision\", or \"undeployed\" if the tables of all judged revisions count as new"
                                .to_owned(),
                        });
                    }
                };
            }
            rule => {
                if rules::find(rule).is_none() {
                    return Err(Wrong {
                        of_key: true,
                        message: format!("there is no lint rule `{rule}`"),
                        remedy: suggestion(rule),
                    });
                }
                let level = Level::of(text).ok_or_else(|| Wrong {
                    of_key: false,
                    message: format!("the level of `{rule}` cannot be this"),
                    remedy: "write \"allow\", \"warn\" or \"deny\"".to_owned(),
                })?;
                self.set(rule, level).map_err(|unknown| Wrong {
                    of_key: true,
                    message: format!("there is no lint rule `{rule}`"),
                    remedy: unknown.help,
                })?;
            }
        }
        Ok(())
    }
}

/// What is wrong with an entry.
struct Wrong {
    /// Whether it is its name, and not its value.
    of_key: bool,
    message: String,
    remedy: String,
}
