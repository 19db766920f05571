//! New revisions in a directory of migrations: their version, their name, the header of their files.
//!
//! What is written is read back at once: a pair of files that the next reader would refuse is not left behind.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use crate::file_name::{FileKind, classify};
use crate::header::{Headers, Script};
use crate::read::ReadError;
use crate::revisions::Revisions;

/// The longest slug of a message, in characters; Alembic's limit.
const LONGEST_SLUG: usize = 40;

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
    /// The version that was asked for cannot be.
    #[error("the version cannot be {id}: {reason}")]
    Id {
        /// The version.
        id: i64,
        /// Why not.
        reason: String,
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
        let reservation = self.reserve(dir, revisions, now)?;
        let id = reservation.id;
        let stem = format!("U{id}__{}", slug(&self.message));
        let up = dir.join(format!("{stem}.sql"));
        let down = dir.join(format!("{stem}.down.sql"));
        let written = Written { id, up, down };
        let outcome = self.write_pair(&written, &message).and_then(|()| {
            // Read back: a label that is given twice, a parent that is younger.
            let read = Revisions::read_with_several_heads(dir);
            read.map_err(|error| ScaffoldError::Refused(Box::new(error)))
        });
        match outcome {
            Ok(_) => Ok(written),
            Err(error) => {
                for path in [&written.up, &written.down] {
                    // One that was there before is not ours to remove; `create_new` has seen to it.
                    let is_ours = !matches!(&error, ScaffoldError::Unwritable { path: failed, source }
                        if failed == path && source.kind() == io::ErrorKind::AlreadyExists);
                    if is_ours {
                        let _ = std::fs::remove_file(path);
                    }
                }
                Err(error)
            }
        }
    }

    fn write_pair(&self, written: &Written, message: &str) -> Result<(), ScaffoldError> {
        let up = format!("{}\n{}", self.header(message), self.up);
        let outside = match self.down_outside_transaction {
            true => OUTSIDE_TRANSACTION,
            false => "",
        };
        let down = format!("-- Takes back: {message}\n{outside}\n{}", self.down);
        // The script that undoes comes first: alone it is refused, so it is never taken for the whole.
        write_new(&written.down, &down)?;
        write_new(&written.up, &up)
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

    /// A version that no file has: the time, or the first free one after it and after what the revision needs.
    fn reserve(
        &self,
        dir: &Path,
        revisions: &Revisions,
        now: DateTime<Utc>,
    ) -> Result<Reservation, ScaffoldError> {
        let needs = self.parents.iter().chain(&self.depends_on);
        let newest = needs.copied().max().unwrap_or(0);
        if let Some(id) = self.id {
            let refuse = |reason: String| ScaffoldError::Id { id, reason };
            if id <= newest {
                return Err(refuse(format!(
                    "it has to be larger than {newest}, which it needs"
                )));
            }
            let taken = || refuse("there is a file with it".to_owned());
            return Reservation::make(dir, id)?.ok_or_else(taken);
        }
        for second in 0.. {
            let time = now + TimeDelta::seconds(second);
            let digits = time.format("%Y%m%d%H%M%S").to_string().parse().unwrap_or(0);
            // The clock of whoever wrote the parent may have been wrong.
            let id = if digits > newest {
                digits
            } else {
                newest.saturating_add(1 + second)
            };
            if revisions.get(id).is_none()
                && let Some(reservation) = Reservation::make(dir, id)?
            {
                return Ok(reservation);
            }
        }
        unreachable!("there is always a later second")
    }
}

/// A version that is ours while this lives.
struct Reservation {
    id: i64,
    path: PathBuf,
}

impl Reservation {
    /// Nothing if somebody else has it.
    fn make(dir: &Path, id: i64) -> Result<Option<Self>, ScaffoldError> {
        let path = dir.join(format!(".U{id}.reserved"));
        match File::create_new(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(source) => return Err(ScaffoldError::Unwritable { path, source }),
        }
        let reservation = Self { id, path };
        // Whoever had it before may have written their files in the meantime.
        let taken = files_with(dir, id).map_err(|source| ScaffoldError::Unwritable {
            path: dir.to_owned(),
            source,
        })?;
        Ok((!taken).then_some(reservation))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn files_with(dir: &Path, id: i64) -> io::Result<bool> {
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        if let FileKind::Up(name) | FileKind::Down(name) = classify(&name.to_string_lossy())
            && name.id == id
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn write_new(path: &Path, text: &str) -> Result<(), ScaffoldError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|source| ScaffoldError::Unwritable {
            path: path.to_owned(),
            source,
        })?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|source| ScaffoldError::Unwritable {
            path: path.to_owned(),
            source,
        })
}

/// The words of a message in small letters, joined by underscores; as many as fit, but at least one.
#[must_use]
pub fn slug(message: &str) -> String {
    let lower = message.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        let length = slug.chars().count() + usize::from(!slug.is_empty()) + word.chars().count();
        if !slug.is_empty() && length > LONGEST_SLUG {
            break;
        }
        if !slug.is_empty() {
            slug.push('_');
        }
        slug.extend(word.chars().take(LONGEST_SLUG));
    }
    if slug.is_empty() {
        "revision".to_owned()
    } else {
        slug
    }
}
