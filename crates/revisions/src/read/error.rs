//! Why a set of migrations was refused: one variant for each reason.

use std::path::{Path, PathBuf};

use crate::command_line::command_line;
use crate::source_error::SourceError;

/// Why a set of migrations was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The directory, or something in it, cannot be read.
    #[error("{path}: cannot be read: {source}\n  = help: {help}")]
    Unreadable {
        /// The file or directory.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
        /// What to do.
        help: &'static str,
    },
    /// A file that is not UTF-8.
    #[error(
        "the file is not UTF-8: the byte 0x{byte:02x}\n  --> {path}:{line}:{column}\n  = help: save the file as UTF-8"
    )]
    NotUtf8 {
        /// The file.
        path: String,
        /// The line of the first wrong byte, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
        /// The byte.
        byte: u8,
    },
    /// A file that is meant to be a migration, but is not named like one, so that it would silently be skipped.
    #[error(
        "the file looks like a migration, and is not named like one: {reason}\n  --> {path}\n  = help: rename the file; one that is no migration must not start with a version or contain `__`"
    )]
    Misnamed {
        /// The file.
        path: String,
        /// What is wrong with the name.
        reason: String,
    },
    /// Two files with the same version.
    #[error(
        "the version {id} is used twice\n  --> {first}\n  --> {second}\n  = help: give the one that was applied nowhere yet another version"
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
    #[error(
        "the down script undoes nothing: there is no {up} beside it\n  --> {path}\n  = help: rename it like the script that it undoes, or remove it"
    )]
    OrphanDown {
        /// The down script.
        path: String,
        /// The file that should be there.
        up: String,
    },
    /// A revision that says that it cannot be undone, and a script that undoes it.
    #[error(
        "the header says `down: irreversible`, and yet there is {down}\n  --> {path}\n  = help: remove the one or the other"
    )]
    IrreversibleWithDown {
        /// The revision.
        path: String,
        /// The down script.
        down: String,
    },
    /// A header that cannot be understood, or names a revision that cannot be its parent.
    #[error(transparent)]
    Header(#[from] Box<SourceError>),
    /// Revisions that need each other.
    #[error("these revisions need each other, so none can be the first:{}\n  = help: mend their `revises` and `depends-on` lines", lines(.files))]
    Cycle {
        /// Their files, each needed by the one before it.
        files: Vec<String>,
    },
    /// A branch label that two revisions give.
    #[error(
        "the branch label `{label}` is given twice\n  --> {first}\n  --> {second}\n  = help: keep it in one of them"
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
    #[error("there are {} heads, revisions that no other revises:{}\n  = help: join them: {}", .heads.len(), lines(.files), merge_line("cargo db", .heads, .dir.as_deref()))]
    SeveralHeads {
        /// Their ids.
        heads: Vec<i64>,
        /// Their files.
        files: Vec<String>,
        /// The directory that the command which joins them has to name; none where it finds it by itself.
        dir: Option<PathBuf>,
    },
}

fn lines(files: &[String]) -> String {
    files.iter().map(|file| format!("\n  --> {file}")).collect()
}

/// The command that joins `heads`, as it is typed where the commands are called `program`, and `dir` has to be named.
pub(crate) fn merge_line(program: &str, heads: &[i64], dir: Option<&Path>) -> String {
    let ids: Vec<String> = heads.iter().map(i64::to_string).collect();
    let arguments = format!("merge {} -m \"join the branches\"", ids.join(" "));
    command_line(program, &arguments, dir)
}
