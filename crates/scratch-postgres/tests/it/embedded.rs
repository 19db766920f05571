//! The engine inside this program.

use scratch_postgres::{Builder, Engine, Preference, Search};

use crate::common::{
    ask, block_on, cache_dir, connect, embedded, entries, nothing_is_left_in, say_skipped,
    try_connect,
};

#[test]
fn it_serves_and_is_gone_when_it_is_dropped() {
    let parent = tempfile::tempdir().unwrap();
    let server = embedded().temporary_in(parent.path()).start().unwrap();
    assert_eq!(
        server.engine(),
        &Engine::Embedded {
            version: "17.5".into()
        }
    );
    assert_eq!(server.to_string(), "the embedded PostgreSQL 17.5");
    assert_eq!(server.max_connections(), 1);
    block_on(async {
        let client = connect(&server.url()).await;
        assert_eq!(ask(&client, "show server_version").await, "17.5");
        assert_eq!(ask(&client, "select current_database()").await, "postgres");
    });
    drop(server);
    assert!(entries(parent.path()).is_empty());
}

#[test]
fn it_unpacks_where_it_is_told() {
    drop(embedded().start().unwrap());
    assert!(!entries(&cache_dir()).is_empty());
}

#[test]
fn it_is_the_refuge_where_there_are_no_binaries() {
    if std::env::var_os("SCRATCH_POSTGRES").is_some() {
        return say_skipped("where SCRATCH_POSTGRES is set");
    }
    let builder = Builder::new().cache_dir(cache_dir());
    let nothing = builder.clone().search(Search::only([]));
    let server = nothing.prefer(Preference::Local).start().unwrap();
    assert!(matches!(server.engine(), Engine::Embedded { .. }));
    let server = builder.prefer(Preference::Embedded).start().unwrap();
    assert!(matches!(server.engine(), Engine::Embedded { .. }));
}

#[test]
fn other_databases_can_be_made() {
    let server = embedded().start().unwrap();
    block_on(async {
        let client = connect(&server.url()).await;
        client.batch_execute("create database other").await.unwrap();
        client
            .batch_execute("create table only_here ()")
            .await
            .unwrap();
        drop(client);
        let client = connect(&server.database_url("other")).await;
        assert_eq!(ask(&client, "select current_database()").await, "other");
        let found = ask(&client, "select to_regclass('only_here') is null").await;
        assert_eq!(found, "t");
        drop(client);
        assert!(try_connect(&server.database_url("missing")).await.is_err());
    });
}

#[test]
fn one_client_after_the_other_is_served() {
    let server = embedded().start().unwrap();
    block_on(async {
        for n in 0..3 {
            let client = connect(&server.url()).await;
            assert_eq!(ask(&client, &format!("select {n}")).await, n.to_string());
        }
    });
}

#[test]
fn a_second_client_waits_for_the_first() {
    let server = embedded().start().unwrap();
    block_on(async {
        let first = connect(&server.url()).await;
        let url = server.url();
        let second =
            tokio::spawn(async move { ask(&connect(&url).await, "select 'second'").await });
        assert_eq!(ask(&first, "select 'first'").await, "first");
        assert!(!second.is_finished());
        drop(first);
        assert_eq!(second.await.unwrap(), "second");
    });
}

