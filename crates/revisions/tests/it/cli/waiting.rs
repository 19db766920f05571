//! `wait`, and a database that is not there yet.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use revisions::DatabaseUrl;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_postgres::config::Host;

use crate::support::{Project, applied, column, err, needs_many_connections, out, server};

/// A port that was free a moment ago.
async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Hands each connection on to the server of the tests; the first `deaf` are closed at once, as by a proxy whose
/// server still starts.
async fn serve(port: u16, mut deaf: usize) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let url = DatabaseUrl::parse(&server().url()).unwrap();
    let (host, real) = (
        url.config().get_hosts()[0].clone(),
        url.config().get_ports()[0],
    );
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        if deaf > 0 {
            deaf -= 1;
            continue;
        }
        match &host {
            Host::Unix(dir) => {
                let socket = dir.join(format!(".s.PGSQL.{real}"));
                let mut server = UnixStream::connect(socket).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
            Host::Tcp(name) => {
                let mut server = TcpStream::connect((name.as_str(), real)).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        }
    }
}

fn wait(url: &str, timeout_s: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_revisions"));
    command
        .env_clear()
        .current_dir(std::env::temp_dir())
        .args(["wait", "--url", url, "--timeout", timeout_s])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_later_is_waited_for() {
    needs_many_connections!();
    for mode in ["disable", "prefer"] {
        let port = free_port().await;
        let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres?sslmode={mode}");
        let mut child = wait(&url, "60").spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            told.read_line(&mut line).unwrap();
            line
        });
        let line = line.await.unwrap();
        let place = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
        assert!(
            line.starts_with(&format!("waiting for {place}: no PostgreSQL answers")),
            "{line}"
        );
        let serving = tokio::spawn(serve(port, 2));
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let output = output.await.unwrap();
        serving.abort();
        assert!(output.status.success(), "{mode}: {output:?}");
        assert!(
            out(&output).starts_with(&format!("{place} answers: PostgreSQL ")),
            "{output:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_comes_is_given_up() {
    let port = free_port().await;
    let url = format!("postgresql://u:hunter2@127.0.0.1:{port}/d");
    let output = tokio::task::spawn_blocking(move || wait(&url, "0").output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = err(&output).replace(&port.to_string(), "PORT");
    assert!(!told.contains("hunter2"), "{told}");
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_wrong_password_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("postgresql://u:hunter2@127.0.0.1:{port}/d?sslmode=disable");
    let mut child = wait(&url, "3600").spawn().unwrap();
    // A server that refuses the password, once: whoever asked again would be waited for here.
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut startup = [0; 1024];
    assert!(socket.read(&mut startup).await.unwrap() > 0);
    let fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"u\"\0\0";
    let length = u32::try_from(fields.len() + 4).unwrap();
    socket.write_all(b"E").await.unwrap();
    socket.write_all(&length.to_be_bytes()).await.unwrap();
    socket.write_all(fields).await.unwrap();
    drop(socket);
    let status = tokio::task::spawn_blocking(move || {
        let status = child.wait().unwrap();
        let mut told = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut told)
            .unwrap();
        (status, told)
    });
    let (status, told) = status.await.unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(
        !told.contains("hunter2") && !told.contains("waiting"),
        "{told}"
    );
    insta::assert_snapshot!(told.replace(&port.to_string(), "PORT"));
}

#[tokio::test]
async fn a_database_is_created_if_it_is_asked_for_and_only_once() {
    needs_many_connections!();
    let project = Project::new(&[("U1__a.sql", "create table a (id int);")]).await;
    let name = format!("made \"on\" the {} spot", std::process::id());
    let url = server().database_url(&name);
    let run = |arguments: &[&str]| {
        let mut command = project.command("upgrade head");
        command.env("DATABASE_URL", &url).args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let refused = run(&[]).await.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        err(&refused).contains("--create-database"),
        "{}",
        err(&refused)
    );
    let two = tokio::join!(run(&["--create-database"]), run(&["--create-database"]));
    for output in [
        two.0.unwrap(),
        two.1.unwrap(),
        run(&["--create-database"]).await.unwrap(),
    ] {
        assert!(output.status.success(), "{}", err(&output));
    }
    let client = DatabaseUrl::parse(&url)
        .unwrap()
        .connect("test")
        .await
        .unwrap();
    assert_eq!(applied(&client).await, ["1"]);
    drop(client);
    let quoted = name.replace('"', "\"\"");
    let admin = project.database.connect("test").await;
    column(&admin, &format!("drop database \"{quoted}\" with (force)")).await;
}

#[tokio::test]
async fn a_role_that_may_not_create_a_database_is_told_so() {
    needs_many_connections!();
    let project = Project::new(&[("U1__a.sql", "select 1;")]).await;
    let admin = project.database.connect("test").await;
    let role = format!("poor_{}", std::process::id());
    column(&admin, &format!("create role {role} login")).await;
    let url = server().database_url("never_made");
    let joint = if url.contains('?') { '&' } else { '?' };
    let mut command = project.command("upgrade head --create-database");
    command.env("DATABASE_URL", format!("{url}{joint}user={role}"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    column(&admin, &format!("drop role {role}")).await;
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(err(&output));
}
