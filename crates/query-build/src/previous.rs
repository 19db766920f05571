//! The release before this one, whose programs run on while the database is migrated: its queries on the new schema.
//!
//! The database of that release is made and migrated as it will be, and each of its queries is looked at before and after
//! (`look.rs`): what is found only afterwards is what the new revisions break. Where a release is read from is in
//! `release.rs`, whether its revisions are still what they were in `lineage.rs`.

mod accepts;
mod constraints;
mod lineage;
mod look;
mod release;

use std::collections::BTreeMap;

use revisions::lint::{
    self, Level, LintSettings, PREVIOUS_RELEASE_QUERIES, PREVIOUS_RELEASE_WRITES, Rule,
};
use revisions::{Migrator, Revision, Revisions, SourceError};

use crate::error::{Error, Problem};
use crate::lints;
use crate::prove::in_a_scratch_database;
use crate::scratch::Scratch;
use look::{Finding, Look, What};
pub(crate) use release::{Release, VARIABLE};

/// What is found, with the revision that it comes from.
type Caused<'a> = Vec<(&'a Revision, Finding)>;

/// What the check of a release needs, besides it.
pub(crate) struct Check<'a> {
    pub(crate) release: &'a Release,
    /// The migrations of this release.
    pub(crate) revisions: &'a Revisions,
    pub(crate) small_tables: &'a BTreeMap<String, String>,
    pub(crate) settings: &'a LintSettings,
}

impl Check<'_> {
    /// Adds what is refused to `problems`, and what is only warned of to `warnings`, a line each.
    pub(crate) fn run(
        &self,
        scratch: &Scratch,
        problems: &mut Vec<Problem>,
        warnings: &mut Vec<String>,
    ) -> Result<(), Error> {
        let changed = lineage::changed(self.release, self.revisions);
        if !changed.is_empty() {
            problems.extend(changed.into_iter().map(Problem::from));
            return Ok(());
        }
        let caused = match self.caused(scratch)? {
            Ok(caused) => caused,
            Err(problem) => {
                problems.push(problem);
                return Ok(());
            }
        };
        for (revision, finding) in &caused {
            let rule = rule(&finding.what);
            let level = match is_waived(revision, rule) {
                true => Level::Allow,
                false => self.settings.level(rule),
            };
            let told = self.told(finding, revision, rule);
            match level {
                Level::Deny => problems.push(told.into()),
                Level::Warn => warnings.push(lints::line(&told)),
                Level::Allow => {}
            }
        }
        for revision in self.new_revisions() {
            for rule in [&PREVIOUS_RELEASE_QUERIES, &PREVIOUS_RELEASE_WRITES] {
                let found = caused.iter().any(|(of, finding)| {
                    of.id() == revision.id() && self::rule(&finding.what) == rule
                });
                let unused = lint::unused_waiver(revision, rule.name).filter(|_| !found);
                problems.extend(unused.map(Problem::from));
            }
        }
        Ok(())
    }

    /// What is found after the migration and was not before, with the revision that it comes from.
    fn caused(&self, scratch: &Scratch) -> Result<Result<Caused<'_>, Problem>, Error> {
        let new: Vec<&Revision> = self.new_revisions().collect();
        let Some(last) = new.last() else {
            return Ok(Ok(Vec::new()));
        };
        let mut database = match self.database(scratch)? {
            Ok(database) => database,
            Err(problem) => return Ok(Err(problem)),
        };
        let before = self.look(&database, None)?;
        if let Err(problem) = upgrade(&mut database, self.revisions, "head") {
            return Ok(Err(problem));
        }
        let found = self.look(&database, Some(&before))?.since(&before);
        if found.is_empty() || new.len() == 1 {
            let all = found.into_iter().map(|finding| (*last, finding));
            return Ok(Ok(all.collect()));
        }
        drop(database);
        self.one_by_one(scratch, &new)
    }

    /// The same once more, with a look after each revision: it belongs to the one after which it is found to the end.
    fn one_by_one<'a>(
        &self,
        scratch: &Scratch,
        new: &[&'a Revision],
    ) -> Result<Result<Caused<'a>, Problem>, Error> {
        let mut database = match self.database(scratch)? {
            Ok(database) => database,
            Err(problem) => return Ok(Err(problem)),
        };
        let before = self.look(&database, None)?;
        let mut caused: Caused = Vec::new();
        for revision in new {
            let target = revision.id().to_string();
            if let Err(problem) = upgrade(&mut database, self.revisions, &target) {
                return Ok(Err(problem));
            }
            let found = self.look(&database, Some(&before))?.since(&before);
            caused.retain(|(_, known)| found.iter().any(|it| it.is(known)));
            for finding in found {
                match caused.iter_mut().find(|(_, known)| known.is(&finding)) {
                    Some((_, known)) => *known = finding,
                    None => caused.push((revision, finding)),
                }
            }
        }
        Ok(Ok(caused))
    }

    /// A database as that release leaves it.
    fn database(&self, scratch: &Scratch) -> Result<Result<Scratch, Problem>, Error> {
        let mut database = scratch.another()?;
        let known = scratch.roles();
        let others = self.release.roles.iter();
        let roles: Vec<String> = others.filter(|it| !known.contains(it)).cloned().collect();
        database.make_roles(&roles)?;
        let made = upgrade(&mut database, &self.release.revisions, "head");
        Ok(made.map(|()| database))
    }

    fn look(&self, database: &Scratch, before: Option<&Look>) -> Result<Look, Error> {
        let files = &self.release.queries;
        let look = look::look(&database.client, files, self.small_tables, before);
        let looked = database.runtime.block_on(look);
        looked.map_err(|error| database.lost(error))
    }

    /// The revisions that the release does not have, in the order in which they are applied.
    fn new_revisions(&self) -> impl Iterator<Item = &Revision> {
        let old = &self.release.revisions;
        let all = self.revisions.iter();
        all.filter(|revision| old.get(revision.id()).is_none())
    }

    /// A finding as it is shown: at the query, with the revision and what to do.
    fn told(&self, finding: &Finding, revision: &Revision, rule: &Rule) -> SourceError {
        let mut problem = finding.problem.clone();
        let text = match &problem.code {
            Some(code) => format!("{} ({code})", problem.message),
            None => problem.message,
        };
        let release = &self.release.name;
        problem.message = match finding.what {
            What::Constraint(_) => format!("what {release} writes may be refused: {text}"),
            _ => format!("{release} still runs while the database is migrated: {text}"),
        };
        problem.code = Some(rule.name.to_owned());
        problem.note("since", revision.path()).remedy(format!(
            "{}; or say in the header of {} why it does not matter here: `-- allow: {} …`",
            rule.remedy,
            revision.path(),
            rule.name
        ))
    }
}

fn upgrade(database: &mut Scratch, revisions: &Revisions, target: &str) -> Result<(), Problem> {
    if revisions.is_empty() {
        return Ok(());
    }
    let mut migrator = Migrator::new(&mut database.client, revisions);
    let upgraded = database.runtime.block_on(migrator.upgrade(target));
    upgraded.map(drop).map_err(in_a_scratch_database)
}

/// The rule that a finding is against.
fn rule(what: &What) -> &'static Rule {
    match what {
        What::Constraint(_) => &PREVIOUS_RELEASE_WRITES,
        _ => &PREVIOUS_RELEASE_QUERIES,
    }
}

fn is_waived(revision: &Revision, rule: &Rule) -> bool {
    let mut waivers = revision.headers().allow.iter();
    waivers.any(|waiver| waiver.rule == rule.name)
}
