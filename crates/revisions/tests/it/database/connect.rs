//! Connections that fail, and what is said.

use revisions::{ConnectError, DatabaseUrl};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Database, column, needs_many_connections, server};

#[tokio::test]
async fn the_application_says_its_name_unless_the_url_has_one() {
    needs_many_connections!();
    let database = Database::new().await;
    let client = database.url.connect("my program").await.unwrap();
    assert_eq!(
        column(&client, "show application_name").await,
        ["my program"]
    );
    let joint = if database.url.expose().contains('?') {
        '&'
    } else {
        '?'
    };
    let url = format!("{}{joint}application_name=other", database.url.expose());
    let client = DatabaseUrl::parse(&url)
        .unwrap()
        .connect("my program")
        .await
        .unwrap();
    assert_eq!(column(&client, "show application_name").await, ["other"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    // A port that was free a moment ago, and that nobody else is given meanwhile.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = DatabaseUrl::parse(&format!("postgresql://u:secret@127.0.0.1:{port}/d")).unwrap();
    let error = url.connect("test").await.unwrap_err();
    assert!(matches!(error, ConnectError::NoServer { .. }), "{error:?}");
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("postgresql://u@127.0.0.1:{port}/d?connect_timeout=1&sslmode=disable");
    let error = DatabaseUrl::parse(&url)
        .unwrap()
        .connect("test")
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectError::TimedOut { seconds: 1, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_host_that_is_not_known_is_named() {
    let url = DatabaseUrl::parse("postgresql://u@no-such-host.invalid/d").unwrap();
    let error = url.connect("test").await.unwrap_err();
    assert!(
        matches!(error, ConnectError::UnknownHost { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    needs_many_connections!();
    let url = DatabaseUrl::parse(&server().database_url("no_such_database")).unwrap();
    let error = url.connect("test").await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::NoDatabase { database, .. } if database == "no_such_database")
    );
    assert!(
        error.to_string().contains("createdb no_such_database"),
        "{error}"
    );
}

#[tokio::test]
async fn a_role_that_is_not_there_is_refused() {
    needs_many_connections!();
    let database = Database::new().await;
    let joint = if database.url.expose().contains('?') {
        '&'
    } else {
        '?'
    };
    let url = format!("{}{joint}user=no_such_role", database.url.expose());
    let error = DatabaseUrl::parse(&url)
        .unwrap()
        .connect("test")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ConnectError::Refused { user, .. } if user == "no_such_role"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_role_that_may_not_connect_is_told_so() {
    needs_many_connections!();
    let database = Database::new().await;
    let owner = database.connect("test").await;
    let role = format!("kept_out_{}", std::process::id());
    let name = database.url.config().get_dbname().unwrap();
    owner
        .batch_execute(&format!(
            "create role {role} login password 'x'; revoke connect on database {name} from public"
        ))
        .await
        .unwrap();
    let joint = if database.url.expose().contains('?') {
        '&'
    } else {
        '?'
    };
    let url = format!("{}{joint}user={role}&password=x", database.url.expose());
    let error = DatabaseUrl::parse(&url)
        .unwrap()
        .connect("test")
        .await
        .unwrap_err();
    owner
        .batch_execute(&format!("drop role {role}"))
        .await
        .unwrap();
    assert!(
        matches!(error, ConnectError::NoPermission { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_session_that_was_not_asked_for_is_refused() {
    needs_many_connections!();
    let database = Database::new().await;
    let joint = if database.url.expose().contains('?') {
        '&'
    } else {
        '?'
    };
    let url = format!(
        "{}{joint}target_session_attrs=read-only",
        database.url.expose()
    );
    let error = DatabaseUrl::parse(&url)
        .unwrap()
        .connect("test")
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectError::WrongSession { .. }),
        "{error:?}"
    );
}

/// What is said when a server refuses a connection with this code and message.
async fn refused_with(code: &str, message: &str) -> ConnectError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut body = Vec::new();
    for (field, text) in [
        (b'S', "FATAL"),
        (b'V', "FATAL"),
        (b'C', code),
        (b'M', message),
    ] {
        body.push(field);
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap();
    let answer = [b"E".as_slice(), &length.to_be_bytes(), &body].concat();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = stream.read_u32().await.unwrap();
        let mut startup = vec![0; length as usize - 4];
        stream.read_exact(&mut startup).await.unwrap();
        stream.write_all(&answer).await.unwrap();
    });
    let url = format!("postgresql://me:hunter2@127.0.0.1:{port}/fortune?sslmode=disable");
    let error = DatabaseUrl::parse(&url)
        .unwrap()
        .connect("test")
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    error
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let no_entry = "no pg_hba.conf entry for host \"10.0.0.1\", user \"me\", database \"fortune\", no encryption";
    let mut said = Vec::new();
    for (code, message) in [
        ("28P01", "password authentication failed for user \"me\""),
        ("28000", no_entry),
        ("28000", "role \"me\" is not permitted to log in"),
        ("3D000", "database \"fortune\" does not exist"),
        ("42501", "permission denied for database \"fortune\""),
        ("53300", "sorry, too many clients already"),
        ("57P03", "the database system is starting up"),
        ("XX000", "something else"),
    ] {
        let error = refused_with(code, message).await.to_string();
        // The port is another one each time.
        let (before, after) = error.split_once("127.0.0.1:").unwrap_or((&error, ""));
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        said.push(if after.is_empty() {
            error.clone()
        } else {
            format!("{before}host{after}")
        });
    }
    insta::assert_snapshot!(said.join("\n\n"));
}
