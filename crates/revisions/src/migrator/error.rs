//! Why a migrator stopped.

use std::time::Duration;

use crate::history::{Changed, HISTORY_TABLE, HistoryRow, PROGRESS_TABLE};
use crate::migrator::lock::Holder;
use crate::names::TargetError;
use crate::source_error::SourceError;

/// Why a migrator stopped. Each message says what happened, where, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The revision that was asked for cannot be gone to.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A statement failed. What it did, and all of its revision, was rolled back, unless the report says otherwise.
    #[error(transparent)]
    Failed(Box<SourceError>),
    /// A migration did not get its locks, however often it was tried. Nothing of it was applied.
    #[error("{report}")]
    LocksNotHad {
        /// How often it was tried.
        attempts: u32,
        /// The statement that waited.
        report: Box<SourceError>,
    },
    /// A revision failed in a dry run after others that were not tried, or not wholly, so it is not known whether it would
    /// fail when they have been applied. All was rolled back.
    #[error("{}", undecided(*.id, .not_tried, .one_batch, .report, .program))]
    Undecided {
        /// The revision.
        id: i64,
        /// Those before it that were not tried, since they cannot run in a transaction.
        not_tried: Vec<i64>,
        /// Those before it that run until there are no rows, and of which a single batch was tried.
        one_batch: Vec<i64>,
        /// What PostgreSQL said.
        report: Box<SourceError>,
        /// How the commands are called.
        program: String,
    },
    /// Another migrator was at work for longer than was waited for.
    #[error("another migrator has been at work on this database for {} s{}\n  = help: wait for it; or see what it does in pg_stat_activity, and end it with `select pg_terminate_backend({})`", .waited.as_secs(), holder_note(.holder.as_ref()), .holder.as_ref().map_or_else(|| "pid".to_owned(), |holder| holder.pid.to_string()))]
    Locked {
        /// How long it was waited for.
        waited: Duration,
        /// Who it is, if it can be seen.
        holder: Option<Holder>,
    },
    /// The migration lock was given back while the migrator was at work, so another one may have been at work too.
    #[error(
        "{doing}: the migration lock is not held any more, so nothing more was done, and the history was not written\n  = help: a function that a script called gave back all locks of its session (`pg_advisory_unlock_all`, `discard all`), or a pool gave it another session: remove that, see where the database is, and run the command again"
    )]
    LockLost {
        /// What was being done.
        doing: String,
    },
    /// Another migrator has moved the database while this one waited for it, and the name that was asked for counts from
    /// where the database is.
    #[error("somebody else has moved the database to {}, so the name means something else than when it was given; nothing was done\n  = help: look where it is, and run the command again", place(.heads))]
    Moved {
        /// Where it is now: its heads, or none if nothing is applied any more.
        heads: Vec<i64>,
    },
    /// The database has revisions that are not known here.
    #[error("the database is ahead: it has {}, which this program does not know; the schema was left as it is\n  = help: run a release that has them, or bring back their files", ids(.unknown))]
    Ahead {
        /// Their rows in the history.
        unknown: Vec<HistoryRow>,
    },
    /// Files were changed after they had been applied.
    #[error("{}\n  = help: restore the file as it was applied, and write what is new in a new revision; one that was applied nowhere else is undone and applied anew by `redo`", changes(.changed))]
    Changed {
        /// Which.
        changed: Vec<Changed>,
    },
    /// A `V` migration that is older than what is applied.
    #[error(
        "{path}: the revision {id} is older than {newest}, which is applied, and a `V` migration is not applied late\n  = help: give it a version of now, or rename it to `U…`, if it may be applied after the newer ones"
    )]
    Late {
        /// The revision.
        id: i64,
        /// Its file.
        path: String,
        /// The newest that is applied.
        newest: i64,
    },
    /// A script that runs outside of a transaction was interrupted, and comes first.
    #[error("{}", interrupted(*.id, *.undoing, *.done, .program))]
    Interrupted {
        /// The revision.
        id: i64,
        /// Whether it was being undone.
        undoing: bool,
        /// How many of the statements of the script are known to have been done.
        done: usize,
        /// How the commands are called.
        program: String,
    },
    /// A revision to be undone has no down script.
    #[error(
        "{path}: the revision {id} cannot be undone: it has no down script\n  = help: write {down_path}, or restore a backup"
    )]
    NoDownScript {
        /// The revision.
        id: i64,
        /// Its file.
        path: String,
        /// The script to be written.
        down_path: String,
    },
    /// A revision to be undone says that it cannot be.
    #[error(
        "{path}: the revision {id} cannot be undone: {reason}\n  = help: restore a backup, or write a new revision that goes on from here"
    )]
    Irreversible {
        /// The revision.
        id: i64,
        /// Its file.
        path: String,
        /// The reason that its header gives.
        reason: String,
    },
    /// The history table cannot be read, made or written.
    #[error("{doing}: {}\n  = help: {}", database_message(.source), history_help(.source))]
    History {
        /// What was being done.
        doing: String,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
    /// The row of an undone revision was no longer in the history.
    #[error(
        "the revision {id} was undone by somebody else at the same time; nothing was changed\n  = help: look where the database is, and run the command again"
    )]
    RowGone {
        /// The revision.
        id: i64,
    },
    /// The connection was lost, or PostgreSQL refused something that has nothing to do with a revision.
    #[error("{doing}: {}\n  = help: see whether the server still runs, and run the command again: what was committed stands, the rest was rolled back", database_message(.source))]
    Database {
        /// What was being done.
        doing: String,
        /// What went wrong.
        source: tokio_postgres::Error,
    },
    /// refinery refused a migration for a reason of its own.
    #[error("refinery refused the revision {id}: {message}")]
    Refinery {
        /// The revision.
        id: i64,
        /// What it said.
        message: String,
    },
}

