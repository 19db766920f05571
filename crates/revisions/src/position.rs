//! Where a database is among the revisions, and what has to be applied, undone or declared to be somewhere else.
//! Nothing here talks to a database: a script for one that cannot be reached is planned in the same way.
//!
//! Source of the rules: Alembic 1.20, `upgrade`, `downgrade` and `stamp`. Where ours differ, `ALEMBIC.md` says so.

use std::collections::BTreeSet;

use crate::names::{Name, Names, TargetError};
use crate::revision::Revision;
use crate::revisions::Revisions;

const UP: &str = "a revision id, a unique prefix of one, `head`, `heads`, `REV+N` or `+N`";
const DOWN: &str = "a revision id, a unique prefix of one, `base`, `REV-N` or `-N`";
const STAMP: &str = "a revision id, a unique prefix of one, `head`, `heads` or `base`";

/// Where a database is among the revisions: which of them are applied. It plans, and changes nothing.
///
/// ```
/// # use revisions::{Embedded, Position, Revisions};
/// # let file = |file_name| Embedded { file_name, up: "select 1;", down: Some("select 1;") };
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
    program: &'a str,
}

impl<'a> Position<'a> {
    /// Where these revisions, and no others, are applied. Unknown ones are left out. `program` is how the commands are
    /// called, for messages.
    pub fn new(
        revisions: &'a Revisions,
        applied: impl IntoIterator<Item = i64>,
        program: &'a str,
    ) -> Self {
        let known = applied
            .into_iter()
            .filter(|&id| revisions.get(id).is_some());
        Self {
            revisions,
            applied: known.collect(),
            program,
        }
    }

    /// Where a database is after an upgrade to `name`, from nothing.
    ///
    /// # Errors
    ///
    /// If there is no such revision.
    pub fn after(
        revisions: &'a Revisions,
        name: &str,
        program: &'a str,
    ) -> Result<Self, TargetError> {
        let base = Self::new(revisions, [], program);
        let ids = base.names(STAMP).all(&Name::parse(name))?;
        Ok(Self::new(revisions, revisions.all_with_needs(ids), program))
    }

    /// The applied revisions.
    #[must_use]
    pub fn applied(&self) -> &BTreeSet<i64> {
        &self.applied
    }

    fn names(&self, allowed: &'static str) -> Names<'a> {
        Names {
            revisions: self.revisions,
            current: None,
            allowed,
            program: self.program,
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

    /// What a downgrade to `name` undoes, in order: those first that nothing needs any more.
    ///
    /// # Errors
    ///
    /// As [`Position::upgrade`]; and if the revision is not applied.
    pub fn downgrade(&self, name: &str) -> Result<Vec<&'a Revision>, TargetError> {
        let name = Name::parse(name);
        let first = match (name.symbol, name.steps) {
            (Some(_), _) => self.after_target(&name)?,
            (None, Some(steps)) if steps < 0 => vec![self.last_of(&name, steps.unsigned_abs())?],
            (None, _) => {
                return Err(TargetError::WrongDirection {
                    name: name.text.to_owned(),
                    upgrade: false,
                });
            }
        };
        Ok(self.undoing(first))
    }

    /// The revisions that are applied and are one of `first` or need one, in the order of undoing.
    fn undoing(&self, first: Vec<i64>) -> Vec<&'a Revision> {
        let doomed = self.revisions.all_with_needing(first);
        let applied = |revision: &&Revision| {
            doomed.contains(&revision.id()) && self.applied.contains(&revision.id())
        };
        self.revisions.iter().rev().filter(applied).collect()
    }

    /// The first revisions after the one that a downgrade names, on the branch that it names.
    fn after_target(&self, name: &Name<'_>) -> Result<Vec<i64>, TargetError> {
        let names = self.names(DOWN);
        let target = names.one(name)?;
        if let Some(id) = target.filter(|id| !self.applied.contains(id)) {
            return Err(self.not_applied(id));
        }
        let first: Vec<i64> = match target {
            None => self.revisions.bases().map(|base| base.id()).collect(),
            Some(id) => self.revisions.children(id).to_vec(),
        };
        let Some(branch) = name.branch.filter(|_| first.len() > 1) else {
            return Ok(first);
        };
        let way = self.revisions.ancestors([names.branch(branch)?]);
        let on_the_way: Vec<i64> = first
            .iter()
            .copied()
            .filter(|id| way.contains(id))
            .collect();
        match on_the_way.is_empty() {
            false => Ok(on_the_way),
            true => Err(TargetError::NotTheWay {
                name: name.text.to_owned(),
                branch: branch.to_owned(),
                candidates: first,
            }),
        }
    }

    /// The last revision to be undone of so many, counted from where the database is. Of a merge, only the last can be.
    fn last_of(&self, name: &Name<'_>, steps: u64) -> Result<i64, TargetError> {
        let names = self.names(DOWN);
        let branch = name.branch.map(|branch| names.branch(branch)).transpose()?;
        let start = match self.ends(branch)[..] {
            [] => return Err(names.too_far(name, 0, "to undo")),
            [start] => start,
            ref ends => return Err(several_current(name, ends.to_vec())),
        };
        names.walk_down(name, start, steps - 1)?.ok_or_else(|| {
            names.too_far(
                name,
                i64::try_from(steps - 1).unwrap_or(i64::MAX),
                "to undo",
            )
        })
    }

    fn not_applied(&self, id: i64) -> TargetError {
        TargetError::NotApplied {
            id,
            program: self.program.to_owned(),
        }
    }

    /// What a redo of `name`, or of the one revision where the database is, undoes first, in order.
    ///
    /// # Errors
    ///
    /// As [`Position::downgrade`].
    pub fn redo(&self, name: Option<&str>) -> Result<Vec<&'a Revision>, TargetError> {
        let redone = match name.map(Name::parse) {
            Some(name) => match self.names(DOWN).one(&name)? {
                Some(id) => vec![id],
                None => return Err(self.names(DOWN).unknown(name.text)),
            },
            None => self.revisions.tips(&self.applied),
        };
        match redone[..] {
            [id] if !self.applied.contains(&id) => return Err(self.not_applied(id)),
            [_, _, ..] => {
                return Err(TargetError::Several {
                    name: "current".to_owned(),
                    candidates: redone,
                });
            }
            _ => {}
        }
        Ok(self.undoing(redone))
    }

    /// Where steps down start from.
    fn ends(&self, branch: Option<i64>) -> Vec<i64> {
        let tips = self.revisions.tips(&self.applied);
        let Some(branch) = branch else {
            return tips;
        };
        let lineage = self.revisions.lineage(branch);
        let on_branch = |tips: Vec<i64>| -> Vec<i64> {
            tips.into_iter().filter(|id| lineage.contains(id)).collect()
        };
        match on_branch(tips) {
            // The end of the branch is no end of all, since another branch depends on it.
            none if none.is_empty() => on_branch(self.revisions.branch_tips(&self.applied)),
            some => some,
        }
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
