//! Running pgbench on one statement, and reading what it says. What the statement is, is not known here.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

/// What pgbench is to do.
pub struct Job {
    /// Where it is.
    pub program: PathBuf,
    /// The database.
    pub url: String,
    /// What every client does again and again.
    pub script: String,
    /// Variables that are texts; `\set` in the script is for numbers.
    pub texts: Vec<(&'static str, &'static str)>,
    /// How many do it at once.
    pub clients: usize,
    /// For how long.
    pub seconds: u64,
}

/// What a run of pgbench did.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Transactions that it ran to their end.
    pub transactions: u64,
    /// Its own figure, which leaves out the time that the connections took to open.
    pub transactions_per_second: f64,
}

impl Job {
    /// Runs it. Every client prepares the statement first.
    ///
    /// # Errors
    /// If it fails, or one of its transactions does.
    pub fn run(&self) -> anyhow::Result<Run> {
        let script = tempfile::NamedTempFile::new()?;
        std::fs::write(script.path(), &self.script)?;
        let threads = std::thread::available_parallelism()?
            .get()
            .min(self.clients);
        let mut command = Command::new(&self.program);
        command
            .args(["--protocol=prepared", "--no-vacuum", "--file"])
            .arg(script.path())
            .arg(format!("--client={}", self.clients))
            .arg(format!("--jobs={threads}"))
            .arg(format!("--time={}", self.seconds));
        for (name, text) in &self.texts {
            command.arg(format!("--define={name}={text}"));
        }
        let output = command
            .arg(&self.url)
            .env("LC_ALL", "C")
            .output()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "pgbench failed ({}):\n{complaint}",
            output.status
        );
        let run = Run {
            transactions: number_after(&printed, "number of transactions actually processed:")?,
            transactions_per_second: number_after(&printed, "tps =")?,
        };
        let failed: u64 = number_after(&printed, "number of failed transactions:")?;
        anyhow::ensure!(
            failed == 0,
            "{failed} transactions of pgbench failed:\n{complaint}"
        );
        Ok(run)
    }
}

fn number_after<T: std::str::FromStr>(printed: &str, label: &str) -> anyhow::Result<T> {
    printed
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("pgbench does not say {label:?}:\n{printed}"))
}
