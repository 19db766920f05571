//! However the owner ends, its server ends too. The owner is this test binary, started once more: it runs
//! the "test" `holds_a_server_for_another_test`, told by variables what to hold.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use scratch_postgres::{Builder, Server, Source};

use crate::common::{
    block_on, cache_dir, connect, eventually, local_binaries, nothing_is_left_in, processes_in,
    try_connect,
};

const WHAT: &str = "SCRATCH_POSTGRES_TEST_HOLDS";
const WHERE: &str = "SCRATCH_POSTGRES_TEST_PARENT";
const REPORT: &str = "SCRATCH_POSTGRES_TEST_REPORT";

/// An owner in another process. It is killed if the test fails.
pub struct Owner {
    process: Child,
    /// The URL of its server.
    pub url: String,
    /// As `is_owner` says.
    pub is_owner: bool,
}

impl Owner {
    /// Starts a process that holds a server: `what` is a value of `SCRATCH_POSTGRES`, and `place` the parent of
    /// temporary directories, or with `keep:` before `what` the data directory.
    pub fn of(what: &str, place: &Path) -> Self {
        let report = tempfile::NamedTempFile::new().unwrap();
        let process = command(what, place, report.path()).spawn().unwrap();
        let mut owner = Self {
            process,
            url: String::new(),
            is_owner: false,
        };
        let read = || fs::read_to_string(report.path()).unwrap();
        eventually("the other process has its server", || {
            read().ends_with("end")
        });
        let text = read();
        let mut lines = text.lines();
        owner.url = lines.next().unwrap().to_owned();
        owner.is_owner = lines.next().unwrap() == "true";
        owner
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, signal).unwrap();
    }

    /// Lets it do what the word says, and waits for it.
    pub fn tell(&mut self, word: &str) {
        let mut input = self.process.stdin.take().unwrap();
        input.write_all(word.as_bytes()).unwrap();
        drop(input);
        self.process.wait().unwrap();
    }

    pub fn wait(&mut self) {
        self.process.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// This test binary as an owner.
fn command(what: &str, place: &Path, report: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "owner::holds_a_server_for_another_test"])
        .args(["--nocapture", "--quiet"])
        .env(WHAT, what)
        .env(WHERE, place)
        .env(REPORT, report)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    if let Some(value) = what.strip_prefix("variable:") {
        command.env("SCRATCH_POSTGRES", value);
    }
    command
}

/// Not a test by itself: see the head of this file.
#[test]
fn holds_a_server_for_another_test() {
    let Ok(what) = std::env::var(WHAT) else {
        return;
    };
    let place = std::env::var_os(WHERE).unwrap();
    let builder = Builder::new().cache_dir(cache_dir());
    let builder = match what.strip_prefix("keep:") {
        Some(source) => builder.source(source.parse().unwrap()).data_dir(place),
        None if what.starts_with("variable:") => builder.temporary_in(place),
        None => builder.source(what.parse().unwrap()).temporary_in(place),
    };
    let server = builder.start().unwrap();
    let text = format!("{}\n{}\nend", server.url(), server.is_owner());
    fs::write(std::env::var_os(REPORT).unwrap(), text).unwrap();
    let mut word = String::new();
    std::io::stdin().read_to_string(&mut word).unwrap();
    match word.as_str() {
        "panic" => panic!("as asked"),
        "exit" => std::process::exit(3),
        "static" => leave_in_a_static(server),
        _ => server.stop().unwrap(),
    }
}

/// A static is never dropped.
fn leave_in_a_static(server: Server) {
    static KEPT: std::sync::OnceLock<Server> = std::sync::OnceLock::new();
    KEPT.set(server).unwrap();
}

/// Both kinds, where they are to be had.
fn kinds() -> Vec<String> {
    let mut kinds = Vec::new();
    if let Some(directory) = local_binaries() {
        kinds.push(directory.to_str().unwrap().to_owned());
    }
    if cfg!(feature = "embedded") {
        kinds.push("embedded".to_owned());
    }
    kinds
}

/// Starts an owner of each kind, lets it end in some way, and looks at what is left.
fn however_it_ends(end: impl Fn(&mut Owner)) {
    for kind in kinds() {
        let parent = tempfile::tempdir().unwrap();
        let mut owner = Owner::of(&kind, parent.path());
        assert!(!processes_in(parent.path()).is_empty() || !cfg!(target_os = "linux"));
        block_on(async { connect(&owner.url).await });
        end(&mut owner);
        nothing_is_left_in(parent.path());
        block_on(async { assert!(try_connect(&owner.url).await.is_err()) });
    }
}

