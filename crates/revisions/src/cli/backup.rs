//! A backup before the schema is changed: pg_dump in its custom format, read back with pg_restore.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::CommandError;
use crate::database::DatabaseUrl;
use crate::migrator::Whereabouts;

/// Writes a dump of the database into `dir`, and gives its file. It is named after the database, the revisions it is at,
/// and the time; only its owner can read it; nothing is left behind when it fails. It blocks until pg_dump has ended.
pub(super) fn write(
    url: &DatabaseUrl,
    place: &Whereabouts,
    dir: &Path,
    heads: &[i64],
) -> Result<PathBuf, CommandError> {
    let tools = Tools::find(place.server_major)?;
    let file = dir.join(file_name(&place.database, heads));
    let partial = file.with_extension("partial");
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |source| CommandError::Directory { path, source }
    };
    private_directory(dir).map_err(unwritable(dir))?;
    private_file(&partial).map_err(unwritable(&partial))?;
    let outcome = tools.dump(url, place, &partial).and_then(|()| {
        tools.verify(&partial, &place.database)?;
        std::fs::rename(&partial, &file).map_err(unwritable(&file))
    });
    match outcome {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = std::fs::remove_file(&partial);
            Err(error)
        }
    }
}

/// The whole database will be in it: nobody else may look. One that is there already is left as it is.
fn private_directory(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn private_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn file_name(database: &str, heads: &[i64]) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let database: String = database.chars().map(plain).collect();
    let heads: Vec<String> = heads.iter().map(i64::to_string).collect();
    let heads = match heads.as_slice() {
        [] => "base".to_owned(),
        heads => heads.join("+"),
    };
    let time = chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ");
    format!("{database}-{heads}-{time}.dump")
}

/// pg_dump and the pg_restore beside it.
struct Tools {
    pg_dump: PathBuf,
    pg_restore: PathBuf,
}

impl Tools {
    /// The newest that there are. pg_dump refuses a server that is newer than itself.
    fn find(server_major: u32) -> Result<Self, CommandError> {
        let mut newest: Option<(u32, Self)> = None;
        for pg_dump in candidates() {
            let pg_restore = pg_dump.with_file_name(executable("pg_restore"));
            let Some(major) = major_version(&pg_dump).filter(|_| pg_restore.exists()) else {
                continue;
            };
            if newest.as_ref().is_none_or(|(found, _)| major > *found) {
                newest = Some((
                    major,
                    Self {
                        pg_dump,
                        pg_restore,
                    },
                ));
            }
        }
        match newest {
            None => Err(CommandError::NoPgDump {
                server_major,
                named: std::env::var_os("PG_DUMP")
                    .filter(|named| !named.is_empty())
                    .map(PathBuf::from),
            }),
            Some((major, tools)) if major < server_major => Err(CommandError::OldPgDump {
                path: tools.pg_dump,
                major,
                server_major,
            }),
            Some((_, tools)) => Ok(tools),
        }
    }

    fn dump(
        &self,
        url: &DatabaseUrl,
        place: &Whereabouts,
        file: &Path,
    ) -> Result<(), CommandError> {
        let mut command = Command::new(&self.pg_dump);
        command
            .args(["--format=custom", "--no-password", "--file"])
            .arg(file);
        // What a shell has set for other databases must not lead there.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        // In the environment, where other users of the machine do not see it.
        command
            .env("PGUSER", &place.user)
            .env("PGDATABASE", &place.database)
            .envs(url.libpq_variables());
        run(command, "pg_dump").map(drop)
    }

    /// Reads the table of contents, and whose it is.
    fn verify(&self, file: &Path, database: &str) -> Result<(), CommandError> {
        let tool = "pg_restore --list";
        let mut command = Command::new(&self.pg_restore);
        command.arg("--list").arg(file);
        let list = run(command, tool)?;
        let whose = list
            .lines()
            .find_map(|line| line.strip_prefix(";     dbname: "));
        match whose {
            Some(name) if name == database => Ok(()),
            _ => Err(CommandError::Backup {
                tool,
                problem: format!("it is not a dump of the database `{database}`"),
            }),
        }
    }
}

fn run(mut command: Command, tool: &'static str) -> Result<String, CommandError> {
    let failed = |problem: String| CommandError::Backup { tool, problem };
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(match said.trim() {
        "" => output.status.to_string(),
        said => said.to_owned(),
    }))
}

/// The pg_dump that the variable PG_DUMP names; else every one of the PATH, and of the places where Debian, Fedora and
/// Homebrew keep versions side by side.
fn candidates() -> Vec<PathBuf> {
    let name = executable("pg_dump");
    let named = std::env::var_os("PG_DUMP").map(PathBuf::from);
    match named.filter(|named| !named.as_os_str().is_empty()) {
        // A name alone is looked up, as a shell does.
        Some(named) if named.components().count() > 1 => return vec![named],
        Some(named) => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let found = std::env::split_paths(&path).map(|dir| dir.join(&named));
            return found.filter(|file| file.is_file()).take(1).collect();
        }
        None => {}
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    directories.extend(versioned("/usr/lib/postgresql", "bin"));
    directories.extend(versioned("/usr", "bin").filter(|dir| dir.starts_with("/usr/pgsql")));
    directories.extend(versioned("/opt/homebrew/opt", "bin"));
    directories.extend(versioned("/usr/local/opt", "bin"));
    let mut files: Vec<PathBuf> = directories.into_iter().map(|dir| dir.join(&name)).collect();
    files.retain(|file| file.is_file());
    files
}

/// `bin` in each directory of `parent` whose name has to do with PostgreSQL.
fn versioned(parent: &str, bin: &'static str) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_version = name.starts_with(|c: char| c.is_ascii_digit());
        let is_postgres = is_version || name.starts_with("postgresql") || name.starts_with("pgsql");
        is_postgres.then(|| entry.path().join(bin))
    })
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// The 15 of `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_version(pg_dump: &Path) -> Option<u32> {
    let output = Command::new(pg_dump).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..digits].parse().ok()
}
