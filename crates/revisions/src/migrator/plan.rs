//! Which revisions are to be applied or undone, in which order. Nothing here talks to a database.

use std::collections::BTreeSet;

use crate::history::State;
use crate::migrator::error::Error;
use crate::revision::{Down, Revision};
use crate::revisions::Revisions;
use crate::target::{Target, TargetError};

/// A database that has what is not known here, or has had something else: its schema is not touched.
pub(crate) fn refuse_foreign(state: &State) -> Result<(), Error> {
    if !state.unknown.is_empty() {
        return Err(Error::Ahead {
            unknown: state.unknown.clone(),
        });
    }
    if !state.changed.is_empty() {
        return Err(Error::Changed {
            changed: state.changed.clone(),
        });
    }
    Ok(())
}

/// What an upgrade to `target` applies.
pub(crate) fn upgrade<'r>(
    revisions: &'r Revisions,
    state: &State,
    name: &str,
    target: Target,
) -> Result<Vec<&'r Revision>, Error> {
    let pending = state.pending.iter().filter_map(|&id| revisions.get(id));
    let planned: Vec<&Revision> = match target {
        Target::Heads => pending.collect(),
        Target::Base => Vec::new(),
        Target::Id(id) => {
            let wanted = revisions.with_needs(id);
            pending
                .filter(|revision| wanted.contains(&revision.id()))
                .collect()
        }
        Target::Steps(steps) => {
            let steps = usize::try_from(steps).unwrap_or(0);
            let planned: Vec<_> = pending.take(steps).collect();
            if planned.len() < steps {
                return Err(too_far(name, planned.len(), "apply"));
            }
            planned
        }
    };
    refuse_late(state, &planned)?;
    Ok(planned)
}

/// refinery does not apply a `V` migration after a newer one, and says that it is missing: neither do we.
fn refuse_late(state: &State, planned: &[&Revision]) -> Result<(), Error> {
    let Some(newest) = state.applied.last().map(|row| row.id) else {
        return Ok(());
    };
    for revision in planned {
        let is_versioned = revision.file_name().starts_with('V');
        if revision.id() < newest && is_versioned {
            return Err(Error::Late {
                id: revision.id(),
                path: revision.path().to_owned(),
                newest,
            });
        }
    }
    Ok(())
}

/// What a downgrade to `target` undoes, the newest first.
pub(crate) fn downgrade<'r>(
    revisions: &'r Revisions,
    state: &State,
    name: &str,
    target: Target,
    program: &str,
) -> Result<Vec<&'r Revision>, Error> {
    let applied = || {
        revisions
            .iter()
            .rev()
            .filter(|revision| state.is_applied(revision.id()))
    };
    let planned: Vec<&Revision> = match target {
        Target::Base => applied().collect(),
        Target::Heads => {
            let pending = state.pending.first();
            match pending {
                None => Vec::new(),
                Some(_) => {
                    let head = revisions.head().map_or(0, Revision::id);
                    let program = program.to_owned();
                    return Err(TargetError::NotApplied { id: head, program }.into());
                }
            }
        }
        Target::Id(id) if !state.is_applied(id) => {
            return Err(TargetError::NotApplied {
                id,
                program: program.to_owned(),
            }
            .into());
        }
        Target::Id(id) => {
            let doomed = revisions.needed_by(id);
            applied()
                .filter(|revision| doomed.contains(&revision.id()))
                .collect()
        }
        Target::Steps(steps) => down_steps(revisions, state, name, steps)?,
    };
    for revision in &planned {
        if !matches!(revision.down(), Down::Sql(_)) {
            return Err(no_way_back(revision));
        }
    }
    Ok(planned)
}

/// So many revisions back from where the database is, while that is one place.
fn down_steps<'r>(
    revisions: &'r Revisions,
    state: &State,
    name: &str,
    steps: i64,
) -> Result<Vec<&'r Revision>, Error> {
    let steps = usize::try_from(steps.unsigned_abs()).unwrap_or(usize::MAX);
    let mut left: BTreeSet<i64> = state.applied.iter().map(|row| row.id).collect();
    let mut planned = Vec::new();
    while planned.len() < steps {
        let needed: BTreeSet<i64> = left
            .iter()
            .filter_map(|&id| revisions.get(id))
            .flat_map(Revision::needs)
            .collect();
        let current: Vec<i64> = left.difference(&needed).copied().collect();
        match current[..] {
            [] => return Err(too_far(name, planned.len(), "undo")),
            [id] => {
                left.remove(&id);
                planned.extend(revisions.get(id));
            }
            _ => {
                let name = name.to_owned();
                return Err(TargetError::SeveralCurrent {
                    name,
                    candidates: current,
                }
                .into());
            }
        }
    }
    Ok(planned)
}

fn too_far(name: &str, available: usize, verb: &'static str) -> Error {
    TargetError::TooFar {
        name: name.to_owned(),
        available,
        verb,
    }
    .into()
}

/// Why a revision cannot be undone.
pub(crate) fn no_way_back(revision: &Revision) -> Error {
    let (id, path) = (revision.id(), revision.path().to_owned());
    match revision.down() {
        Down::Irreversible(reason) => Error::Irreversible {
            id,
            path,
            reason: reason.to_owned(),
        },
        Down::Missing | Down::Sql(_) => {
            let stem = path.strip_suffix(".sql").unwrap_or(&path);
            Error::NoDownScript {
                id,
                down_path: format!("{stem}.down.sql"),
                path,
            }
        }
    }
}
