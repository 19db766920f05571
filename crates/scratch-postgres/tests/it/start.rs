//! Temporary servers from local binaries: they start, serve, and are gone.

use std::path::Path;

use scratch_postgres::{Engine, Error, Source};

use crate::common::{
    ask, block_on, connect, entries, local, local_binaries, nothing_is_left_in, processes_in,
    say_skipped,
};

#[test]
fn a_temporary_server_serves_and_is_gone_when_it_is_dropped() {
    let Some(builder) = local() else { return };
    let parent = tempfile::tempdir().unwrap();
    let server = builder.temporary_in(parent.path()).start().unwrap();
    assert!(matches!(server.engine(), Engine::Local { .. }));
    assert!(server.is_owner());
    assert!(server.max_connections() >= 100);
    assert_eq!(entries(parent.path()).len(), 1);
    block_on(async {
        let client = connect(&server.url()).await;
        assert_eq!(ask(&client, "select 1 + 1").await, "2");
        assert_eq!(ask(&client, "show server_encoding").await, "UTF8");
        assert_eq!(ask(&client, "show listen_addresses").await, "");
        assert_eq!(ask(&client, "show timezone").await, "UTC");
        client.batch_execute("create database other").await.unwrap();
        let other = connect(&server.database_url("other")).await;
        assert_eq!(ask(&other, "select current_database()").await, "other");
    });
    drop(server);
    // Not eventually, but now.
    assert!(entries(parent.path()).is_empty());
    assert!(processes_in(parent.path()).is_empty());
}

#[test]
fn a_server_ends_although_clients_are_connected() {
    let Some(builder) = local() else { return };
    let parent = tempfile::tempdir().unwrap();
    let server = builder.temporary_in(parent.path()).start().unwrap();
    block_on(async {
        let client = connect(&server.url()).await;
        client
            .batch_execute("begin; create table t ()")
            .await
            .unwrap();
        tokio::task::spawn_blocking(|| server.stop())
            .await
            .unwrap()
            .unwrap();
        assert!(client.simple_query("select 1").await.is_err());
    });
    assert!(entries(parent.path()).is_empty());
}

#[test]
fn many_connections_are_served_at_once() {
    let Some(builder) = local() else { return };
    let server = builder.start().unwrap();
    block_on(async {
        let mut clients = Vec::new();
        for _ in 0..100 {
            clients.push(connect(&server.url()).await);
        }
        for client in &clients {
            assert_eq!(ask(client, "select 'here'").await, "here");
        }
    });
}

#[test]
fn several_servers_run_side_by_side() {
    let Some(builder) = local() else { return };
    let parent = tempfile::tempdir().unwrap();
    let builder = builder.temporary_in(parent.path());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let builder = builder.clone();
            std::thread::spawn(move || builder.start().unwrap())
        })
        .collect();
    let mut servers: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let first = servers.remove(0);
    block_on(async {
        connect(&first.url())
            .await
            .batch_execute("create table only_here ()")
            .await
            .unwrap();
        for server in &servers {
            let client = connect(&server.url()).await;
            let found = ask(&client, "select to_regclass('only_here') is null").await;
            assert_eq!(found, "t");
        }
    });
    drop(first);
    // The end of one is not the end of the others.
    block_on(async {
        for server in &servers {
            connect(&server.url()).await;
        }
    });
    drop(servers);
    assert!(entries(parent.path()).is_empty());
}

#[tokio::test]
async fn a_server_starts_and_ends_inside_of_a_runtime() {
    let Some(builder) = local() else { return };
    let server = builder.start().unwrap();
    let client = connect(&server.url()).await;
    assert_eq!(ask(&client, "select 1").await, "1");
    drop(server);
}

#[test]
fn a_directory_with_a_long_and_odd_name_is_no_obstacle() {
    let Some(builder) = local() else { return };
    let parent = tempfile::tempdir().unwrap();
    let odd = parent
        .path()
        .join("a \"b\", c'd $e ü")
        .join("x".repeat(120));
    let server = builder.temporary_in(&odd).start().unwrap();
    let config: tokio_postgres::Config = server.url().parse().unwrap();
    let [tokio_postgres::config::Host::Unix(socket_dir)] = config.get_hosts() else {
        panic!("{config:?}");
    };
    assert!(!socket_dir.starts_with(&odd));
    block_on(async { connect(&server.url()).await });
    server.stop().unwrap();
    assert!(!socket_dir.exists());
    assert!(entries(&odd).is_empty());
}

