//! The names that a person gives to revisions: `head`, `+1`, `20251122`, `reports@head-2`, … and which are meant.
//!
//! Source: Alembic 1.20, "Relative Migration Identifiers", "Partial Revision Identifiers" and "Working with Branches".
//! Where a name leads from where a database is, is in `position.rs`.

use crate::revisions::Revisions;

mod error;

pub use error::{TargetError, Unknown};

/// A name, taken apart: `branch@symbol±steps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<'n> {
    /// The name as it was written.
    pub(crate) text: &'n str,
    /// The branch that is meant: a label, or a revision on it.
    pub(crate) branch: Option<&'n str>,
    /// An id, the beginning of one, a label, `head`, `heads`, `base`, `current`; left out it is where the database is.
    pub(crate) symbol: Option<&'n str>,
    /// How many revisions further up, or down if negative.
    pub(crate) steps: Option<i64>,
}

impl<'n> Name<'n> {
    pub(crate) fn parse(text: &'n str) -> Self {
        let (branch, rest) = match text.split_once('@') {
            Some((branch, rest)) => (Some(branch), rest),
            None => (None, text),
        };
        let steps = rest
            .rfind(['+', '-'])
            .and_then(|at| Some((at, parse_steps(&rest[at..])?)));
        let (symbol, steps) = match steps {
            Some((at, steps)) => (&rest[..at], Some(steps)),
            None => (rest, None),
        };
        Self {
            text,
            branch,
            symbol: (steps.is_none() || !symbol.is_empty()).then_some(symbol),
            steps,
        }
    }
}

/// `+2` or `-2`. A number that no project reaches is as good as the largest.
fn parse_steps(text: &str) -> Option<i64> {
    let digits = &text[1..];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let steps = digits.parse().unwrap_or(i64::MAX);
    Some(if text.starts_with('-') { -steps } else { steps })
}

/// What names are looked up in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) revisions: &'a Revisions,
    /// Where the database is, if it was asked: what `current` means.
    pub(crate) current: Option<&'a [i64]>,
    /// What can be named here, for messages.
    pub(crate) allowed: &'static str,
    /// How the commands are called, for messages.
    pub(crate) program: &'a str,
}

