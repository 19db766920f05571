//! From a directory, or from what a build embedded, to revisions; not yet put in order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use refinery_core::Migration;
use walkdir::WalkDir;

use crate::file_name::{FileKind, Name, classify};
use crate::header::{Headers, Key, Script};
use crate::revision::{DownScript, Embedded, Revision};
use crate::source_error::{Location, SourceError};

mod error;

pub use error::ReadError;
pub(crate) use error::merge_line;

/// A file and its text.
struct Text {
    path: String,
    text: String,
}

/// The files of a set, by version.
#[derive(Default)]
struct Files {
    ups: BTreeMap<i64, (Name, Text)>,
    downs: Vec<(Name, Text)>,
    /// What is wrong with single files.
    errors: Vec<ReadError>,
}

/// Reads the revisions of a directory and those below it, as refinery does.
pub(crate) fn directory(dir: &Path) -> Result<Vec<Revision>, ReadError> {
    let mut files = Files::default();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.map_err(|error| unreadable_entry(dir, error))?;
        let kind = entry.file_type();
        // As refinery: a link to a file is read, one to a directory is not entered.
        if kind.is_dir() || (kind.is_symlink() && entry.path().is_dir()) {
            continue;
        }
        if entry.depth() == 0 {
            return Err(unreadable(
                dir,
                std::io::ErrorKind::NotADirectory.into(),
                NO_DIRECTORY,
            ));
        }
        let name = entry.file_name().to_string_lossy();
        let path = entry.path();
        let kind = classify(&name);
        if kind != FileKind::Other {
            files.add(kind, shown(path), || read_file(path));
        }
    }
    files.into_revisions()
}

/// Reads what a build embedded.
pub(crate) fn embedded(embedded: &[Embedded]) -> Result<Vec<Revision>, ReadError> {
    let mut files = Files::default();
    for file in embedded {
        let name = file.file_name.rsplit('/').next().unwrap_or(file.file_name);
        let path = file.file_name.to_owned();
        match classify(name) {
            kind @ FileKind::Up(_) => files.add(kind, path.clone(), || Ok(normalise(file.up))),
            FileKind::Misnamed(reason) => return Err(ReadError::Misnamed { path, reason }),
            FileKind::Down(_) | FileKind::Other => {
                let reason = "an embedded file has to be the script that applies a revision";
                return Err(ReadError::Misnamed {
                    path,
                    reason: reason.to_owned(),
                });
            }
        }
        if let Some(down) = file.down {
            let stem = path.strip_suffix(".sql").unwrap_or(&path);
            let down_name = format!("{}.down.sql", name.strip_suffix(".sql").unwrap_or(name));
            let down_path = format!("{stem}.down.sql");
            files.add(classify(&down_name), down_path, || Ok(normalise(down)));
        }
    }
    let mut revisions = files.into_revisions()?;
    for revision in &mut revisions {
        let own = embedded.iter().find(|file| file.file_name == revision.path);
        revision.schema = own.and_then(|file| file.schema);
    }
    Ok(revisions)
}

impl Files {
    /// Takes a file; one that is wrong is kept in mind, and the others are read.
    fn add(
        &mut self,
        kind: FileKind,
        path: String,
        read: impl FnOnce() -> Result<String, ReadError>,
    ) {
        let (name, is_down) = match kind {
            FileKind::Other => return,
            FileKind::Misnamed(reason) => {
                return self.errors.push(ReadError::Misnamed { path, reason });
            }
            FileKind::Down(name) => (name, true),
            FileKind::Up(name) => (name, false),
        };
        let text = match read() {
            Ok(text) => Text { path, text },
            Err(error) => return self.errors.push(error),
        };
        if is_down {
            return self.downs.push((name, text));
        }
        match self.ups.entry(name.id) {
            Entry::Vacant(entry) => {
                entry.insert((name, text));
            }
            Entry::Occupied(entry) => self.errors.push(ReadError::Duplicate {
                id: name.id,
                first: entry.get().1.path.clone(),
                second: text.path,
            }),
        }
    }

