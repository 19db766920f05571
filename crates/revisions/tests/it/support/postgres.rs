//! PostgreSQL's own programs, and what they say of a database.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use scratch_postgres::Engine;

use super::{Database, server};

/// A program that is installed beside the server, or beside what the server's binary is a link to; else of the PATH.
pub fn tool(name: &str) -> PathBuf {
    let Engine::Local { bin_dir, .. } = server().engine() else {
        return name.into();
    };
    let binary = bin_dir.join("postgres");
    let installed = binary.canonicalize().unwrap_or_else(|_| binary.clone());
    let beside = [binary, installed].map(|server| server.with_file_name(name));
    let found = beside.into_iter().find(|tool| tool.exists());
    found.unwrap_or_else(|| name.into())
}

fn command(name: &str, database: &Database) -> Command {
    let mut command = Command::new(tool(name));
    command.envs(database.url.libpq_variables());
    command
}

/// Runs psql with a script on its standard input.
pub fn psql(database: &Database, script: &str) -> Output {
    let mut child = command("psql", database)
        .args(["--no-psqlrc", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("psql is installed beside the server");
    let mut input = child.stdin.take().unwrap();
    // psql that stops in the middle closes the pipe.
    let _ = input.write_all(script.as_bytes());
    drop(input);
    child.wait_with_output().unwrap()
}

/// The schema as pg_dump writes it, without what differs from one dump to the next.
pub fn dump(database: &Database) -> String {
    let output = command("pg_dump", database)
        .args(["--schema-only"])
        .output()
        .expect("pg_dump is installed beside the server");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let kept = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
    text.lines()
        .filter(kept)
        .map(|line| format!("{line}\n"))
        .collect()
}
