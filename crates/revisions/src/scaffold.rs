//! New revisions in a directory of migrations: their version, their name, the header of their files.
//!
//! What is written is read back at once: a pair of files that the next reader would refuse is not left behind.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use crate::header::{Headers, Script};
use crate::read::ReadError;
use crate::revision::Revision;
use crate::revisions::Revisions;

mod files;
mod slug;

use files::{Pair, Reservation, Reserved};
pub use slug::slug;

/// The line of a header that keeps the statements out of a transaction.
const OUTSIDE_TRANSACTION: &str = "-- transaction: none\n";

/// A revision that is to be written.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What it does, in a sentence.
    pub message: String,
    /// What it revises; none for a base.
    pub parents: Vec<i64>,
    /// A label for the branch that starts with it.
    pub branch: Option<String>,
    /// What has to be applied before it, besides.
    pub depends_on: Vec<i64>,
    /// Its version; else the time.
    pub id: Option<i64>,
    /// What applies it, and what undoes it, below the headers.
    pub up: String,
    /// See `up`.
    pub down: String,
    /// Whether the statements of `up` run one by one, outside of a transaction.
    pub up_outside_transaction: bool,
    /// See `up_outside_transaction`.
    pub down_outside_transaction: bool,
}

/// The pair of files of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its version.
    pub id: i64,
    /// The script that applies it.
    pub up: PathBuf,
    /// The script that undoes it.
    pub down: PathBuf,
}

/// Why no revision was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// The message would be taken for something else.
    #[error(
        "the message cannot be `{message}`: {reason}\n  = help: write what the revision does, in a sentence"
    )]
    Message {
        /// The message.
        message: String,
        /// Why not.
        reason: String,
    },
    /// The label cannot be one.
    #[error("the branch label cannot be `{label}`: {reason}")]
    Label {
        /// The label.
        label: String,
        /// Why not.
        reason: String,
    },
    /// The version that was asked for cannot be.
    #[error("the version cannot be {id}: {reason}\n  = help: {help}")]
    Id {
        /// The version.
        id: i64,
        /// Why not.
        reason: String,
        /// What to do.
        help: String,
    },
    /// A file cannot be written.
    #[error("{}: cannot be written: {source}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// With the new files, the directory would be refused.
    #[error("nothing was written, since it would be refused: {0}")]
    Refused(#[source] Box<ReadError>),
}

impl Draft {
    /// Writes the pair of files into `dir`, whose revisions are `revisions`; `now` is the time.
    ///
    /// Several programs may do so at the same moment: each gets a version of its own.
    ///
    /// # Errors
    ///
    /// See [`ScaffoldError`]. There is no new file then.
    pub fn write(
        &self,
        dir: &Path,
        revisions: &Revisions,
        now: DateTime<Utc>,
    ) -> Result<Written, ScaffoldError> {
        let message = self.sentence()?;
        self.refuse_wrong_label()?;
        let reservation = self.reserve(dir, revisions, now)?;
        let id = reservation.id;
        let stem = format!("U{id}__{}", slug(&self.message));
        let up = dir.join(format!("{stem}.sql"));
        let down = dir.join(format!("{stem}.down.sql"));
        let written = Written { id, up, down };
        let outside = match self.down_outside_transaction {
            true => OUTSIDE_TRANSACTION,
            false => "",
        };
        let pair = Pair::write(
            &written,
            &format!("{}\n{}", self.header(&message), self.up),
            &format!("-- Takes back: {message}\n{outside}\n{}", self.down),
        )?;
        // Read back: a label that is given twice, a parent that is younger.
        Revisions::read_with_several_heads(dir)
            .map_err(|error| ScaffoldError::Refused(Box::new(error)))?;
        pair.keep();
        Ok(written)
    }

    fn header(&self, message: &str) -> String {
        let list = |ids: &[i64]| {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            ids.join(", ")
        };
        let mut header = format!("-- {message}\n");
        let parents = match self.parents.as_slice() {
            [] => "none".to_owned(),
            parents => list(parents),
        };
        header.push_str(&format!("-- revises: {parents}\n"));
        if self.up_outside_transaction {
            header.push_str(OUTSIDE_TRANSACTION);
        }
        if let Some(branch) = &self.branch {
            header.push_str(&format!("-- branch: {branch}\n"));
        }
        if !self.depends_on.is_empty() {
            header.push_str(&format!("-- depends-on: {}\n", list(&self.depends_on)));
        }
        header
    }