#[test]
fn nothing_is_left_after_an_orderly_end() {
    however_it_ends(|owner| owner.tell("stop"));
}

#[test]
fn nothing_is_left_after_a_panic() {
    however_it_ends(|owner| owner.tell("panic"));
}

#[test]
fn nothing_is_left_after_an_exit_without_a_drop() {
    however_it_ends(|owner| owner.tell("exit"));
}

#[test]
fn nothing_is_left_of_a_server_in_a_static() {
    however_it_ends(|owner| owner.tell("static"));
}

#[test]
fn nothing_is_left_after_sigkill() {
    however_it_ends(|owner| owner.signal(Signal::KILL));
}

#[test]
fn nothing_is_left_after_sigterm() {
    however_it_ends(|owner| owner.signal(Signal::TERM));
}

#[test]
fn nothing_is_left_after_sigint() {
    if is_sigint_ignored() {
        // A shell without job control has started this in the background: its children outlive the signal, as they should.
        eprintln!("skipped: SIGINT is ignored here");
        return;
    }
    however_it_ends(|owner| owner.signal(Signal::INT));
}

/// Whether this process, and so each that it starts, was told to ignore SIGINT.
fn is_sigint_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (Signal::INT.as_raw() - 1)) != 0)
}

#[test]
fn nothing_is_left_when_the_owner_is_killed_while_its_server_starts() {
    for kind in kinds() {
        let parent = tempfile::tempdir().unwrap();
        // At different moments: at the first sign of the directory, of initdb, of the server.
        for sign in ["", "data.partial", "data/PG_VERSION", "data/postmaster.pid"] {
            let report = parent.path().with_extension("report");
            let mut process = command(&kind, parent.path(), &report).spawn().unwrap();
            let sign_is_there = || {
                let homes = crate::common::entries(parent.path());
                let is_there = |home: &String| parent.path().join(home).join(sign).exists();
                homes.iter().any(is_there) || report.exists()
            };
            eventually("the start is that far", sign_is_there);
            process.kill().unwrap();
            process.wait().unwrap();
            nothing_is_left_in(parent.path());
            let _ = fs::remove_file(&report);
        }
    }
}

#[test]
fn the_variable_decides() {
    for kind in kinds() {
        let parent = tempfile::tempdir().unwrap();
        let owner = Owner::of(&format!("variable:{kind}"), parent.path());
        let asked = block_on(async {
            let client = connect(&owner.url).await;
            crate::common::ask(&client, "select version()").await
        });
        assert_eq!(asked.contains("wasm"), kind == "embedded", "{asked}");
    }
}

#[test]
fn a_wrong_value_of_the_variable_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let report = parent.path().join("report");
    let mut process = command("variable:mysql://me:hush@localhost", parent.path(), &report);
    let output = process.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("InvalidSource"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn a_signal_to_the_group_of_the_owner_does_not_reach_the_server() {
    use std::os::unix::process::CommandExt;
    let Some(directory) = local_binaries() else {
        return;
    };
    let server = Builder::new()
        .source(Source::Binaries(directory))
        .start()
        .unwrap();
    let config: tokio_postgres::Config = server.url().parse().unwrap();
    let [tokio_postgres::config::Host::Unix(home)] = config.get_hosts() else {
        panic!("{config:?}");
    };
    let read_pid = |name: &str| {
        let text = fs::read_to_string(home.join(name)).unwrap();
        let number: i32 = text.lines().next().unwrap().trim().parse().unwrap();
        Pid::from_raw(number).unwrap()
    };
    let postmaster = read_pid("data/postmaster.pid");
    let own_group = rustix::process::getpgrp();
    assert_ne!(
        rustix::process::getpgid(Some(postmaster)).unwrap(),
        own_group
    );

    // And what Ctrl-C does, in a group that is not that of the test runner.
    let mut other = Command::new("sleep")
        .arg("600")
        .process_group(0)
        .spawn()
        .unwrap();
    kill_process_group(Pid::from_child(&other), Signal::INT).unwrap();
    other.wait().unwrap();
    block_on(async { connect(&server.url()).await });
}

#[test]
fn a_child_of_the_owner_does_not_keep_the_server_alive() {
    let Some(directory) = local_binaries() else {
        return;
    };
    let parent = tempfile::tempdir().unwrap();
    let builder = Builder::new()
        .source(Source::Binaries(directory))
        .temporary_in(parent.path());
    let server = builder.start().unwrap();
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    drop(server);
    let left = crate::common::entries(parent.path());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(left.is_empty(), "{left:?}");
}
