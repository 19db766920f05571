//! Where a database is among the revisions, and what has to be applied, or declared to be somewhere else; what has to be
//! undone is in `down.rs`.
//! Nothing here talks to a database: a script for one that cannot be reached is planned in the same way.
//!
//! Source of the rules: Alembic 1.20, `upgrade`, `downgrade` and `stamp`. Where ours differ, `ALEMBIC.md` says so.

use std::collections::BTreeSet;

use crate::names::{Name, Names, TargetError};
use crate::revision::Revision;
use crate::revisions::Revisions;

mod down;

const UP: &str = "a revision id, a unique prefix of one, `head`, `heads`, `REV+N` or `+N`";
const STAMP: &str = "a revision id, a unique prefix of one, `head`, `heads` or `base`";

/// Where a database is among the revisions: which of them are applied. It plans, and changes nothing.
///
/// ```
/// # use revisions::{Embedded, Position, Revisions};
/// # let file = |file_name| Embedded { file_name, up: "select 1;", down: Some("select 1;"), schema: None };
/// let revisions = Revisions::embedded(&[file("U1__a.sql"), file("U2__b.sql"), file("U3__c.sql")])?;
/// let position = Position::new(&revisions, [1], "cargo db");
/// let ids: Vec<i64> = position.upgrade("+1")?.iter().map(|revision| revision.id()).collect();
/// assert_eq!(ids, [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Position<'a> {
    revisions: &'a Revisions,
    applied: BTreeSet<i64>,
    program: String,
}

impl<'a> Position<'a> {
    /// Where these revisions, and no others, are applied. Unknown ones are left out. `program` is how the commands are
    /// called, for messages.
    pub fn new(
        revisions: &'a Revisions,
        applied: impl IntoIterator<Item = i64>,
        program: &str,
    ) -> Self {
        let known = applied
            .into_iter()
            .filter(|&id| revisions.get(id).is_some());
        Self {
            revisions,
            applied: known.collect(),
            program: program.to_owned(),
        }
    }

    /// Where a database is after an upgrade to `name`, from nothing.
    ///
    /// # Errors
    ///
    /// If there is no such revision.
    pub fn after(revisions: &'a Revisions, name: &str, program: &str) -> Result<Self, TargetError> {
        let base = Self::new(revisions, [], program);
        let ids = base.names(STAMP).all(&Name::parse(name))?;
        Ok(Self::new(revisions, revisions.all_with_needs(ids), program))
    }

    /// The applied revisions.
    #[must_use]
    pub fn applied(&self) -> &BTreeSet<i64> {
        &self.applied
    }

    fn names(&self, allowed: &'static str) -> Names<'_> {
        Names {
            revisions: self.revisions,
            current: None,
            allowed,
            program: &self.program,
        }
    }

    /// What an upgrade to `name` applies, in order.
    ///
    /// # Errors
    ///
    /// If there is no such revision, or more than one could be meant.
    pub fn upgrade(&self, name: &str) -> Result<Vec<&'a Revision>, TargetError> {
        let wanted = self.revisions.all_with_needs(self.upgrade_targets(name)?);
        let missing = |revision: &&Revision| {
            wanted.contains(&revision.id()) && !self.applied.contains(&revision.id())
        };
        Ok(self.revisions.iter().filter(missing).collect())
    }

    fn upgrade_targets(&self, name: &str) -> Result<Vec<i64>, TargetError> {
        let names = self.names(UP);
        let name = Name::parse(name);
        let wrong_direction = || TargetError::WrongDirection {
            name: name.text.to_owned(),
            upgrade: true,
        };
        match (name.symbol, name.steps) {
            (Some("base"), None) => Err(wrong_direction()),
            (Some(_), steps) => match names.all(&name)? {
                base if base.is_empty() && steps.is_some() => Err(wrong_direction()),
                ids => Ok(ids),
            },
            (None, Some(steps)) if steps > 0 => {
                let branch = name.branch.map(|branch| names.branch(branch)).transpose()?;
                let start = match self.starts(branch)[..] {
                    [] => None,
                    [start] => Some(start),
                    ref starts => return Err(several_current(&name, starts.to_vec())),
                };
                Ok(vec![names.walk_up(&name, start, steps, branch)?])
            }
            (None, _) => Err(wrong_direction()),
        }
    }

    /// Where steps up start from: the ends of what is applied without a gap. A revision that was merged late, below
    /// applied ones, is such a gap, and so the next to be applied.
    fn starts(&self, branch: Option<i64>) -> Vec<i64> {
        let mut whole = BTreeSet::new();
        for revision in self.revisions.iter() {
            let applied = self.applied.contains(&revision.id());
            if applied && revision.needs().all(|need| whole.contains(&need)) {
                whole.insert(revision.id());
            }
        }
        let tips = self.revisions.tips(&whole);
        let Some(branch) = branch else {
            return tips;
        };
        let lineage = self.revisions.lineage(branch);
        let on_branch: Vec<i64> = tips.into_iter().filter(|id| lineage.contains(id)).collect();
        if !on_branch.is_empty() {
            return on_branch;
        }
        self.revisions
            .tips(&whole.intersection(&lineage).copied().collect())
    }

    /// What is applied once the database has been declared to be at `names`, each in its own branch. What is applied
    /// on branches that they have nothing to do with stays as it is.
    ///
    /// # Errors
    ///
    /// If there is no such revision, or more than one could be meant.
    pub fn stamp(&self, targets: &[String]) -> Result<BTreeSet<i64>, TargetError> {
        let names = self.names(STAMP);
        let (mut wanted, mut replaced) = (BTreeSet::new(), BTreeSet::new());
        for target in targets {
            let name = Name::parse(target);
            let meant = names.all(&name)?;
            let around = match (&meant[..], name.branch) {
                ([], None) => self.applied.clone(),
                ([], Some(branch)) => self.kin([names.branch(branch)?]),
                (ids, _) => self.kin(ids.iter().copied()),
            };
            replaced.extend(around);
            wanted.extend(meant);
        }
        let kept = self.revisions.tips(&self.applied);
        let kept = kept.into_iter().filter(|id| !replaced.contains(id));
        Ok(self
            .revisions
            .all_with_needs(wanted.iter().copied().chain(kept)))
    }

    /// All that `ids` need, and all that need one of them.
    fn kin(&self, ids: impl IntoIterator<Item = i64> + Clone) -> BTreeSet<i64> {
        let mut kin = self.revisions.all_with_needs(ids.clone());
        kin.append(&mut self.revisions.all_with_needing(ids));
        kin
    }
}

fn several_current(name: &Name<'_>, candidates: Vec<i64>) -> TargetError {
    TargetError::SeveralCurrent {
        name: name.text.to_owned(),
        candidates,
    }
}
