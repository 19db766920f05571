//! The program, on a directory and a database of its own.

use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;
use tokio_postgres::Client;

use super::{Database, column, until, write};

/// A directory with migrations, and a database.
pub struct Project {
    pub dir: TempDir,
    pub database: Database,
}

impl Project {
    /// The files are those of `sql/`.
    pub async fn new(files: &[(&str, &str)]) -> Self {
        let project = Self {
            dir: tempfile::tempdir().unwrap(),
            database: Database::new().await,
        };
        project.write(files);
        project
    }

    /// Writes files of `sql/`.
    pub fn write(&self, files: &[(&str, &str)]) {
        write(&self.dir.path().join("sql"), files);
    }

    /// A command, its arguments separated by blanks.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_revisions"));
        command
            .current_dir(self.dir.path())
            .env_clear()
            .env("DATABASE_URL", self.database.url.expose())
            .args(arguments.split(' '))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end. Other tests go on meanwhile.
    pub async fn run(&self, arguments: &str) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// Runs a command that has to succeed, and gives what it says: standard output, and error.
    pub async fn succeeds(&self, arguments: &str) -> (String, String) {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments}: {}", err(&output));
        (out(&output), err(&output))
    }

    /// Runs a command that has to fail, and gives what it says on the standard error output.
    pub async fn fails(&self, arguments: &str) -> String {
        let output = self.run(arguments).await;
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments}: {}",
            err(&output)
        );
        err(&output)
    }

    /// What is seen of these commands, one after the other: what they say, and how they end.
    pub async fn transcript(&self, commands: &[&str]) -> String {
        let mut transcript = String::new();
        for command in commands {
            let output = self.run(command).await;
            transcript.push_str(&format!(
                "$ cargo db {command}\n{}",
                self.plain(&out(&output))
            ));
            for line in self.plain(&err(&output)).lines() {
                transcript.push_str(&format!("2> {line}\n"));
            }
            transcript.push_str(&format!("= {}\n\n", output.status.code().unwrap()));
        }
        transcript
    }

    /// Without times, and without the place of the database.
    pub fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.database.url.to_string(), "postgresql://…");
        text.lines().map(|line| timeless(line) + "\n").collect()
    }

    /// Runs a command until `query`, asked by `client`, gives `wanted`; then kills it (SIGKILL).
    pub async fn kill_when(&self, arguments: &str, client: &Client, query: &str, wanted: &str) {
        let mut child = self.start(arguments);
        until(client, query, wanted).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts a command that nobody listens to.
    pub fn start(&self, arguments: &str) -> Child {
        self.command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Makes `gate(n)`, which returns 1 once nobody holds the advisory lock (77, n); and the table `effects`.
    pub async fn with_gates(&self) -> Client {
        let client = self.database.connect("gates").await;
        client
            .batch_execute(
                "create table effects (step text);
                 create function gate(n int) returns int language plpgsql volatile as $$
                 begin perform pg_advisory_xact_lock_shared(77, n); return 1; end $$;",
            )
            .await
            .unwrap();
        client
    }
}

/// `applied 1, first (3 ms)`, `"applied_on": "2025-…"` and `2025-01-01 10:00:00` without their times.
fn timeless(line: &str) -> String {
    if let Some((line, _)) = line
        .rsplit_once(" (")
        .filter(|(_, it)| it.ends_with(" ms)"))
    {
        return format!("{line} (… ms)");
    }
    if let Some((key, _)) = line.split_once("\"applied_on\": \"") {
        let comma = if line.ends_with(',') { "," } else { "" };
        return format!("{key}\"applied_on\": \"…\"{comma}");
    }
    let is_time = |text: &str| {
        text.is_ascii()
            && text.len() == 19
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                10 => byte == b' ',
                13 | 16 => byte == b':',
                _ => byte.is_ascii_digit(),
            })
    };
    let starts = 0..line.len().saturating_sub(18);
    let mut times = starts
        .filter_map(|at| line.get(at..at + 19))
        .filter(|text| is_time(text));
    match times.next() {
        Some(time) => line.replace(time, "YYYY-MM-DD hh:mm:ss"),
        None => line.to_owned(),
    }
}

/// How many sessions wait at a gate.
pub const AT_A_GATE: &str = "select count(*) from pg_locks where locktype = 'advisory' and classid = 77 and not granted \
    and database = (select oid from pg_database where datname = current_database())";

/// How many sessions hold the migration lock.
pub const MIGRATING: &str = "select count(*) from pg_locks where locktype = 'advisory' and objsubid = 1 and granted \
    and database = (select oid from pg_database where datname = current_database())";

/// Closes a gate.
pub async fn close(client: &Client, gate: i32) {
    column(client, &format!("select pg_advisory_lock(77, {gate})")).await;
}

/// Opens it again.
pub async fn open(client: &Client, gate: i32) {
    column(client, &format!("select pg_advisory_unlock(77, {gate})")).await;
}

/// The standard output.
pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The standard error output.
pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
