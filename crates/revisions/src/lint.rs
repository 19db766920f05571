//! What a migration would do to a database in use: the locks that its clients wait for, the data that is lost, the clients
//! that break. Told from the text alone, before anything runs.
//!
//! Most rules are squawk's, under squawk's names; `own` has those that it lacks. They know what the migrator does: the
//! transaction of a revision, its lock timeout, and which tables are new. What a rule is called, how grave it is and what
//! to do instead is in `rules`; what a project has decided about them in `settings`; what a revision waives in `waivers`.
//! Down scripts are not judged: they are for the hour in which a release is taken back.

use std::collections::BTreeSet;

use crate::header::Transaction;
use crate::revision::Revision;
use crate::revisions::Revisions;
use crate::source_error::{Location, SourceError};

mod own;
mod relations;
mod rule;
mod rules;
mod settings;
mod squawk;
mod waivers;
mod words;

pub use rule::{Guards, Level, Rule};
#[cfg(feature = "cli")]
pub(crate) use rules::find as rule_of;
pub use rules::{PREVIOUS_RELEASE_QUERIES, PREVIOUS_RELEASE_WRITES, RULES};
pub use settings::{LintSettings, UnknownRule};
pub use waivers::unused_waiver;

use relations::Made;
use words::Words;

/// Something in a migration that a rule is about, and that nothing waives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the rule; `unknown-rule` and `unused-waiver` for a waiver that is none.
    pub rule: &'static str,
    /// [`Level::Warn`] or [`Level::Deny`].
    pub level: Level,
    /// The revision.
    pub revision: i64,
    /// Where it is, in bytes of the script that applies the revision.
    pub range: std::ops::Range<usize>,
    /// The place, the reason and the remedy.
    pub error: SourceError,
}

/// What a rule found, before the project and the header are asked about it.
struct Violation {
    rule: &'static Rule,
    range: std::ops::Range<usize>,
    reason: String,
}

/// One script, and what is known of it.
struct Script<'a> {
    revision: &'a Revision,
    sql: &'a str,
    statements: Vec<Words<'a>>,
    in_transaction: bool,
}

impl<'a> Script<'a> {
    fn of(revision: &'a Revision) -> Self {
        let sql = revision.up();
        let statements = crate::statements::split(sql);
        let statements = statements.into_iter().map(|it| Words::of(sql, it.range));
        Self {
            revision,
            sql,
            statements: statements.collect(),
            in_transaction: revision.transaction() == Transaction::One,
        }
    }
}

/// Judges the revisions that `is_judged` picks, or without it those after the baseline of the settings, in their order.
///
/// Findings of the level [`Level::Allow`] are left out.
#[must_use]
pub fn lint(
    revisions: &Revisions,
    settings: &LintSettings,
    is_judged: Option<&dyn Fn(i64) -> bool>,
) -> Vec<Finding> {
    let baseline: BTreeSet<i64> = match settings.after {
        Some(after) => revisions.all_with_needs([after]),
        None => BTreeSet::new(),
    };
    let is_judged = |id: i64| match is_judged {
        Some(is_judged) => is_judged(id),
        None => !baseline.contains(&id),
    };
    let first = revisions.iter().next().map(Revision::id);
    let mut made = Made::default();
    let mut findings = Vec::new();
    for revision in revisions.iter().filter(|revision| is_judged(revision.id())) {
        if !settings.undeployed_tables_are_new {
            made = Made::default();
        }
        let script = Script::of(revision);
        // There is nothing in the database yet: nobody waits for it, and nothing is lost.
        let is_first = Some(revision.id()) == first;
        let mut violations = violations(&script, &mut made);
        violations.retain(|it| !is_first || it.rule.guards == Guards::Form);
        findings.extend(waivers::judge(&script, violations, settings));
    }
    findings
}

/// All that the rules find in a script, in the order of its text, but for what is about new tables.
fn violations(script: &Script<'_>, made: &mut Made) -> Vec<Violation> {
    let mut violations = squawk::violations(script);
    let news = made.read(script);
    violations.extend(own::violations(script, &news));
    violations.retain(|it| it.rule.guards == Guards::Form || !news.is_about_new(it.range.start));
    violations.sort_by(|a, b| (a.range.start, a.rule.name).cmp(&(b.range.start, b.rule.name)));
    violations
}

impl Violation {
    fn new(rule: &str, range: std::ops::Range<usize>, reason: impl Into<String>) -> Option<Self> {
        Some(Self {
            rule: rules::find(rule)?,
            range,
            reason: reason.into(),
        })
    }

    fn finding(&self, script: &Script<'_>, level: Level) -> Finding {
        let location = Location::of_range(script.sql, self.range.clone());
        let mut error = SourceError::at(script.revision.path(), location, &self.reason);
        error.code = Some(self.rule.name.to_owned());
        let remedy = format!(
            "{}\nor say in the header why it does not matter here: `-- allow: {} …`",
            self.rule.remedy, self.rule.name
        );
        Finding {
            rule: self.rule.name,
            level,
            revision: script.revision.id(),
            range: self.range.clone(),
            error: error.remedy(remedy),
        }
    }
}
