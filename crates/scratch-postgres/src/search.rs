//! Finding PostgreSQL binaries on this machine. Nothing here starts a server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest major version that is used.
pub(crate) const OLDEST_MAJOR: u32 = 15;

/// Where local binaries are looked for. [`Search::default`] is everywhere; a test may hide some.
#[derive(Debug, Clone)]
pub struct Search {
    places: Vec<Place>,
}

#[derive(Debug, Clone)]
enum Place {
    Path,
    PgConfig,
    /// A directory, one of whose parts may be `*`.
    Directory(PathBuf),
}

/// A directory of binaries, and which PostgreSQL they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    pub(crate) bin_dir: PathBuf,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    /// As people write it: `15.18`, `19beta1`.
    pub(crate) version: String,
}

/// Where the packages of the usual systems put PostgreSQL; `*` stands for one part of a path.
const KNOWN_DIRECTORIES: &[&str] = if cfg!(windows) {
    &[r"C:\Program Files\PostgreSQL\*\bin"]
} else if cfg!(target_os = "macos") {
    &[
        "/opt/homebrew/opt/*/bin",
        "/usr/local/opt/*/bin",
        "/Library/PostgreSQL/*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
        "/opt/local/lib/*/bin",
    ]
} else {
    &[
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/usr/bin",
        "/usr/lib/postgresql*/bin",
        "/usr/libexec/postgresql*",
        "/usr/local/pgsql/bin",
        "/usr/local/bin",
        "/home/linuxbrew/.linuxbrew/opt/*/bin",
        "/opt/postgresql/*/bin",
    ]
};

impl Default for Search {
    /// `PATH`, then `pg_config --bindir`, then where Debian, Fedora, Homebrew and the installers put it.
    fn default() -> Self {
        let known = KNOWN_DIRECTORIES.iter().map(PathBuf::from);
        let places = [Place::Path, Place::PgConfig]
            .into_iter()
            .chain(known.map(Place::Directory))
            .collect();
        Self { places }
    }
}

impl Search {
    /// Looks in these directories alone; an empty list finds nothing.
    pub fn only(directories: impl IntoIterator<Item = PathBuf>) -> Self {
        let places = directories.into_iter().map(Place::Directory).collect();
        Self { places }
    }

    /// The directory of the newest binaries that can be used, also for programs such as `pg_dump`.
    pub fn newest(&self) -> Option<PathBuf> {
        let (found, _) = self.find();
        found.into_iter().next().map(|newest| newest.bin_dir)
    }

    /// All that can be used, the newest first; and for each place that gave nothing, why.
    pub(crate) fn find(&self) -> (Vec<Installation>, Vec<String>) {
        let mut found: Vec<Installation> = Vec::new();
        let mut complaints = Vec::new();
        let mut seen = BTreeSet::new();
        for place in &self.places {
            let candidates = match place.candidates() {
                Ok(candidates) => candidates,
                Err(complaint) => {
                    complaints.push(complaint);
                    continue;
                }
            };
            for directory in candidates {
                let canonical = directory
                    .canonicalize()
                    .unwrap_or_else(|_| directory.clone());
                if !seen.insert(canonical) {
                    continue;
                }
                match Installation::in_directory(&directory) {
                    Ok(installation) => found.push(installation),
                    Err(complaint) => complaints.push(complaint),
                }
            }
        }
        // A stable sort: of two of the same version, the one that was found first.
        found.sort_by_key(|i| std::cmp::Reverse((i.major, i.minor)));
        if self.places.is_empty() {
            complaints.push("no directory at all".to_owned());
        }
        (found, complaints)
    }
}

impl Place {
    /// Directories with a server in them, or why there is none.
    fn candidates(&self) -> Result<Vec<PathBuf>, String> {
        match self {
            Self::Path => {
                let path = std::env::var_os("PATH").unwrap_or_default();
                let directories: Vec<PathBuf> = std::env::split_paths(&path)
                    .filter(|directory| has_server(directory))
                    .collect();
                if directories.is_empty() {
                    return Err("the directories of PATH: none has `postgres` and `initdb`".into());
                }
                Ok(directories)
            }
            Self::PgConfig => {
                let output = Command::new("pg_config")
                    .arg("--bindir")
                    .output()
                    .map_err(|error| format!("`pg_config --bindir`: {error}"))?;
                let text = String::from_utf8_lossy(&output.stdout);
                let directory = PathBuf::from(text.trim());
                if !has_server(&directory) {
                    return Err(format!(
                        "`pg_config --bindir`: {} has no `postgres` and `initdb`",
                        directory.display()
                    ));
                }
                Ok(vec![directory])
            }
            Self::Directory(pattern) => {
                let directories: Vec<PathBuf> = expand(pattern)
                    .into_iter()
                    .filter(|directory| has_server(directory))
                    .collect();
                if directories.is_empty() {
                    return Err(format!(
                        "{}: no `postgres` and `initdb` there",
                        pattern.display()
                    ));
                }
                Ok(directories)
            }
        }
    }
}