#[test]
fn an_odd_name_is_no_obstacle_to_the_socket_itself() {
    let Some(builder) = local() else { return };
    let parent = tempfile::tempdir_in("/tmp").unwrap();
    let odd = parent.path().join("a \"b\", c'd $e ü");
    let server = builder.temporary_in(&odd).start().unwrap();
    assert!(server.url().contains("%22b%22"), "{}", server.url());
    block_on(async { connect(&server.url()).await });
}

#[cfg(unix)]
#[test]
fn only_the_user_can_enter_the_directory() {
    use std::os::unix::fs::MetadataExt;
    let Some(builder) = local() else { return };
    let parent = tempfile::tempdir().unwrap();
    let _server = builder.temporary_in(parent.path()).start().unwrap();
    for name in entries(parent.path()) {
        let metadata = parent.path().join(name).metadata().unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o700);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn root_lends_an_account_or_hides_in_a_namespace_if_that_account_has_no_way_in() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let Some(builder) = local() else { return };
    if !rustix::process::geteuid().is_root() {
        return say_skipped("as a user who is not root");
    }
    let parent = tempfile::tempdir_in("/tmp").unwrap();
    let owner_of_data = |builder: &scratch_postgres::Builder| {
        let server = builder.clone().start()?;
        let home = parent.path().join(&entries(parent.path())[0]);
        block_on(async { connect(&server.url()).await });
        Ok::<u32, Error>(home.join("data").metadata().unwrap().uid())
    };
    let builder = builder.temporary_in(parent.path());

    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(parent.path(), open).unwrap();
    assert_ne!(
        owner_of_data(&builder).unwrap(),
        0,
        "it runs as another user"
    );

    let closed = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(parent.path(), closed).unwrap();
    let namespaces = std::process::Command::new("unshare")
        .args(["-U", "true"])
        .status()
        .is_ok_and(|status| status.success());
    match owner_of_data(&builder) {
        Ok(uid) => assert_eq!(uid, 0, "it runs as root, seen from here"),
        Err(Error::Root { reason }) if !namespaces => {
            assert!(reason.contains(parent.path().to_str().unwrap()), "{reason}");
        }
        Err(error) => panic!("{error}"),
    }
    nothing_is_left_in(parent.path());
}

/// Binaries that report a version, and then do something else.
#[cfg(unix)]
fn fake_binaries(directory: &Path, postgres: &str, initdb: &str) -> Source {
    use std::os::unix::fs::PermissionsExt;
    for (name, body) in [("postgres", postgres), ("initdb", initdb)] {
        let path = directory.join(name);
        let version = "if [ \"$1\" = --version ]; then echo 'postgres (PostgreSQL) 17.9'; exit; fi";
        std::fs::write(&path, format!("#!/bin/sh\n{version}\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    Source::Binaries(directory.to_owned())
}

#[cfg(unix)]
#[test]
fn a_failed_initdb_shows_the_end_of_its_log_and_leaves_nothing() {
    let bin = tempfile::tempdir_in("/tmp").unwrap();
    let parent = tempfile::tempdir().unwrap();
    let source = fake_binaries(
        bin.path(),
        "",
        "echo 'no space left on this toy' >&2; exit 1",
    );
    let result = scratch_postgres::Builder::new()
        .source(source)
        .temporary_in(parent.path())
        .start();
    let text = result.unwrap_err().to_string();
    assert!(text.starts_with("initdb of PostgreSQL 17.9 of "), "{text}");
    assert!(text.contains("  | no space left on this toy"), "{text}");
    nothing_is_left_in(parent.path());
}

#[cfg(unix)]
#[test]
fn a_server_that_ends_at_once_shows_the_end_of_its_log_and_leaves_nothing() {
    let Some(real) = local_binaries() else { return };
    let bin = tempfile::tempdir_in("/tmp").unwrap();
    let parent = tempfile::tempdir().unwrap();
    let initdb = format!("exec {}/initdb \"$@\"", real.display());
    let source = fake_binaries(
        bin.path(),
        "echo 'FATAL:  out of order' >&2; exit 1",
        &initdb,
    );
    let result = scratch_postgres::Builder::new()
        .source(source)
        .temporary_in(parent.path())
        .start();
    let text = result.unwrap_err().to_string();
    assert!(
        text.starts_with("the start of PostgreSQL 17.9 of "),
        "{text}"
    );
    assert!(text.contains("  | FATAL:  out of order"), "{text}");
    nothing_is_left_in(parent.path());
}
