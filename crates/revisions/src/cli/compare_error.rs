//! Why schemas could not be compared, or that they differ.

use std::path::PathBuf;

use super::drift::Drift;
use crate::expected_schema::SchemaUnknown;
use crate::source_error::SourceError;

/// Why schemas could not be compared, or that they differ.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// There is no model.
    #[error("{}: cannot be read: {source}\n  = help: write the whole schema as it should be into this file, the model; the migrations are generated from it", .path.display())]
    NoModel {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The model is no SQL that PostgreSQL takes.
    #[error(transparent)]
    Model(Box<SourceError>),
    /// There is no PostgreSQL to try things on.
    #[error("there is no PostgreSQL to try the migrations on: {0}")]
    Scratch(#[from] scratch_postgres::Error),
    /// The roles that the model names cannot be made there.
    #[error(
        "{place} does not make the roles that the model names: {source}\n  = help: let its user make roles (`alter role … createrole`), or make them there by hand"
    )]
    NoRoles {
        /// Which PostgreSQL.
        place: String,
        /// What it said.
        source: tokio_postgres::Error,
    },
    /// The connection was lost, or the catalog cannot be read.
    #[error("{place} cannot be asked for its schema: {source}")]
    Lost {
        /// Which database.
        place: String,
        /// What happened.
        source: tokio_postgres::Error,
    },
    /// A stored schema cannot be read.
    #[error("{}: no stored schema: {problem}\n  = help: write it with `{program} snapshot > FILE.json`", .path.display())]
    NoSnapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// How the commands are called.
        program: String,
    },
    /// Privileges were asked for, and a stored schema has none.
    #[error(
        "{place} was stored without privileges, so they cannot be compared\n  = help: leave out --privileges, or store it again where it came from: `{program} snapshot --privileges > FILE.json`"
    )]
    NoPrivileges {
        /// The file.
        place: String,
        /// How the commands are called.
        program: String,
    },
    /// Somebody has locked what is to be read.
    #[error("{place} cannot be read without a wait for a lock{}\n  = help: compare it when that is done; MIGRATION_STATEMENT_LOCK_TIMEOUT_MS says how long this waits", in_the_way(.holders))]
    Locked {
        /// Which database.
        place: String,
        /// Who has locked what.
        holders: Vec<String>,
    },
    /// Two schemas differ that should not.
    #[error("{what}\n{difference}\n  = help: {help}")]
    Disagree {
        /// What differs from what.
        what: String,
        /// The list.
        difference: String,
        /// What to do.
        help: String,
    },
    /// A database is not what its revisions make.
    #[error(transparent)]
    Drift(Box<Drift>),
    /// Nobody has migrated the database.
    #[error("{place}: no revision is applied: {}\n  = help: if this is the database that was meant, `{program} upgrade head` applies them; else correct the URL, or the search path", if *.has_history { "its history is empty".to_owned() } else { format!("there is no history in its search path, `{search_path}`") })]
    NothingApplied {
        /// Which database.
        place: String,
        /// Where the history was looked for.
        search_path: String,
        /// Whether it is there.
        has_history: bool,
        /// How the commands are called.
        program: String,
    },
    /// The history lacks a revision that an applied one needs.
    #[error("revision {id} is applied, and {missing}, which it needs, is not: the history has lost it, or never had it\n  = help: {}", put_back(&[*.missing], .heads, .program))]
    Gap {
        /// The one that is applied.
        id: i64,
        /// The one that is not.
        missing: i64,
        /// Where the database is.
        heads: Vec<i64>,
        /// How the commands are called.
        program: String,
    },
    /// What the history has cannot be applied by itself.
    #[error("the revisions that are applied cannot be tried without {}, which the history does not have: {reason}\n  = help: {}", list(.late), put_back(.late, .heads, .program))]
    NotWithout {
        /// What the history lacks.
        late: Vec<i64>,
        /// Where the database is.
        heads: Vec<i64>,
        /// What went wrong.
        reason: String,
        /// How the commands are called.
        program: String,
    },
    /// Somebody has changed the schema meanwhile.
    #[error("the database was migrated while it was read\n  = help: compare it again")]
    Moved,
    /// Somebody is changing the schema.
    #[error("the database is being migrated: {holder}\n  = help: compare it when that is done")]
    UnderWay {
        /// Who does it.
        holder: String,
    },
    /// The database is at a revision that is not known here.
    #[error("a newer release has migrated the database: it has the revisions {}, which are not known here\n  = help: compare it with that release", list(.unknown))]
    NewerRelease {
        /// The revisions.
        unknown: Vec<i64>,
    },
    /// The database is in the middle of a script.
    #[error("{} revision {id} was interrupted\n  = help: {} goes on with it; compare the database then", if *.undoing { "undoing" } else { "applying" }, if *.undoing { format!("`{program} downgrade -1`") } else { format!("`{program} upgrade head`") })]
    HalfDone {
        /// The revision.
        id: i64,
        /// Whether it was being undone.
        undoing: bool,
        /// How the commands are called.
        program: String,
    },
    /// What was embedded cannot be used.
    #[error("{0}\n  = help: build the program again")]
    Embedded(SchemaUnknown),
    /// Something would be lost.
    #[error("nothing was written, since data would be lost:\n{}\n  = help: if that is meant, say `--allow-data-loss`; where something only got another name, write `-- renamed-from: old_name` above it in the model", .losses.join("\n"))]
    DataLoss {
        /// What.
        losses: Vec<String>,
    },
    /// The lints refuse what was generated.
    #[error("nothing was written, since the lints would refuse it:\n{}\n  = help: take another way, in several revisions; or, if the tables are small, or nobody uses them meanwhile, say `--waive`", .refused.join("\n"))]
    Lints {
        /// The rules, and what would happen.
        refused: Vec<String>,
    },
    /// What was generated does not do what it should.
    #[error(
        "nothing was written, since no statements were found that lead from the migrations to the model and back: {reason}\n  = help: write it yourself: `{program} revision -m \"…\" --edit`; the list above says what it has to do"
    )]
    NotGenerated {
        /// What went wrong, with the difference that is left.
        reason: String,
        /// How the commands are called.
        program: String,
    },
    /// What is generated follows the head.
    #[error(
        "what is generated follows the head, and `{head}` is not that\n  = help: leave out --head, or write the statements yourself"
    )]
    NotTheHead {
        /// What was asked for.
        head: String,
    },
}

fn list(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(", ")
}

fn in_the_way(holders: &[String]) -> String {
    match holders.is_empty() {
        true => String::new(),
        false => format!(": that of {}", holders.join(", and of ")),
    }
}

/// What to do if the history lacks revisions.
pub(super) fn put_back(missing: &[i64], heads: &[i64], program: &str) -> String {
    let heads: Vec<String> = heads.iter().map(i64::to_string).collect();
    let heads = heads.join(" ");
    format!(
        "if the database has what {} makes, `{program} stamp {heads}` puts it into the history; else `{program} upgrade head` applies it",
        list(missing)
    )
}
