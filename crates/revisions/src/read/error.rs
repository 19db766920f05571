//! Why a set of migrations was refused: one variant for each reason.

use std::path::{Path, PathBuf};

use crate::command_line::command_line;
use crate::source_error::SourceError;

/// Why a set of migrations was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The directory, or something in it, cannot be read.
    #[error("{}", SourceError::of_file(.path, format!("cannot be read: {source}")).remedy(*.help))]
    Unreadable {
        /// The file or directory.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
        /// What to do.
        help: &'static str,
    },
    /// A file that is not UTF-8.
    #[error(transparent)]
    NotUtf8(Box<SourceError>),
    /// A file that is meant to be a migration, but is not named like one, so that it would silently be skipped.
    #[error("{}", SourceError::of_file(.path, format!("it looks like a migration, but is not named like one: {reason}")).remedy(RENAME))]
    Misnamed {
        /// The file.
        path: String,
        /// What is wrong with the name.
        reason: String,
    },
    /// Two files with the same version.
    #[error(
        "the version {id} is used twice\n--> {first}\n--> {second}\n = help: give the one that was applied nowhere yet another version"
    )]
    Duplicate {
        /// The version.
        id: i64,
        /// One of the files.
        first: String,
        /// The other.
        second: String,
    },
    /// A down script whose revision is not there.
    #[error("{}", SourceError::of_file(.path, format!("it undoes nothing: there is no {up} beside it")).remedy("rename it like the script that it undoes, or remove it"))]
    OrphanDown {
        /// The down script.
        path: String,
        /// The file that should be there.
        up: String,
    },
    /// A header that cannot be understood, or names a revision that cannot be its parent.
    #[error(transparent)]
    Header(#[from] Box<SourceError>),
    /// Several of these at once, each in another file.
    #[error("{}", numbered(.0))]
    Several(Vec<ReadError>),
    /// Revisions that need each other.
    #[error("these revisions need each other, so none can be the first:{}\n = help: mend their `revises` and `depends-on` lines", lines(.files))]
    Cycle {
        /// Their files, each needed by the one before it.
        files: Vec<String>,
    },
    /// A branch label that two revisions give.
    #[error(
        "the branch label `{label}` is given twice\n--> {first}\n--> {second}\n = help: keep it in one of them"
    )]
    DuplicateLabel {
        /// The label.
        label: String,
        /// One of the files.
        first: String,
        /// The other.
        second: String,
    },
    /// More than one revision that nothing revises.
    #[error("there are {} heads, revisions that no other revises:{}\n = help: join them: {}", .heads.len(), lines(.files), merge_line("cargo db", .heads, .dir.as_deref()))]
    SeveralHeads {
        /// Their ids.
        heads: Vec<i64>,
        /// Their files.
        files: Vec<String>,
        /// The directory that the command which joins them has to name; none where it finds it by itself.
        dir: Option<PathBuf>,
    },
}

const RENAME: &str =
    "rename the file; one that is no migration must not start with a version or contain `__`";

impl ReadError {
    /// One error of several; `None` if there is none.
    pub(crate) fn of_all(mut errors: Vec<Self>) -> Option<Self> {
        match errors.len() {
            0 | 1 => errors.pop(),
            _ => Some(Self::Several(errors)),
        }
    }
}

/// One after the other, in the manner of a compiler: the first without the word that whoever shows it writes before it.
fn numbered(errors: &[ReadError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("\n\nerror: ")
}

fn lines(files: &[String]) -> String {
    files.iter().map(|file| format!("\n--> {file}")).collect()
}

/// The command that joins `heads`, as it is typed where the commands are called `program`, and `dir` has to be named.
pub(crate) fn merge_line(program: &str, heads: &[i64], dir: Option<&Path>) -> String {
    let ids: Vec<String> = heads.iter().map(i64::to_string).collect();
    let arguments = format!("merge {} -m \"join the branches\"", ids.join(" "));
    command_line(program, &arguments, dir)
}
