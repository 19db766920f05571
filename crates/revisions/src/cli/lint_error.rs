//! Why `lint` failed.

use std::path::PathBuf;

use crate::lint::UnknownRule;
use crate::source_error::SourceError;

/// Why migrations are refused, or cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LintError {
    /// Some are refused; each problem has been printed.
    #[error("{}", problems(*.count))]
    Refused {
        /// How many problems.
        count: usize,
    },
    /// What `Cargo.toml` says of the lints is wrong.
    #[error("{}", several(.0))]
    Settings(Vec<SourceError>),
    /// There is no such rule.
    #[error(transparent)]
    UnknownRule(#[from] UnknownRule),
    /// The `Cargo.toml` beside the migrations cannot be read.
    #[error("{}: cannot be read: {source}\n  = help: make the file readable", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

fn problems(count: usize) -> String {
    match count {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    }
}

fn several(errors: &[SourceError]) -> String {
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    errors.join("\n\nerror: ")
}