    /// The message as a sentence on one line, which a reader of the header takes for nothing else.
    fn sentence(&self) -> Result<String, ScaffoldError> {
        let words: Vec<&str> = self.message.split_whitespace().collect();
        let mut sentence = words.join(" ");
        let refuse = |reason: &str| ScaffoldError::Message {
            message: self.message.clone(),
            reason: reason.to_owned(),
        };
        if !sentence.contains(char::is_alphanumeric) {
            return Err(refuse("it has no word in it"));
        }
        if !sentence.ends_with(['.', '!', '?', '。', '！', '？']) {
            sentence.push('.');
        }
        let as_header = format!("-- {sentence}\n");
        match Headers::parse("", &as_header, Script::Up) {
            Ok(headers) if headers.message.is_some() && headers.lines.is_empty() => Ok(sentence),
            _ => Err(refuse("it would be read as a line of the header")),
        }
    }

    fn refuse_wrong_label(&self) -> Result<(), ScaffoldError> {
        let Some(label) = &self.branch else {
            return Ok(());
        };
        let refuse = |reason: String| ScaffoldError::Label {
            label: label.clone(),
            reason,
        };
        match Headers::parse("", &format!("-- branch: {label}\n"), Script::Up) {
            Ok(headers) if headers.branch.as_ref() == Some(label) => Ok(()),
            Ok(_) => Err(refuse("a label is one word".to_owned())),
            Err(error) => Err(refuse(error.remedy.unwrap_or(error.message))),
        }
    }

    /// A version that no file has: the time, or the first free one after it and after what has to be older.
    fn reserve(
        &self,
        dir: &Path,
        revisions: &Revisions,
        now: DateTime<Utc>,
    ) -> Result<Reservation, ScaffoldError> {
        let needs = self.parents.iter().chain(&self.depends_on).copied();
        // One that does not say what it revises would revise the new one, if that came before it.
        let unsaid = revisions.iter().filter(|it| it.headers().revises.is_none());
        let oldest = needs.chain(unsaid.map(Revision::id)).max().unwrap_or(0);
        if let Some(id) = self.id {
            self.refuse_wrong_id(id, oldest, revisions)?;
            return match Reservation::make(dir, id)? {
                Reserved::Ours(reservation) => Ok(reservation),
                Reserved::Taken => Err(refused_id(id, "there is a file with it".to_owned())),
                Reserved::Elsewhere => Err(ScaffoldError::Id {
                    id,
                    reason: "another program is writing it".to_owned(),
                    help: format!(
                        "remove {} if there is no such program",
                        Reservation::path(dir, id).display()
                    ),
                }),
            };
        }
        for second in 0.. {
            let time = now + TimeDelta::seconds(second);
            let digits = time.format("%Y%m%d%H%M%S").to_string().parse().unwrap_or(0);
            // The clock of whoever wrote the parent may have been wrong.
            let id = match digits > oldest {
                true => Some(digits),
                false => oldest.checked_add(1 + second),
            };
            let Some(id) = id else {
                return Err(ScaffoldError::Id {
                    id: oldest,
                    reason: "the new one has to be larger than it, and no number is".to_owned(),
                    help: "give the revision that has it another version, if it was applied nowhere yet"
                        .to_owned(),
                });
            };
            if revisions.get(id).is_none()
                && let Reserved::Ours(reservation) = Reservation::make(dir, id)?
            {
                return Ok(reservation);
            }
        }
        unreachable!("there is always a later second")
    }

    fn refuse_wrong_id(
        &self,
        id: i64,
        oldest: i64,
        revisions: &Revisions,
    ) -> Result<(), ScaffoldError> {
        let reason = if id < 1 {
            "it has to be larger than 0".to_owned()
        } else if let Some(revision) = revisions.get(id) {
            format!("{} has it", revision.path())
        } else if id > oldest {
            return Ok(());
        } else if self
            .parents
            .iter()
            .chain(&self.depends_on)
            .any(|need| *need >= id)
        {
            format!("it has to be larger than {oldest}, which it needs")
        } else {
            format!(
                "it has to be larger than {oldest}, which does not say what it revises and would revise it"
            )
        };
        Err(refused_id(id, reason))
    }
}

fn refused_id(id: i64, reason: String) -> ScaffoldError {
    ScaffoldError::Id {
        id,
        reason,
        help: "ask for another, or for none: the time is its version then".to_owned(),
    }
}
