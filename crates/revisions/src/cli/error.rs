//! Why a command was refused.

use std::path::{Path, PathBuf};

use super::{CompareError, DiagramError, LintError};
use crate::database::{ConnectError, UrlError};
use crate::migrator::Error;
use crate::names::TargetError;
use crate::read::{DEFAULT_DIRECTORY, ReadError, merge_line};
use crate::scaffold::ScaffoldError;

/// Why a command was refused, or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The migrations cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The setting that names the database is wrong.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The database cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The migrator stopped.
    #[error(transparent)]
    Migrate(#[from] Error),
    /// No such revision.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A revision cannot be written.
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
    /// Schemas cannot be compared, or differ.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// There is no diagram, or an old one.
    #[error(transparent)]
    Diagram(#[from] DiagramError),
    /// The lints refuse migrations, or cannot judge them.
    #[error(transparent)]
    Lint(#[from] LintError),
    /// No database is configured.
    #[error(
        "no database is configured\n  = help: set DATABASE_URL, or DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, in the environment or in .env; or name it here with --url URL"
    )]
    NoDatabase,
    /// The file of settings cannot be read.
    #[error("{}: {problem}\n  = help: a file of settings has lines NAME=value; a value with blanks or `#` is quoted", .path.display())]
    EnvFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A setting that cannot be.
    #[error("{name} cannot be `{value}`: {allowed}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A range that is none.
    #[error("`{range}` is no range\n  = help: write START:END; one of them may be left out")]
    Range {
        /// What was written.
        range: String,
    },
    /// The database is not at the newest revision.
    #[error(
        "the database is not at the head\n  = help: `{program} upgrade {target}` brings it there"
    )]
    NotAtHead {
        /// `head`, or `heads` if there are several.
        target: &'static str,
        /// How the commands are called.
        program: String,
    },
    /// The ends of a range are on different branches.
    #[error(
        "the revision {from} is not an ancestor of `{to}`\n  = help: write the older of the two first; `history` alone shows all"
    )]
    NotAnAncestor {
        /// The start of the range.
        from: i64,
        /// Its end.
        to: String,
    },
    /// A script of a downgrade, without where it starts.
    #[error(
        "a script has to know where the downgrade to `{target}` starts\n  = help: write START:{target}"
    )]
    NoStart {
        /// Where it ends.
        target: String,
    },
    /// Several ranges, or a range beside other revisions.
    #[error(
        "a range stands alone\n  = help: write one START:END, or several revisions without `:`"
    )]
    SeveralRanges,
    /// There is something to be done on the database.
    #[error("the database is behind: {}\n  = help: {}", behind(*.pending, *.changed, *.interrupted), behind_help(*.changed, *.half_undone, .program, .target))]
    Behind {
        /// How many revisions are pending.
        pending: usize,
        /// How many files were changed after they had been applied.
        changed: usize,
        /// How many scripts were interrupted.
        interrupted: usize,
        /// Whether one of these was undoing a revision.
        half_undone: bool,
        /// What it can be brought to: `head`, or `heads` if there are several.
        target: &'static str,
        /// How the commands are called.
        program: String,
    },
    /// A revision that others revise, as the parent of a new one.
    #[error("the revision {id} is no head: {} revise it already\n  = help: {} (`{program} heads`)", list(.children), head_help(*.merge))]
    NotAHead {
        /// The revision.
        id: i64,
        /// Those that revise it.
        children: Vec<i64>,
        /// Whether it was to be joined with others; that never begins a branch.
        merge: bool,
        /// How the commands are called.
        program: String,
    },
    /// Fewer than two revisions to be joined.
    #[error("there is nothing to join: name two revisions, or more{}", merge_note(.heads, .dir, .program))]
    NothingToMerge {
        /// The heads that there are.
        heads: Vec<i64>,
        /// The directory of the migrations.
        dir: PathBuf,
        /// How the commands are called.
        program: String,
    },
    /// The directory of the migrations is not there.
    #[error("{}: there is no such directory of migrations\n  = help: name it with `--dir DIR` or MIGRATIONS_DIR; or make it: `{program} init`", .path.display())]
    NoSource {
        /// The directory.
        path: PathBuf,
        /// How the commands are called.
        program: String,
    },
    /// A file or directory cannot be made.
    #[error("{}: cannot be made: {source}", .path.display())]
    Directory {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// No editor is chosen.
    #[error("no editor is chosen\n  = help: set VISUAL or EDITOR, such as EDITOR=vi; or {instead}")]
    NoEditor {
        /// What to do without one.
        instead: String,
    },
    /// The editor failed.
    #[error(
        "the editor `{editor}` failed: {problem}\n  = help: see whether VISUAL, or EDITOR, is right"
    )]
    Editor {
        /// Its command.
        editor: String,
        /// What happened.
        problem: String,
    },
    /// There is no pg_dump.
    #[error(
        "no backup can be made: {}; nothing was applied\n  = help: install the client programs of PostgreSQL {server_major} or newer, and put them on the PATH, or the path of pg_dump into PG_DUMP; or run without --backup", no_pg_dump(.named.as_deref())
    )]
    NoPgDump {
        /// The major version of the server.
        server_major: u32,
        /// What PG_DUMP names, if it is set.
        named: Option<PathBuf>,
    },
    /// pg_dump is older than the server.
    #[error("no backup can be made: {} is of PostgreSQL {major}, and the server of {server_major}; nothing was applied\n  = help: install the client programs of PostgreSQL {server_major} or newer, and put the path of its pg_dump into PG_DUMP if it is not found; or run without --backup", .path.display())]
    OldPgDump {
        /// The newest pg_dump that there is.
        path: PathBuf,
        /// Its major version.
        major: u32,
        /// The major version of the server.
        server_major: u32,
    },
    /// The backup failed.
    #[error("the backup failed, so nothing was applied: {tool}: {problem}")]
    Backup {
        /// The program that failed.
        tool: &'static str,
        /// What it said.
        problem: String,
    },
    /// The database did not answer in time.
    #[error(
        "{url} did not answer within {seconds} s\n  = help: see whether it starts at all; `--timeout` waits longer"
    )]
    NotInTime {
        /// The database.
        url: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

impl CommandError {
    /// With the directory of the migrations, where the command that joins several heads has to name it.
    pub(super) fn naming(mut self, dir: &Path) -> Self {
        if let Self::Target(TargetError::SeveralHeads { dir: named, .. })
        | Self::Migrate(Error::Target(TargetError::SeveralHeads { dir: named, .. })) = &mut self
        {
            *named = Some(dir)
                .filter(|dir| *dir != Path::new(DEFAULT_DIRECTORY))
                .map(Path::to_owned);
        }
        self
    }
}

fn list(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(", ")
}

fn head_help(merge: bool) -> &'static str {
    match merge {
        true => "say that it is meant with `--splice`; or join heads",
        false => "begin a branch with `--splice`; or revise a head",
    }
}

