//! What was planned before the lock was had, and whether it still holds: while a migrator waits for another one, that one
//! moves the database, and `-1` means something else then.

use crate::history::State;
use crate::migrator::error::Error;
use crate::names::Name;
use crate::revision::Revision;
use crate::revisions::Revisions;

/// What whoever asked was shown, if the name that they gave counts from where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected(Option<Vec<i64>>);

impl Expected {
    /// Of a plan to go to `name`, or to where the database is, if there is none. A name that says where to go means the
    /// same wherever the database is.
    pub(crate) fn of(name: Option<&str>, planned: &[&Revision]) -> Self {
        let is_relative = name.is_none_or(|name| Name::parse(name).symbol.is_none());
        Self(is_relative.then(|| ids(planned)))
    }

    /// As [`Expected::of`], of a plan that was made a while ago, if there is one.
    pub(crate) fn since(self, earlier: Option<&[i64]>) -> Self {
        Self(
            self.0
                .map(|planned| earlier.map_or(planned, <[i64]>::to_vec)),
        )
    }

    /// Passes on the plan that was made under the lock, unless it is another one.
    pub(crate) fn hold<'r>(
        &self,
        revisions: &Revisions,
        state: &State,
        planned: Result<Vec<&'r Revision>, Error>,
    ) -> Result<Vec<&'r Revision>, Error> {
        let Some(expected) = &self.0 else {
            return planned;
        };
        let is_another = match &planned {
            Ok(planned) => ids(planned) != *expected,
            // The name leads nowhere any more.
            Err(Error::Target(_)) => true,
            Err(_) => false,
        };
        match is_another {
            true => Err(Error::Moved {
                heads: state.heads(revisions),
            }),
            false => planned,
        }
    }
}

fn ids(planned: &[&Revision]) -> Vec<i64> {
    planned.iter().map(|revision| revision.id()).collect()
}
