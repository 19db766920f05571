//! A backup before the schema is changed: pg_dump in its custom format, read back with pg_restore.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::CommandError;
use crate::database::DatabaseUrl;

/// Writes a dump of the database into `dir`, and gives its file. It is named after the database, the revisions it is at,
/// and the time; nothing is left behind when it fails.
pub(super) fn write(
    url: &DatabaseUrl,
    server_major: u32,
    dir: &Path,
    heads: &[i64],
) -> Result<PathBuf, CommandError> {
    let tools = Tools::find(server_major)?;
    std::fs::create_dir_all(dir).map_err(|source| CommandError::Directory {
        path: dir.to_owned(),
        source,
    })?;
    let file = dir.join(file_name(url, heads));
    let partial = file.with_extension("partial");
    let outcome = tools.dump(url, &partial).and_then(|()| {
        tools.verify(&partial)?;
        std::fs::rename(&partial, &file).map_err(|source| CommandError::Directory {
            path: file.clone(),
            source,
        })
    });
    match outcome {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = std::fs::remove_file(&partial);
            Err(error)
        }
    }
}

fn file_name(url: &DatabaseUrl, heads: &[i64]) -> String {
    let database = url.config().get_dbname().unwrap_or("database");
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
            None => Err(CommandError::NoPgDump { server_major }),
            Some((major, tools)) if major < server_major => Err(CommandError::OldPgDump {
                path: tools.pg_dump,
                major,
                server_major,
            }),
            Some((_, tools)) => Ok(tools),
        }
    }

    fn dump(&self, url: &DatabaseUrl, file: &Path) -> Result<(), CommandError> {
        let mut command = Command::new(&self.pg_dump);
        command
            .args(["--format=custom", "--no-password", "--file"])
            .arg(file);
        // In the environment, where other users of the machine do not see it.
        command.envs(url.libpq_variables());
        run(command, "pg_dump")
    }

    fn verify(&self, file: &Path) -> Result<(), CommandError> {
        let mut command = Command::new(&self.pg_restore);
        command.arg("--list").arg(file);
        run(command, "pg_restore --list")
    }
}

fn run(mut command: Command, tool: &'static str) -> Result<(), CommandError> {
    let failed = |problem: String| CommandError::Backup { tool, problem };
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
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
    if let Some(named) = std::env::var_os("PG_DUMP").filter(|named| !named.is_empty()) {
        return vec![PathBuf::from(named)];
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
