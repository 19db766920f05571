//! Directories that keep their data: continued, shared, recovered, and never opened with the wrong engine.

use std::fs;
use std::path::Path;

use scratch_postgres::{Builder, Error, Server, Source};

use crate::common::{ask, block_on, cache_dir, connect, local_binaries};
#[cfg(unix)]
use crate::common::{eventually, processes_in};
#[cfg(unix)]
use crate::owner::Owner;

/// A name inside a new directory, which the builder makes.
fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let data_dir = parent.path().join("kept");
    (parent, data_dir)
}

fn sources() -> Vec<Source> {
    let mut sources: Vec<Source> = local_binaries().map(Source::Binaries).into_iter().collect();
    if cfg!(feature = "embedded") {
        sources.push(Source::Embedded);
    }
    sources
}

fn start(source: &Source, data_dir: &Path) -> Result<Server, Error> {
    Builder::new()
        .source(source.clone())
        .cache_dir(cache_dir())
        .data_dir(data_dir)
        .start()
}

async fn write_rows(url: &str) {
    let client = connect(url).await;
    client
        .batch_execute(
            "create table kept (n int); \
             insert into kept select generate_series(1, 1000)",
        )
        .await
        .unwrap();
}

async fn count_rows(url: &str) -> String {
    ask(&connect(url).await, "select count(*) from kept").await
}

#[test]
fn data_is_continued_at_the_next_start() {
    for source in sources() {
        let (_parent, data_dir) = place();
        let server = start(&source, &data_dir).unwrap();
        assert!(server.is_owner());
        block_on(write_rows(&server.url()));
        server.stop().unwrap();
        assert!(!data_dir.join("address").exists());
        let server = start(&source, &data_dir).unwrap();
        assert_eq!(block_on(count_rows(&server.url())), "1000");
    }
}

#[test]
fn local_data_survives_a_power_cut() {
    let Some(directory) = local_binaries() else {
        return;
    };
    let (_parent, data_dir) = place();
    let server = start(&Source::Binaries(directory), &data_dir).unwrap();
    block_on(async {
        let client = connect(&server.url()).await;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value = ask(&client, &format!("show {setting}")).await;
            assert_eq!(value, "on", "{setting}");
        }
    });
}

#[cfg(unix)]
#[test]
fn committed_rows_survive_a_sigkill_of_the_owner() {
    for source in sources() {
        let (_parent, data_dir) = place();
        let what = match &source {
            Source::Binaries(directory) => format!("keep:{}", directory.display()),
            _ => "keep:embedded".to_owned(),
        };
        let mut owner = Owner::of(&what, &data_dir);
        assert!(owner.is_owner);
        block_on(write_rows(&owner.url));
        owner.signal(rustix::process::Signal::KILL);
        owner.wait();
        // At once: the old server may be about to end, and then it is waited for.
        let server = start(&source, &data_dir).unwrap();
        assert!(server.is_owner());
        assert_eq!(block_on(count_rows(&server.url())), "1000");
        server.stop().unwrap();
        eventually("no process is left", || processes_in(&data_dir).is_empty());
    }
}

#[cfg(unix)]
#[test]
fn what_a_killed_server_left_is_recovered_from() {
    use rustix::process::{Pid, Signal, kill_process};
    let Some(directory) = local_binaries() else {
        return;
    };
    let source = Source::Binaries(directory);
    let (_parent, data_dir) = place();
    let server = start(&source, &data_dir).unwrap();
    block_on(write_rows(&server.url()));
    // As a power cut would: the server has no time to remove anything.
    let postmaster = data_dir.join("cluster/data/postmaster.pid");
    let pid_text = fs::read_to_string(&postmaster).unwrap();
    let pid: i32 = pid_text.lines().next().unwrap().trim().parse().unwrap();
    let address = fs::read_to_string(data_dir.join("address")).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    drop(server);
    assert!(postmaster.exists());
    fs::write(data_dir.join("address"), address).unwrap();
    let server = start(&source, &data_dir).unwrap();
    assert!(server.is_owner());
    assert_eq!(block_on(count_rows(&server.url())), "1000");
}

#[cfg(unix)]
#[test]
fn a_second_process_attaches_and_does_not_end_it() {
    use std::os::unix::fs::MetadataExt;
    for source in sources() {
        let (_parent, data_dir) = place();
        let server = start(&source, &data_dir).unwrap();
        block_on(write_rows(&server.url()));
        let what = match &source {
            Source::Binaries(directory) => format!("keep:{}", directory.display()),
            _ => "keep:embedded".to_owned(),
        };
        let mut second = Owner::of(&what, &data_dir);
        assert!(!second.is_owner);
        assert_eq!(second.url, server.url());
        second.tell("stop");
        assert_eq!(block_on(count_rows(&server.url())), "1000");
        let address = data_dir.join("address").metadata().unwrap();
        assert_eq!(address.mode() & 0o777, 0o600);

        // In one process as well.
        let attached = start(&source, &data_dir).unwrap();
        assert!(!attached.is_owner());
        assert_eq!(attached.engine(), server.engine());
        assert_eq!(attached.max_connections(), server.max_connections());
        assert!(attached.to_string().ends_with(", run by another process"));
        drop(attached);
        assert_eq!(block_on(count_rows(&server.url())), "1000");
    }
}

