//! The options of `lint`.

use std::fmt;

use clap::{Args, ValueEnum};

/// The options of `lint`. Without revisions, those are judged that are newer than `lint-after` in the `Cargo.toml` beside
/// the migrations; without that, all.
#[derive(Debug, Clone, Args)]
pub struct Lint {
    /// Revision ids, unique prefixes, branch labels, `head` or `heads`, or ranges START:END; without them, all that are
    /// newer than `lint-after` in Cargo.toml
    #[arg(conflicts_with = "pending", allow_hyphen_values = false)]
    pub revisions: Vec<String>,
    /// Only what is not applied in the database
    #[arg(long)]
    pub pending: bool,
    /// Tables of any of these revisions count as new, and not only those of the same one
    #[arg(long)]
    pub undeployed: bool,
    /// What is printed
    #[arg(long, default_value_t = LintFormat::Text)]
    pub format: LintFormat,
    /// A rule that is not looked at; may be given several times, as the next two
    #[arg(long, value_name = "RULE")]
    pub allow: Vec<String>,
    /// A rule that is only told of
    #[arg(long, value_name = "RULE")]
    pub warn: Vec<String>,
    /// A rule that makes the command fail
    #[arg(long, value_name = "RULE")]
    pub deny: Vec<String>,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// For people
    Text,
    /// A list of objects
    Json,
    /// Workflow commands, which GitHub shows at the lines of a pull request
    Github,
}

impl fmt::Display for LintFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Github => "github",
        })
    }
}
