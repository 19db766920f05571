//! Which revisions are to be applied or undone on a database, or why none is touched. Nothing here talks to it.

use crate::history::{Changed, Interrupted, State};
use crate::migrator::error::Error;
use crate::position::Position;
use crate::revision::{Down, Revision};
use crate::revisions::Revisions;

/// A database that has what is not known here, or has had something else: its schema is not touched.
pub(crate) fn refuse_foreign(state: &State) -> Result<(), Error> {
    refuse_unknown(state)?;
    refuse_changed(state.changed.clone())
}

fn refuse_unknown(state: &State) -> Result<(), Error> {
    match state.unknown.is_empty() {
        true => Ok(()),
        false => Err(Error::Ahead {
            unknown: state.unknown.clone(),
        }),
    }
}

fn refuse_changed(changed: Vec<Changed>) -> Result<(), Error> {
    match changed.is_empty() {
        true => Ok(()),
        false => Err(Error::Changed { changed }),
    }
}

/// Where a database is.
pub(crate) fn position<'r>(revisions: &'r Revisions, state: &State, program: &str) -> Position<'r> {
    Position::new(revisions, state.applied.iter().map(|row| row.id), program)
}

/// What an upgrade to `name` applies, in order.
pub(crate) fn upgrade<'r>(
    revisions: &'r Revisions,
    state: &State,
    name: &str,
    program: &str,
) -> Result<Vec<&'r Revision>, Error> {
    refuse_foreign(state)?;
    let planned = position(revisions, state, program).upgrade(name)?;
    refuse_late(state, &planned)?;
    Ok(planned)
}

/// Nothing is applied on top of a revision that is half undone.
pub(crate) fn refuse_half_undone(state: &State, program: &str) -> Result<(), Error> {
    let half = state.interrupted.iter().find(|it| it.undoing);
    half.map_or(Ok(()), |it| Err(interrupted(it, program)))
}

/// Nothing is undone that a revision needs which is half applied.
pub(crate) fn refuse_half_applied(
    revisions: &Revisions,
    state: &State,
    planned: &[&Revision],
    program: &str,
) -> Result<(), Error> {
    let is_undone = |id: &i64| planned.iter().any(|revision| revision.id() == *id);
    let half = state.interrupted.iter().find(|it| {
        let needs = revisions.all_with_needs([it.id]);
        !it.undoing && needs.iter().any(is_undone)
    });
    half.map_or(Ok(()), |it| Err(interrupted(it, program)))
}

fn interrupted(it: &Interrupted, program: &str) -> Error {
    Error::Interrupted {
        id: it.id,
        undoing: it.undoing,
        done: it.done,
        program: program.to_owned(),
    }
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

/// What a downgrade to `name` undoes, in order. That none lacks its down script is seen before the first is undone.
pub(crate) fn downgrade<'r>(
    revisions: &'r Revisions,
    state: &State,
    name: &str,
    program: &str,
) -> Result<Vec<&'r Revision>, Error> {
    refuse_foreign(state)?;
    let planned = position(revisions, state, program).downgrade(name)?;
    refuse_no_way_back(&planned)?;
    Ok(planned)
}

/// What a redo of `name`, or of the revision where the database is, undoes first, in order.
pub(crate) fn redo<'r>(
    revisions: &'r Revisions,
    state: &State,
    name: Option<&str>,
    program: &str,
) -> Result<Vec<&'r Revision>, Error> {
    refuse_unknown(state)?;
    let planned = position(revisions, state, program).redo(name)?;
    // Whoever writes a revision changes it and tries it again: that is what this is for.
    let is_redone = |id: i64| planned.iter().any(|revision| revision.id() == id);
    let others = state
        .changed
        .iter()
        .filter(|changed| !is_redone(changed.id));
    refuse_changed(others.cloned().collect())?;
    refuse_no_way_back(&planned)?;
    Ok(planned)
}

fn refuse_no_way_back(planned: &[&Revision]) -> Result<(), Error> {
    let is_final = |revision: &&&Revision| !matches!(revision.down(), Down::Sql(_));
    match planned.iter().find(is_final) {
        Some(revision) => Err(no_way_back(revision)),
        None => Ok(()),
    }
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
