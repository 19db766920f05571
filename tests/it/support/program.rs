//! The program itself, as a user starts it: a process in a directory of its own with nothing in its environment
//! but what the test says.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use super::api::SECRET_KEY;

/// Nothing that works takes this long, even in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A directory to run the program in.
pub struct Program {
    pub directory: TempDir,
    environment: Vec<(String, String)>,
}

/// A program that serves.
pub struct Served {
    pub child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    log: tokio::task::JoinHandle<String>,
}

impl Program {
    /// With a secret key, on a free port, and nothing else said.
    pub fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            environment: Vec::new(),
        }
        .set("PORT", "0")
        .set("SECRET_KEY", SECRET_KEY)
    }

    /// Sets a variable of its environment.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file into its directory.
    pub fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.directory.path().join(name), text).unwrap();
        self
    }

    /// The program with arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_divine-whispers")));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .kill_on_drop(true);
        for name in ["PATH", "HOME", "TMPDIR", "SCRATCH_POSTGRES"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let child = self.command(arguments).spawn().unwrap();
        tokio::time::timeout(PATIENCE, child.wait_with_output())
            .await
            .unwrap()
            .unwrap()
    }

    /// Runs it to its end with a text on its standard input.
    pub async fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // One that refuses its arguments may have ended by now, without reading.
        match stdin.write_all(input.as_bytes()).await {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => panic!("{error}"),
            _ => {}
        }
        drop(stdin);
        tokio::time::timeout(PATIENCE, child.wait_with_output())
            .await
            .unwrap()
            .unwrap()
    }

    /// Starts it and waits until it serves.
    pub async fn serve(&self) -> Served {
        let mut child = self.command(&["serve"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        let url = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                seen.push_str(&line);
                seen.push('\n');
                if let Some((_, url)) = line.split_once("serving on ") {
                    return url.split('"').next().unwrap().trim().to_owned();
                }
            }
            panic!("it ended before it served:\n{seen}");
        })
        .await
        .unwrap();
        let log = tokio::spawn(async move {
            let mut rest = String::new();
            lines.into_inner().read_to_string(&mut rest).await.unwrap();
            seen + &rest
        });
        Served { child, url, log }
    }
}

impl Served {
    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until it has ended; returns whether it ended well, and all that it logged.
    pub async fn ended(mut self) -> (bool, String) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .unwrap()
            .unwrap();
        (status.success(), self.log.await.unwrap())
    }

    /// Ends it with SIGTERM.
    pub async fn stop(self) -> String {
        self.signal("TERM");
        let (well, log) = self.ended().await;
        assert!(well, "{log}");
        log
    }
}

/// What a process printed on both of its outputs.
pub fn printed(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
