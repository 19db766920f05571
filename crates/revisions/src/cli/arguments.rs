//! The commands and their options, as they are typed. Alembic's names are understood where ours have hyphens.

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

mod lint;

pub use lint::{Lint, LintFormat};

/// A command on the revisions of a project and its database.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Show where the database is
    Current(Current),
    /// List the revisions, the newest first
    History(History),
    /// List the revisions that no other revises
    Heads(Heads),
    /// List the revisions that several others revise
    Branches(Branches),
    /// Say all about a revision
    Show(Show),
    /// Show what is applied and what is pending; fails if there is something to do
    Status(Status),
    /// Apply revisions, up to one
    Upgrade(Upgrade),
    /// Undo revisions, down to one
    Downgrade(Downgrade),
    /// Undo a revision, and what needs it, and apply it again
    Redo(Redo),
    /// Declare where the database is, without running anything
    Stamp(Stamp),
    /// Make the history table, if it is not there
    #[command(alias = "ensure_version")]
    EnsureVersion(EnsureVersion),
    /// Write a new revision: a pair of files
    Revision(Revision),
    /// Write a revision that joins others
    Merge(Merge),
    /// Open a revision in the editor of VISUAL or EDITOR
    Edit(Edit),
    /// Make the directory of the migrations
    Init,
    /// Compare the model with the migrations, and the database with both
    Check(Check),
    /// Compare the database with what its revisions make: their checksums, and the schema
    Verify(Verify),
    /// Say what the migrations would lock for long, or lose
    Lint(Lint),
    /// Show what two schemas do not have in common
    Diff(Diff),
    /// Print the schema of the database, or of another place, as JSON
    Snapshot(Snapshot),
    /// Draw tables, columns, keys and relations
    Diagram(Diagram),
    /// Wait until the database answers
    Wait(Wait),
}

impl Command {
    /// Whether it asks the database. What it cannot be run without is then a database that is configured.
    #[must_use]
    pub fn needs_database(&self) -> bool {
        match self {
            Self::Current(_)
            | Self::Status(_)
            | Self::Redo(_)
            | Self::Wait(_)
            | Self::Verify(_) => true,
            Self::History(options) => {
                let range = options.range.as_deref().unwrap_or_default();
                options.indicate_current || range.contains("current")
            }
            Self::Show(options) => options.revision.contains("current"),
            Self::Edit(options) => options.revision.contains("current"),
            Self::Upgrade(options) => !options.sql,
            Self::Downgrade(options) => !options.sql,
            Self::Stamp(options) => !options.sql,
            Self::EnsureVersion(options) => !options.sql,
            Self::Heads(_) | Self::Branches(_) | Self::Init | Self::Check(_) => false,
            Self::Diff(_) | Self::Diagram(_) => false,
            Self::Lint(options) => options.pending,
            Self::Snapshot(options) => options.from.is_none(),
            Self::Revision(_) | Self::Merge(_) => false,
        }
    }
}

/// The options of `current`.
#[derive(Debug, Clone, Args)]
pub struct Current {
    /// Say all about each revision
    #[arg(short, long)]
    pub verbose: bool,
    /// Fail if the database is not at the newest revision
    #[arg(short, long, alias = "check_heads")]
    pub check_heads: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `history`.
#[derive(Debug, Clone, Args)]
pub struct History {
    /// Say all about each revision
    #[arg(short, long)]
    pub verbose: bool,
    /// From one revision to another, both shown: START:END, one of them may be left out; `current` is one, `-N:`
    /// begins N before the end, `:+N` ends N after the start
    #[arg(
        short,
        long = "rev-range",
        alias = "rev_range",
        value_name = "START:END",
        allow_hyphen_values = true
    )]
    pub range: Option<String>,
    /// Mark where the database is
    #[arg(short, long, alias = "indicate_current")]
    pub indicate_current: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `heads`.