/// PostgreSQL's words for an error, with its code; else the chain of causes.
pub(crate) fn database_message(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        let detail = error
            .detail()
            .map(|detail| format!("; {detail}"))
            .unwrap_or_default();
        return format!("{} ({}){detail}", error.message(), error.code().code());
    }
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}

fn history_help(error: &tokio_postgres::Error) -> String {
    match error.code().map(tokio_postgres::error::SqlState::code) {
        Some("42501") => format!(
            "migrate with a role that may create tables in the schema and owns {HISTORY_TABLE} \
             (MIGRATION_DATABASE_URL)"
        ),
        Some("22003") => format!(
            "the table was made for small versions: `alter table {HISTORY_TABLE} alter column version type bigint`"
        ),
        Some("3F000") => "the search_path names no schema that exists: create it".to_owned(),
        Some("25006") => "connect to the primary: this server, or this role, only reads".to_owned(),
        Some("55P03" | "40P01") => format!(
            "see in pg_locks who holds a lock on {HISTORY_TABLE}, and run the command again when it is free"
        ),
        _ => format!("{HISTORY_TABLE} has to be the table that refinery makes"),
    }
}

fn place(heads: &[i64]) -> String {
    match heads {
        [] => "where nothing is applied".to_owned(),
        heads => list(heads),
    }
}

fn list(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(", ")
}

/// What PostgreSQL said is there, but not that the file has to be mended.
fn undecided(
    id: i64,
    not_tried: &[i64],
    one_batch: &[i64],
    report: &SourceError,
    program: &str,
) -> String {
    let mut report = report.clone();
    if !not_tried.is_empty() {
        let note = format!("{} (it cannot run in a transaction)", list(not_tried));
        report = report.note("not tried", note);
    }
    if !one_batch.is_empty() {
        let note = format!("{} (it runs until there are no rows)", list(one_batch));
        report = report.note("one batch tried", note);
    }
    let before = not_tried.iter().chain(one_batch).max_by_key(|id| **id);
    let first = before.map(|before| {
        format!(
            "; or apply what is before it with `{program} upgrade {before}`, and then try the rest"
        )
    });
    let report = report.remedy(format!(
        "run the same on a copy of the database, without `--dry-run`{}",
        first.unwrap_or_default()
    ));
    format!(
        "undecided, and rolled back: the revision {id} failed, and may need what a dry run leaves out before it: {report}"
    )
}

fn ids(rows: &[HistoryRow]) -> String {
    let ids: Vec<String> = rows
        .iter()
        .map(|row| match &row.name {
            Some(name) => format!("{} ({name})", row.id),
            None => row.id.to_string(),
        })
        .collect();
    ids.join(", ")
}

fn changes(changed: &[Changed]) -> String {
    let lines: Vec<String> = changed
        .iter()
        .map(|change| {
            let (name, checksum) = &change.applied;
            let known =
                |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
            if name.as_deref() == Some(&change.found.0) {
                format!(
                    "{}: was changed after it had been applied: its checksum was {} and is {}",
                    change.path,
                    known(checksum),
                    change.found.1
                )
            } else {
                format!(
                    "{}: the revision {} was applied under another name: {}",
                    change.path,
                    change.id,
                    known(name)
                )
            }
        })
        .collect();
    lines.join("\n")
}

fn interrupted(id: i64, undoing: bool, done: usize, program: &str) -> String {
    let (doing, consequence) = match undoing {
        true => ("undoing", "nothing is applied on top of what is left of it"),
        false => ("applying", "nothing that it needs is undone"),
    };
    let (finish, mend) = match undoing {
        true => (
            format!("`{program} downgrade -1`"),
            "bring back by hand what was undone",
        ),
        false => (
            format!("`{program} upgrade head`"),
            "take back by hand what it did",
        ),
    };
    format!(
        "{doing} the revision {id} was interrupted after {done} of its statements, so {consequence}\n  \
         = help: {finish} goes on with it; or {mend}, then \
         `delete from {PROGRESS_TABLE} where version = {id}`"
    )
}

fn holder_note(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| format!(": {holder}"))
}
