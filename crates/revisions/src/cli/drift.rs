//! What a database has that its revisions do not make, or lacks, and what to do about it.

use std::fmt;

use super::compare_error::put_back;

/// A database is not what its revisions make.
#[derive(Debug)]
pub struct Drift {
    /// The files that are not what was applied.
    pub changed: Vec<String>,
    /// How the database would have to change.
    pub difference: String,
    /// How many revisions are pending.
    pub pending: usize,
    /// Those of them that an applied one needs.
    pub late: Vec<i64>,
    /// Where the database is.
    pub heads: Vec<i64>,
    /// The PostgreSQL that made what is expected, and that of the database, if they are of different major versions.
    pub servers: Option<(String, String)>,
    /// How the commands are called.
    pub program: String,
}

impl std::error::Error for Drift {}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database is not what its revisions make")?;
        for path in &self.changed {
            write!(f, "\n  --> {path}: was changed after it had been applied")?;
        }
        if !self.difference.is_empty() {
            let difference = &self.difference;
            write!(
                f,
                "\n  = to be that, it would have to change so\n{difference}"
            )?;
        }
        for help in self.help() {
            write!(f, "\n  = help: {help}")?;
        }
        Ok(())
    }
}

impl Drift {
    fn help(&self) -> Vec<String> {
        let mut help = Vec::new();
        if !self.changed.is_empty() {
            help.push(
                "put back the file as it was applied; what else it should do belongs into a new revision"
                    .to_owned(),
            );
        }
        if self.difference.is_empty() {
            return help;
        }
        let program = &self.program;
        help.push(match self.pending {
            0 => format!(
                "what was changed by hand is undone by hand, or becomes a revision (`{program} revision -m \"…\"`), declared as done here (`{program} stamp head`)"
            ),
            // Whoever declared the head would declare them too, and they would never be applied.
            _ => format!(
                "what was changed by hand is undone by hand; if it is to become a revision, apply what is pending first (`{program} upgrade head`), and compare again"
            ),
        });
        if let Some((made_by, here)) = &self.servers {
            help.push(format!(
                "what is expected was described by PostgreSQL {made_by}, and this is {here}, which may use other words for the same"
            ));
        }
        if !self.late.is_empty() {
            help.push(put_back(&self.late, &self.heads, program));
        }
        help
    }
}
