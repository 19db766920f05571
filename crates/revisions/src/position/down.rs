//! What has to be undone to go down: a downgrade, and the first half of a redo.

use super::{Position, several_current};
use crate::names::{Name, TargetError};
use crate::revision::Revision;

const DOWN: &str = "a revision id, a unique prefix of one, `base`, `REV-N` or `-N`";

impl<'a> Position<'a> {
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
}