impl Installation {
    /// Asks the server in this directory for its version; says why it cannot be used otherwise.
    pub(crate) fn in_directory(directory: &Path) -> Result<Self, String> {
        let show = directory.display();
        if !has_server(directory) {
            return Err(format!("{show}: no `postgres` and `initdb` there"));
        }
        let output = Command::new(program(directory, "postgres"))
            .arg("--version")
            .output()
            .map_err(|error| format!("{show}: `postgres --version` cannot be run: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let Some((major, minor, version)) = parse_version(&text) else {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or_else(|| text.trim());
            return Err(format!(
                "{show}: `postgres --version` gave no version: {said}"
            ));
        };
        if major < OLDEST_MAJOR {
            return Err(format!(
                "{show}: PostgreSQL {version}, which is older than {OLDEST_MAJOR}"
            ));
        }
        Ok(Self {
            bin_dir: directory.to_owned(),
            major,
            minor,
            version,
        })
    }

    /// The path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        program(&self.bin_dir, name)
    }
}

fn program(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Both are needed; client packages bring `psql` and `pg_config` alone.
pub(crate) fn has_server(directory: &Path) -> bool {
    program(directory, "postgres").is_file() && program(directory, "initdb").is_file()
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → 15, 18, `15.18`.
fn parse_version(text: &str) -> Option<(u32, u32, String)> {
    let version = text
        .split_once("PostgreSQL) ")?
        .1
        .split_whitespace()
        .next()?;
    let digits = |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
    let major_digits = digits(version);
    let minor_digits = version[major_digits.len()..]
        .strip_prefix('.')
        .map(digits)
        .unwrap_or_default();
    let major = major_digits.parse().ok()?;
    Some((major, minor_digits.parse().unwrap_or(0), version.to_owned()))
}

/// The directories that a pattern stands for; a part with a `*` is compared with the names that are there.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for part in pattern.components() {
        let name = part.as_os_str().to_string_lossy();
        let Some((prefix, suffix)) = name.split_once('*') else {
            paths.iter_mut().for_each(|path| path.push(part));
            continue;
        };
        paths = paths
            .iter()
            .filter_map(|path| std::fs::read_dir(path).ok())
            .flat_map(|entries| entries.flatten())
            .filter(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.len() >= prefix.len() + suffix.len()
                    && name.starts_with(prefix)
                    && name.ends_with(suffix)
            })
            .map(|entry| entry.path())
            .collect();
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_packagers_write_them() {
        for (text, expected) in [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
                Some((15, 18, "15.18")),
            ),
            ("postgres (PostgreSQL) 17.5", Some((17, 5, "17.5"))),
            ("postgres (PostgreSQL) 19beta1", Some((19, 0, "19beta1"))),
            ("postgres (PostgreSQL) 9.6.24", Some((9, 6, "9.6.24"))),
            ("postgres: cannot open shared object", None),
            ("postgres (PostgreSQL) devel", None),
        ] {
            let expected = expected.map(|(a, b, c): (u32, u32, &str)| (a, b, c.to_owned()));
            assert_eq!(parse_version(text), expected, "{text}");
        }
    }

    #[test]
    fn a_star_stands_for_a_part_of_a_name() {
        let home = tempfile::tempdir().unwrap();
        for name in ["pgsql-15/bin", "pgsql-17/bin", "other/bin"] {
            std::fs::create_dir_all(home.path().join(name)).unwrap();
        }
        let mut found = expand(&home.path().join("pgsql-*/bin"));
        found.sort();
        let expected = ["pgsql-15/bin", "pgsql-17/bin"].map(|name| home.path().join(name));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_search_without_places_finds_nothing_and_says_so() {
        let (found, complaints) = Search::only([]).find();
        assert!(found.is_empty());
        assert_eq!(complaints, ["no directory at all"]);
    }
}
