//! From a directory, or from what a build embedded, to revisions; not yet put in order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use refinery_core::Migration;
use walkdir::WalkDir;

use crate::file_name::{FileKind, Name, classify};
use crate::header::{Headers, Script};
use crate::revision::{DownScript, Embedded, Revision};

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
            files.add(kind, shown(path), || read_file(path))?;
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
            kind @ FileKind::Up(_) => files.add(kind, path.clone(), || Ok(normalise(file.up)))?,
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
            files.add(classify(&down_name), down_path, || Ok(normalise(down)))?;
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
    fn add(
        &mut self,
        kind: FileKind,
        path: String,
        read: impl FnOnce() -> Result<String, ReadError>,
    ) -> Result<(), ReadError> {
        match kind {
            FileKind::Other => {}
            FileKind::Misnamed(reason) => return Err(ReadError::Misnamed { path, reason }),
            FileKind::Down(name) => self.downs.push((
                name,
                Text {
                    path,
                    text: read()?,
                },
            )),
            FileKind::Up(name) => match self.ups.entry(name.id) {
                Entry::Vacant(entry) => {
                    entry.insert((
                        name,
                        Text {
                            path,
                            text: read()?,
                        },
                    ));
                }
                Entry::Occupied(entry) => {
                    let first = entry.get().1.path.clone();
                    return Err(ReadError::Duplicate {
                        id: name.id,
                        first,
                        second: path,
                    });
                }
            },
        }
        Ok(())
    }

    fn into_revisions(self) -> Result<Vec<Revision>, ReadError> {
        let mut downs = BTreeMap::new();
        for (name, text) in self.downs {
            let up = text.path.replace(".down.sql", ".sql");
            match self.ups.get(&name.id) {
                Some((_, beside)) if beside.path == up => downs.insert(name.id, text),
                _ => {
                    return Err(ReadError::OrphanDown {
                        path: text.path,
                        up,
                    });
                }
            };
        }
        let ups = self.ups.into_values();
        ups.map(|(name, text)| {
            let down = downs.remove(&name.id);
            revision(&name, text, down)
        })
        .collect()
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
    if let (Some(down), Some(_)) = (&down, &headers.irreversible) {
        return Err(ReadError::IrreversibleWithDown {
            path: up.path,
            down: down.path.clone(),
        });
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
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        ReadError::NotUtf8 {
            path: shown(path),
            line: before.matches('\n').count() + 1,
            column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
            byte: error.as_bytes().get(valid).copied().unwrap_or_default(),
        }
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