fn merge_note(heads: &[i64], dir: &Path, program: &str) -> String {
    let dir = Some(dir).filter(|dir| *dir != Path::new(DEFAULT_DIRECTORY));
    match heads {
        [] => String::new(),
        [head] => format!("; {head} is the only head"),
        heads => format!("\n  = help: {}", merge_line(program, heads, dir)),
    }
}

fn behind(pending: usize, changed: usize, interrupted: usize) -> String {
    let many = |count: usize, one: &str, several: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {several}")),
    };
    let parts = [
        many(pending, "revision is pending", "revisions are pending"),
        many(
            changed,
            "file was changed after it had been applied",
            "files were changed after they had been applied",
        ),
        many(
            interrupted,
            "script was interrupted",
            "scripts were interrupted",
        ),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn behind_help(changed: usize, half_undone: bool, program: &str, target: &str) -> String {
    match changed {
        0 if half_undone => {
            format!("`{program} downgrade -1` finishes what was interrupted")
        }
        0 => format!("`{program} upgrade {target}` brings it to the {target}"),
        _ => "restore the changed files, and write what is new in a new revision".to_owned(),
    }
}

fn no_pg_dump(named: Option<&Path>) -> String {
    match named {
        Some(path) => format!(
            "PG_DUMP is {}, which is no pg_dump with pg_restore beside it",
            path.display()
        ),
        None => "there is no pg_dump, with pg_restore beside it".to_owned(),
    }
}