#[derive(Debug, Clone, Args)]
pub struct Heads {
    /// Say all about each revision
    #[arg(short, long)]
    pub verbose: bool,
    /// Leave out heads that another revision depends on
    #[arg(long, alias = "resolve_dependencies")]
    pub resolve_dependencies: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `branches`.
#[derive(Debug, Clone, Args)]
pub struct Branches {
    /// Say all about each revision
    #[arg(short, long)]
    pub verbose: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `show`.
#[derive(Debug, Clone, Args)]
pub struct Show {
    /// A revision id, a unique prefix of one, a branch label, `head`, `heads` or `current`
    #[arg(allow_hyphen_values = true)]
    pub revision: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `status`.
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `upgrade`.
#[derive(Debug, Clone, Args)]
pub struct Upgrade {
    /// A revision id, a unique prefix of one, a branch label, `head`, `heads`, `+N` or `LABEL@head`; with --sql also
    /// START:END
    #[arg(allow_negative_numbers = true)]
    pub revision: String,
    /// Print the statements for psql instead of running them; asks no database
    #[arg(long)]
    pub sql: bool,
    /// Run everything in a transaction, roll it back, and report
    #[arg(long, alias = "dry_run", conflicts_with = "sql")]
    pub dry_run: bool,
    /// Write a dump of the database into this directory first, with pg_dump [variable: PG_DUMP, its path]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["sql", "dry_run"])]
    pub backup: Option<PathBuf>,
    /// Create the database if there is none
    #[arg(long, alias = "create_database", conflicts_with_all = ["sql", "dry_run"])]
    pub create_database: bool,
}

/// The options of `downgrade`.
#[derive(Debug, Clone, Args)]
pub struct Downgrade {
    /// A revision id, a unique prefix of one, a branch label, `base`, `-N` or `LABEL@base`; with --sql START:END
    #[arg(allow_negative_numbers = true)]
    pub revision: String,
    /// Print the statements for psql instead of running them; asks no database
    #[arg(long)]
    pub sql: bool,
}

/// The options of `redo`.
#[derive(Debug, Clone, Args)]
pub struct Redo {
    /// The revision; without it the one that the database is at
    #[arg(allow_negative_numbers = true)]
    pub revision: Option<String>,
}

/// The options of `stamp`.
#[derive(Debug, Clone, Args)]
pub struct Stamp {
    /// Revision ids, unique prefixes, branch labels, `head`, `heads` or `base`; with --sql also START:END
    #[arg(required = true)]
    pub revisions: Vec<String>,
    /// Empty the history first, whatever is in it
    #[arg(long, conflicts_with = "sql")]
    pub purge: bool,
    /// Print the statements for psql instead of running them; asks no database
    #[arg(long)]
    pub sql: bool,
}

/// The options of `ensure-version`.
#[derive(Debug, Clone, Args)]
pub struct EnsureVersion {
    /// Print the statement instead of running it; asks no database
    #[arg(long)]
    pub sql: bool,
}

/// The options of `revision`.
#[derive(Debug, Clone, Args)]
pub struct Revision {
    /// What it does, in a sentence
    #[arg(short, long)]
    pub message: String,
    /// Write the statements that bring the migrations to the model
    #[arg(long)]
    pub autogenerate: bool,
    /// With --autogenerate: write what drops tables, columns or values, too
    #[arg(long, alias = "allow_data_loss", requires = "autogenerate")]
    pub allow_data_loss: bool,
    /// With --autogenerate: write what `lint` refuses, such as long locks, too, and waive it in the header
    #[arg(long, requires = "autogenerate")]
    pub waive: bool,
    /// What it revises: a revision, `head`, `LABEL@head`, or `base` for a new beginning
    #[arg(long, default_value = "head", value_name = "REV")]
    pub head: String,
    /// Let a branch begin: --head may be a revision that others revise
    #[arg(long)]
    pub splice: bool,
    /// A label for the branch that begins with it
    #[arg(long, alias = "branch_label", value_name = "LABEL")]
    pub branch_label: Option<String>,
    /// What has to be applied before it, besides; may be given several times
    #[arg(long, alias = "depends_on", value_name = "REV")]
    pub depends_on: Vec<String>,
    /// Its version; else the time
    #[arg(long, alias = "rev_id", value_name = "DIGITS")]
    pub rev_id: Option<i64>,
    /// Open the files in the editor of VISUAL or EDITOR
    #[arg(short, long)]
    pub edit: bool,
}

/// The options of `merge`.
#[derive(Debug, Clone, Args)]
pub struct Merge {
    /// The revisions to be joined, or `heads`
    #[arg(required = true)]
    pub revisions: Vec<String>,
    /// What it does, in a sentence
    #[arg(short, long)]
    pub message: Option<String>,
    /// Join revisions that others revise already
    #[arg(long)]
    pub splice: bool,
    /// A label for the branch that begins with it
    #[arg(long, alias = "branch_label", value_name = "LABEL")]
    pub branch_label: Option<String>,
    /// Its version; else the time
    #[arg(long, alias = "rev_id", value_name = "DIGITS")]
    pub rev_id: Option<i64>,
}

/// The options of `edit`.
#[derive(Debug, Clone, Args)]
pub struct Edit {
    /// A revision id, a unique prefix of one, a branch label, `head` or `current`
    #[arg(allow_hyphen_values = true)]
    pub revision: String,
    /// Open the script that undoes it as well
    #[arg(long)]
    pub down: bool,
}

/// The options of `check`.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Compare privileges and owners too, as `-- privileges: compared` in the model does
    #[arg(long)]
    pub privileges: bool,
}

/// The options of `verify`.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `diff`.
#[derive(Debug, Clone, Args)]
pub struct Diff {
    /// What there is: `model`, a revision, the URL of a database, or a FILE.json of `snapshot`
    pub from: String,
    /// What should be; the same kinds
    pub to: String,
    /// Print the statements that lead from the one to the other
    #[arg(long)]
    pub sql: bool,
    /// Compare privileges and owners too, as `-- privileges: compared` in the model does
    #[arg(long)]
    pub privileges: bool,
}

/// The options of `snapshot`.
#[derive(Debug, Clone, Args)]
pub struct Snapshot {
    /// `model`, a revision, or the URL of a database; without it the database that is configured
    pub from: Option<String>,
    /// With privileges and owners, as `-- privileges: compared` in the model does
    #[arg(long)]
    pub privileges: bool,
}

/// The options of `diagram`.
#[derive(Debug, Clone, Args)]
pub struct Diagram {
    /// `model`, a revision, the URL of a database, or a FILE.json of `snapshot`; without it the model
    pub from: Option<String>,
    /// What to write; without it what the name of the file says, and SVG to the standard output
    #[arg(long)]
    pub format: Option<DiagramFormat>,
    /// The file to write; else the standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing; fail if this file is not what would be written
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub check: Option<PathBuf>,
    /// Only tables with such a name, in which `*` stands for any text; may be given several times
    #[arg(long, value_name = "TABLE")]
    pub only: Vec<String>,
}

/// What a diagram is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiagramFormat {
    /// A picture, light or dark as its reader likes it
    Svg,
    /// An `erDiagram` of Mermaid
    Mermaid,
    /// A graph for Graphviz
    Dot,
}

impl fmt::Display for DiagramFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Svg => "svg",
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
        })
    }
}

/// The options of `wait`.
#[derive(Debug, Clone, Args)]
pub struct Wait {
    /// How long, in seconds
    #[arg(long = "timeout", default_value_t = 60, value_name = "SECONDS")]
    pub timeout_s: u64,
}