#[test]
fn of_many_that_start_together_one_is_the_owner() {
    for source in sources() {
        let (_parent, data_dir) = place();
        let threads: Vec<_> = (0..6)
            .map(|_| {
                let (source, data_dir) = (source.clone(), data_dir.clone());
                std::thread::spawn(move || start(&source, &data_dir).unwrap())
            })
            .collect();
        let servers: Vec<Server> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let owners = servers.iter().filter(|server| server.is_owner()).count();
        assert_eq!(owners, 1);
    }
}

#[test]
fn data_of_another_major_version_is_refused_with_what_to_do() {
    let Some(directory) = local_binaries() else {
        return;
    };
    let source = Source::Binaries(directory);
    let (_parent, data_dir) = place();
    drop(start(&source, &data_dir).unwrap());
    let version = data_dir.join("cluster/data/PG_VERSION");
    fs::write(&version, "9\n").unwrap();
    let error = start(&source, &data_dir).unwrap_err();
    assert!(matches!(error, Error::OtherEngine { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("made by PostgreSQL 9,"), "{text}");
    assert!(text.contains("found PostgreSQL 1"), "{text}");
    assert!(
        text.contains("Install PostgreSQL 9, or keep this data aside"),
        "{text}"
    );
}

#[cfg(feature = "embedded")]
#[test]
fn data_of_one_engine_is_not_opened_with_the_other() {
    let Some(directory) = local_binaries() else {
        return;
    };
    let local = Source::Binaries(directory);
    let (_parent, data_dir) = place();
    drop(start(&local, &data_dir).unwrap());
    let error = start(&Source::Embedded, &data_dir).unwrap_err().to_string();
    assert!(error.contains("was made by PostgreSQL 1"), "{error}");
    assert!(error.contains("asks for the embedded engine"), "{error}");

    let (_parent, data_dir) = place();
    drop(start(&Source::Embedded, &data_dir).unwrap());
    let error = start(&local, &data_dir).unwrap_err().to_string();
    assert!(
        error.contains("was made by the embedded PostgreSQL 17.5"),
        "{error}"
    );

    // Where nobody insists, the data decides.
    let builder = Builder::new()
        .cache_dir(cache_dir())
        .prefer(scratch_postgres::Preference::Local)
        .data_dir(&data_dir);
    if std::env::var_os("SCRATCH_POSTGRES").is_none() {
        let server = builder.start().unwrap();
        assert!(server.to_string().contains("embedded"), "{server}");
    }
}

#[test]
fn a_half_made_cluster_is_made_anew() {
    let Some(directory) = local_binaries() else {
        return;
    };
    let source = Source::Binaries(directory);
    let (_parent, data_dir) = place();
    drop(start(&source, &data_dir).unwrap());
    let cluster = data_dir.join("cluster");
    fs::rename(cluster.join("data"), cluster.join("data.partial")).unwrap();
    fs::remove_file(cluster.join("data.partial/global/pg_control")).unwrap();
    let server = start(&source, &data_dir).unwrap();
    block_on(write_rows(&server.url()));
    assert!(!cluster.join("data.partial").exists());
}

#[test]
fn a_directory_with_something_else_in_it_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("thesis.txt"), "").unwrap();
    for source in sources() {
        let error = start(&source, parent.path()).unwrap_err();
        assert!(matches!(error, Error::NotADataDirectory { .. }), "{error}");
        assert!(error.to_string().contains("thesis.txt"), "{error}");
    }
    assert_eq!(crate::common::entries(parent.path()), ["thesis.txt"]);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    for source in sources() {
        let error = start(&source, &file.join("kept")).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        assert!(error.to_string().contains("file"), "{error}");
    }
}

#[test]
fn broken_data_shows_the_end_of_the_log() {
    let Some(directory) = local_binaries() else {
        return;
    };
    let source = Source::Binaries(directory);
    let (_parent, data_dir) = place();
    drop(start(&source, &data_dir).unwrap());
    fs::remove_file(data_dir.join("cluster/data/global/pg_control")).unwrap();
    let error = start(&source, &data_dir).unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error}");
    assert!(error.to_string().contains("pg_control"), "{error}");
    // And the lock is free again.
    let again = start(&source, &data_dir).unwrap_err();
    assert!(matches!(again, Error::Start { .. }), "{again}");
}
