//! Why schemas could not be compared, or that they differ.

use std::path::PathBuf;

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
