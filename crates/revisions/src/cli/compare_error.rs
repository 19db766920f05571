//! Why schemas could not be compared, or that they differ.

use std::path::PathBuf;

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
    #[error("the database is not what its revisions make{}{}\n  = help: {}", changed_lines(.changed), drift(.difference), drift_help(.changed, .difference, .servers.as_ref(), .program))]
    Drift {
        /// The files that are not what was applied.
        changed: Vec<String>,
        /// How the database would have to change.
        difference: String,
        /// The PostgreSQL that made what is expected, and that of the database, if they are of different major versions.
        servers: Option<(String, String)>,
        /// How the commands are called.
        program: String,
    },
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

fn changed_lines(changed: &[String]) -> String {
    let line = |path| format!("\n  --> {path}: was changed after it had been applied");
    changed.iter().map(line).collect()
}

fn drift(difference: &str) -> String {
    match difference.is_empty() {
        true => String::new(),
        false => format!("\n  = to be that, it would have to change so\n{difference}"),
    }
}

fn drift_help(
    changed: &[String],
    difference: &str,
    servers: Option<&(String, String)>,
    program: &str,
) -> String {
    let mut help = Vec::new();
    if !changed.is_empty() {
        help.push(
            "put back the file as it was applied; what else it should do belongs into a new revision"
                .to_owned(),
        );
    }
    if !difference.is_empty() {
        help.push(format!(
            "what was changed by hand is undone by hand, or becomes a revision (`{program} revision -m \"…\"`), declared as done here (`{program} stamp head`)"
        ));
    }
    if let (false, Some((made_by, here))) = (difference.is_empty(), servers) {
        help.push(format!(
            "what is expected was described by PostgreSQL {made_by}, and this is {here}, which may use other words for the same"
        ));
    }
    help.join("\n  = help: ")
}