#[test]
fn a_client_that_breaks_off_in_a_transaction_is_rolled_back() {
    use std::io::{Read, Write};
    let server = embedded().start().unwrap();
    block_on(async {
        let client = connect(&server.url()).await;
        client
            .batch_execute("create table t (n int)")
            .await
            .unwrap();
    });
    // By hand, because tokio-postgres would say goodbye.
    let mut raw = raw_connection(&server.url());
    let body = b"user\0postgres\0database\0postgres\0\0";
    let mut startup = u32::to_be_bytes(8 + body.len() as u32).to_vec();
    startup.extend_from_slice(&[0, 3, 0, 0]);
    startup.extend_from_slice(body);
    raw.write_all(&startup).unwrap();
    read_until_ready(&mut raw);
    // Then a query whose answer is long, and nobody reads it.
    for sql in [
        "begin; insert into t values (1)",
        "select repeat('x', 1000) from generate_series(1, 100000)",
    ] {
        let mut query = vec![b'Q'];
        query.extend_from_slice(&u32::to_be_bytes(5 + sql.len() as u32));
        query.extend_from_slice(sql.as_bytes());
        query.push(0);
        raw.write_all(&query).unwrap();
    }
    raw.read_exact(&mut [0; 1000]).unwrap();
    drop(raw);
    block_on(async {
        let client = connect(&server.url()).await;
        assert_eq!(ask(&client, "select count(*) from t").await, "0");
    });
}

#[cfg(unix)]
fn raw_connection(url: &str) -> std::os::unix::net::UnixStream {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let [tokio_postgres::config::Host::Unix(directory)] = config.get_hosts() else {
        panic!("{config:?}");
    };
    std::os::unix::net::UnixStream::connect(directory.join(".s.PGSQL.5432")).unwrap()
}

#[cfg(not(unix))]
fn raw_connection(url: &str) -> std::net::TcpStream {
    let config: tokio_postgres::Config = url.parse().unwrap();
    std::net::TcpStream::connect(("127.0.0.1", config.get_ports()[0])).unwrap()
}

/// Reads messages up to `ReadyForQuery`.
fn read_until_ready(stream: &mut impl std::io::Read) {
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        stream.read_exact(&mut vec![0; length - 4]).unwrap();
        if head[0] == b'Z' {
            return;
        }
    }
}

#[test]
fn it_ends_although_a_client_is_connected() {
    let parent = tempfile::tempdir().unwrap();
    let server = embedded().temporary_in(parent.path()).start().unwrap();
    block_on(async {
        let client = connect(&server.url()).await;
        tokio::task::spawn_blocking(|| server.stop())
            .await
            .unwrap()
            .unwrap();
        assert!(client.simple_query("select 1").await.is_err());
    });
    nothing_is_left_in(parent.path());
}

#[test]
fn garbage_and_cancel_requests_do_no_harm() {
    use std::io::{Read, Write};
    let server = embedded().start().unwrap();
    let mut garbage = raw_connection(&server.url());
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(garbage.read(&mut [0; 10]).unwrap_or(0), 0);
    drop(raw_connection(&server.url()));
    block_on(async {
        let client = connect(&server.url()).await;
        client
            .cancel_token()
            .cancel_query(tokio_postgres::NoTls)
            .await
            .unwrap();
        assert_eq!(ask(&client, "select 1").await, "1");
    });
}

#[test]
fn several_run_side_by_side() {
    let servers: Vec<_> = (0..3).map(|_| embedded().start().unwrap()).collect();
    block_on(async {
        let mut clients = Vec::new();
        for server in &servers {
            clients.push(connect(&server.url()).await);
        }
        for (n, client) in clients.iter().enumerate() {
            let create = format!("create table t as select {n} as n");
            client.batch_execute(&create).await.unwrap();
        }
        for (n, client) in clients.iter().enumerate() {
            assert_eq!(ask(client, "select n from t").await, n.to_string());
        }
    });
}

#[tokio::test]
async fn it_starts_and_ends_inside_of_a_runtime() {
    let server = embedded().start().unwrap();
    let client = connect(&server.url()).await;
    assert_eq!(ask(&client, "select 1").await, "1");
    drop(client);
    drop(server);
}

#[test]
fn a_directory_with_a_long_name_is_no_obstacle() {
    let parent = tempfile::tempdir().unwrap();
    let long = parent.path().join("x".repeat(120));
    let server = embedded().temporary_in(&long).start().unwrap();
    block_on(async { connect(&server.url()).await });
    server.stop().unwrap();
    assert!(entries(&long).is_empty());
}