    fn into_revisions(self) -> Result<Vec<Revision>, ReadError> {
        // A down script may belong to one that could not be read.
        if let Some(error) = ReadError::of_all(self.errors) {
            return Err(error);
        }
        let (mut downs, mut errors) = (BTreeMap::new(), Vec::new());
        for (name, text) in self.downs {
            let up = text.path.replace(".down.sql", ".sql");
            let path = text.path.clone();
            match self.ups.get(&name.id) {
                Some((_, beside)) if beside.path == up => {
                    downs.insert(name.id, text);
                }
                _ => errors.push(ReadError::OrphanDown { path, up }),
            }
        }
        let mut revisions = Vec::new();
        for (name, text) in self.ups.into_values() {
            let down = downs.remove(&name.id);
            match revision(&name, text, down) {
                Ok(revision) => revisions.push(revision),
                Err(error) => errors.push(error),
            }
        }
        ReadError::of_all(errors).map_or(Ok(revisions), Err)
    }
}

fn revision(name: &Name, up: Text, down: Option<Text>) -> Result<Revision, ReadError> {
    let headers = Headers::parse(&up.path, &up.text, Script::Up)?;
    let down = down
        .map(|Text { path, text }| {
            let headers = Headers::parse(&path, &text, Script::Down)?;
            Ok::<_, ReadError>(DownScript {
                path,
                sql: text,
                headers,
            })
        })
        .transpose()?;
    if let (Some(down), Some(line)) = (&down, headers.line_of(Key::Down)) {
        let location = Location::of_part(&up.text, line, "irreversible");
        let message = format!(
            "the revision is irreversible, and yet there is {}",
            down.path
        );
        let error = SourceError::at(&up.path, location, message);
        return Err(Box::new(error.remedy("remove the one or the other")).into());
    }
    let migration =
        Migration::unapplied(&name.stem, &up.text).map_err(|error| ReadError::Misnamed {
            path: up.path.clone(),
            reason: error.to_string(),
        })?;
    let message = headers
        .message
        .clone()
        .unwrap_or_else(|| migration.name().replace('_', " "));
    Ok(Revision {
        migration,
        path: up.path,
        headers,
        message,
        down,
        schema: None,
        parents: Vec::new(),
    })
}

/// The path as it is shown, with `/` between its parts.
fn shown(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

fn read_file(path: &Path) -> Result<String, ReadError> {
    let bytes = std::fs::read(path)
        .map_err(|error| unreadable(path, error, "make the file readable, or remove it"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        ReadError::NotUtf8(Box::new(SourceError::not_utf8(shown(path), &error)))
    })?;
    Ok(normalise(&text))
}

/// Without a byte order mark and with LF line ends, so that a checksum does not depend on the editor.
fn normalise(text: &str) -> String {
    text.strip_prefix('\u{feff}')
        .unwrap_or(text)
        .replace("\r\n", "\n")
}

/// Where the `db` commands look for migrations when nobody says.
pub(crate) const DEFAULT_DIRECTORY: &str = "sql";

const NO_DIRECTORY: &str =
    "name the directory of the migrations with `--dir DIR` or MIGRATIONS_DIR";

fn unreadable(path: &Path, source: std::io::Error, help: &'static str) -> ReadError {
    ReadError::Unreadable {
        path: shown(path),
        source,
        help,
    }
}

fn unreadable_entry(dir: &Path, error: walkdir::Error) -> ReadError {
    let path = error
        .path()
        .map_or_else(|| dir.to_path_buf(), PathBuf::from);
    let help = if path == dir {
        NO_DIRECTORY
    } else {
        "make it readable, or remove it"
    };
    let kind = std::io::Error::other("a loop of links");
    unreadable(&path, error.into_io_error().unwrap_or(kind), help)
}