impl Names<'_> {
    /// The revisions that are meant: none for `base`, several for `heads` and `current` only.
    pub(crate) fn all(&self, name: &Name<'_>) -> Result<Vec<i64>, TargetError> {
        let symbol = name.symbol.ok_or_else(|| self.unknown(name.text))?;
        let meant = self.without_steps(name, symbol)?;
        let Some(steps) = name.steps else {
            return Ok(meant);
        };
        let start = self.only(name, meant)?;
        if steps >= 0 {
            let branch = name.branch.map(|branch| self.branch(branch)).transpose()?;
            return Ok(vec![self.walk_up(name, start, steps, branch)?]);
        }
        let walked = match start {
            Some(start) => self.walk_down(name, start, steps.unsigned_abs())?,
            None => return Err(self.too_far(name, 0, "to undo")),
        };
        Ok(walked.into_iter().collect())
    }

    /// The one revision that is meant, or none, which is the base.
    pub(crate) fn one(&self, name: &Name<'_>) -> Result<Option<i64>, TargetError> {
        let meant = self.all(name)?;
        self.only(name, meant)
    }

    fn only(&self, name: &Name<'_>, meant: Vec<i64>) -> Result<Option<i64>, TargetError> {
        match meant[..] {
            [] => Ok(None),
            [id] => Ok(Some(id)),
            _ => Err(TargetError::Several {
                name: name.text.to_owned(),
                candidates: meant,
            }),
        }
    }

    fn without_steps(&self, name: &Name<'_>, symbol: &str) -> Result<Vec<i64>, TargetError> {
        let branch = name.branch.map(|branch| self.branch(branch)).transpose()?;
        let on_branch = |ids: Vec<i64>| match branch {
            None => ids,
            Some(branch) => {
                let lineage = self.revisions.lineage(branch);
                ids.into_iter().filter(|id| lineage.contains(id)).collect()
            }
        };
        let heads = || on_branch(self.revisions.heads().map(|head| head.id()).collect());
        match (symbol, self.current) {
            // Without a branch, one that another depends on is no head: it comes with that one.
            ("heads", _) if branch.is_none() => Ok(self.revisions.tips(&self.revisions.all())),
            ("heads", _) => Ok(heads()),
            ("base", _) => Ok(Vec::new()),
            ("head", _) => match heads() {
                heads if heads.len() > 1 => Err(TargetError::SeveralHeads {
                    name: name.text.to_owned(),
                    heads,
                    program: self.program.to_owned(),
                    // Revisions do not know where they were read.
                    dir: None,
                }),
                heads => Ok(heads),
            },
            ("current", Some(current)) => Ok(on_branch(current.to_vec())),
            _ => self.id(name, symbol, branch).map(|id| vec![id]),
        }
    }

    /// The revision that stands for a branch: the one with this label, or any that is on it.
    pub(crate) fn branch(&self, branch: &str) -> Result<i64, TargetError> {
        match self.revisions.labelled(branch) {
            Some(revision) => Ok(revision.id()),
            None => self.id(&Name::parse(branch), branch, None),
        }
    }

    /// The revision with this label or id, or the only one on the branch whose id or label begins so.
    fn id(&self, name: &Name<'_>, symbol: &str, branch: Option<i64>) -> Result<i64, TargetError> {
        let lineage = branch.map(|branch| self.revisions.lineage(branch));
        let on_branch = |id: &i64| lineage.as_ref().is_none_or(|lineage| lineage.contains(id));
        if let Some(id) = self.exact(symbol) {
            return match (on_branch(&id), name.branch) {
                (false, Some(branch)) => Err(TargetError::NotOnBranch {
                    id,
                    branch: branch.to_owned(),
                }),
                _ => Ok(id),
            };
        }
        let begins_so = |name: &str| !symbol.is_empty() && name.starts_with(symbol);
        let mut candidates: Vec<i64> = self
            .revisions
            .iter()
            .filter(|it| {
                begins_so(&it.id().to_string())
                    || it.headers().branch.as_deref().is_some_and(begins_so)
            })
            .map(|revision| revision.id())
            .filter(on_branch)
            .collect();
        candidates.sort_unstable();
        match candidates[..] {
            [id] => Ok(id),
            [] => Err(self.unknown(symbol)),
            _ => Err(TargetError::Ambiguous {
                name: symbol.to_owned(),
                candidates,
            }),
        }
    }

    fn exact(&self, symbol: &str) -> Option<i64> {
        let by_id = symbol
            .parse()
            .ok()
            .filter(|_| symbol.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|id| self.revisions.get(id));
        by_id
            .or_else(|| self.revisions.labelled(symbol))
            .map(|revision| revision.id())
    }

    /// So many revisions up from `start`, or from the base, on `branch` if it is given.
    pub(crate) fn walk_up(
        &self,
        name: &Name<'_>,
        start: Option<i64>,
        steps: i64,
        branch: Option<i64>,
    ) -> Result<i64, TargetError> {
        let lineage = branch.map(|branch| self.revisions.lineage(branch));
        let mut at = start;
        for done in 0..steps {
            let next: Vec<i64> = match at {
                None => self.revisions.bases().map(|base| base.id()).collect(),
                Some(id) => self.revisions.children(id).to_vec(),
            };
            let on_branch = |id: &i64| lineage.as_ref().is_none_or(|lineage| lineage.contains(id));
            let next: Vec<i64> = next.into_iter().filter(on_branch).collect();
            at = match next[..] {
                [] => return Err(self.too_far(name, done, "to apply")),
                [id] => Some(id),
                _ => return Err(several_ways(name, next)),
            };
        }
        at.ok_or_else(|| self.too_far(name, 0, "to apply"))
    }

    /// So many revisions down from `start`; `None` is the base.
    pub(crate) fn walk_down(
        &self,
        name: &Name<'_>,
        start: i64,
        steps: u64,
    ) -> Result<Option<i64>, TargetError> {
        let mut at = Some(start);
        for done in 0..steps {
            let Some(id) = at else {
                let done = i64::try_from(done).unwrap_or(i64::MAX);
                return Err(self.too_far(name, done, "to undo"));
            };
            let parents = self.revisions.get(id).map_or(&[][..], |it| it.parents());
            at = match *parents {
                [] => None,
                [parent] => Some(parent),
                _ => return Err(several_ways(name, parents.to_vec())),
            };
        }
        Ok(at)
    }

    pub(crate) fn too_far(
        &self,
        name: &Name<'_>,
        available: i64,
        place: &'static str,
    ) -> TargetError {
        TargetError::TooFar {
            name: name.text.to_owned(),
            available,
            place,
        }
    }

    pub(crate) fn unknown(&self, name: &str) -> TargetError {
        TargetError::Unknown(Box::new(Unknown {
            name: name.to_owned(),
            newest: self.revisions.iter().map(|revision| revision.id()).max(),
            labels: self
                .revisions
                .iter()
                .filter_map(|revision| revision.headers().branch.clone())
                .collect(),
            allowed: self.allowed,
            program: self.program.to_owned(),
        }))
    }
}

fn several_ways(name: &Name<'_>, candidates: Vec<i64>) -> TargetError {
    TargetError::SeveralWays {
        name: name.text.to_owned(),
        candidates,
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    fn parts(text: &str) -> (Option<&str>, Option<&str>, Option<i64>) {
        let name = Name::parse(text);
        (name.branch, name.symbol, name.steps)
    }

    #[test]
    fn a_name_is_taken_apart() {
        assert_eq!(parts("head"), (None, Some("head"), None));
        assert_eq!(parts("+2"), (None, None, Some(2)));
        assert_eq!(parts("-1"), (None, None, Some(-1)));
        assert_eq!(parts("2025-3"), (None, Some("2025"), Some(-3)));
        assert_eq!(parts("a@head"), (Some("a"), Some("head"), None));
        assert_eq!(parts("a@+1"), (Some("a"), None, Some(1)));
        assert_eq!(parts("a@base+2"), (Some("a"), Some("base"), Some(2)));
        assert_eq!(parts("+99999999999999999999"), (None, None, Some(i64::MAX)));
    }

    #[test]
    fn what_is_no_step_stays_a_part_of_the_name() {
        assert_eq!(parts("head-"), (None, Some("head-"), None));
        assert_eq!(parts("head~2"), (None, Some("head~2"), None));
        assert_eq!(parts("+1x"), (None, Some("+1x"), None));
        assert_eq!(parts(""), (None, Some(""), None));
        assert_eq!(parts("a@"), (Some("a"), Some(""), None));
    }
}
