//! `serve`

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::needs_many_connections;
use crate::support::TestDatabase;
use crate::support::api::PASSWORD;
use crate::support::program::{Program, printed};

async fn register(url: &str, email: &str) -> u16 {
    let body = json!({"email": email, "password": PASSWORD});
    let request = crate::support::client()
        .post(format!("{url}/api/v1/auth/register"))
        .json(&body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn with_nothing_configured_it_keeps_a_private_postgres_whose_data_survive() {
    let program = Program::new().set("SECRET_KEY", "");
    let server = program.serve().await;
    assert_eq!(register(&server.url, "ada@example.com").await, 201);
    let log = server.stop().await;
    assert!(log.contains("no database is configured"), "{log}");
    assert!(log.contains("migrated: "), "{log}");

    let server = program.serve().await;
    assert_eq!(
        register(&server.url, "ada@example.com").await,
        409,
        "the data of the first run is there"
    );
    let log = server.stop().await;
    assert!(log.contains("the schema is up to date"), "{log}");
    let key = program.directory.path().join(".divine-whispers/secret-key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let key = std::fs::read_to_string(key).unwrap();
    assert!(!log.contains(key.trim()), "the key is not logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_running_requests_finish_and_new_ones_are_refused() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let server = program.serve().await;
    let address = server.url.strip_prefix("http://").unwrap().to_owned();

    // A request whose body is on its way when the signal comes.
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    let (first, second) = body.split_at(10);
    let mut running = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    running.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body once a handler wants it: the request is running.
    let mut asked = [0; 25];
    running.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    running.write_all(first.as_bytes()).await.unwrap();
    server.signal("TERM");
    crate::support::eventually("new connections are refused", async || {
        TcpStream::connect(&address).await.is_err()
    })
    .await;
    running.write_all(second.as_bytes()).await.unwrap();
    let mut answer = String::new();
    running.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let (well, log) = server.ended().await;
    assert!(well, "{log}");
    assert_eq!(database.number("select count(*) from users").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let program = Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("PORT", &port);
    let output = program.run(&[]).await;
    assert!(!output.status.success());
    let text = printed(&output);
    assert!(
        text.contains(&format!(
            "cannot listen on 127.0.0.1:{port}; another HOST or PORT may be free"
        )),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_database_but_no_secret_key_it_does_not_start() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let program = Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("SECRET_KEY", "");
    let output = program.run(&["serve"]).await;
    assert!(!output.status.success());
    assert!(
        printed(&output).contains("SECRET_KEY is not set"),
        "{}",
        printed(&output)
    );
    let program = program.set("DEBUG", "true");
    program.serve().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_log_even_while_debugging() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let program = Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("DEBUG", "true")
        .set("LOG_LEVEL", "trace")
        .set("LOG_FORMAT", "json");
    let server = program.serve().await;
    let client = crate::support::client();
    let password = "an unmistakable password";
    let body = json!({"email": "ada@example.com", "password": password});
    let register = client
        .post(format!("{}/api/v1/auth/register", server.url))
        .json(&body)
        .send()
        .await
        .unwrap();
    let session: serde_json::Value = register.json().await.unwrap();
    let token = session["tokens"]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [
        "/api/v1/wallet",
        "/api/v1/wallet/transactions?cursor=unmistakable",
    ] {
        client
            .get(format!("{}{path}", server.url))
            .bearer_auth(&token)
            .send()
            .await
            .unwrap();
    }
    client
        .post(format!("{}/api/v1/auth/login", server.url))
        .json(&body)
        .send()
        .await
        .unwrap();
    client
        .post(format!("{}/api/v1/auth/login", server.url))
        .body(password)
        .send()
        .await
        .unwrap();
    let mut secrets: Vec<String> = Vec::new();
    let refresh_token = session["tokens"]["refresh_token"].as_str().unwrap();
    let refresh = json!({"refresh_token": refresh_token});
    let mut statuses = Vec::new();
    // The second one is refused, and that is logged as well.
    for path in ["refresh", "refresh", "logout"] {
        let request = client
            .post(format!("{}/api/v1/auth/{path}", server.url))
            .json(&refresh);
        let reply = request.send().await.unwrap();
        statuses.push(reply.status().as_u16());
        let body: serde_json::Value = reply.json().await.unwrap();
        secrets.extend(body["tokens"]["refresh_token"].as_str().map(str::to_owned));
    }
    assert_eq!(statuses, [200, 401, 401]);
    let log_in = client
        .post(format!("{}/api/v1/auth/login", server.url))
        .json(&body);
    let session: serde_json::Value = log_in.send().await.unwrap().json().await.unwrap();
    let change = client
        .put(format!("{}/api/v1/auth/password", server.url))
        .bearer_auth(session["tokens"]["access_token"].as_str().unwrap())
        .json(&json!({"current_password": password, "new_password": "unmistakable as well"}));
    assert_eq!(change.send().await.unwrap().status().as_u16(), 204);
    let log = server.stop().await;
    assert!(secrets.len() == 1 && !log.contains(&secrets[0]));
    assert!(
        log.contains("register_user"),
        "queries are logged by name: {log}"
    );
    for secret in [
        password,
        &token,
        refresh_token,
        "unmistakable",
        crate::support::api::SECRET_KEY,
        "$argon2id$",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for line in log.lines().filter(|line| !line.is_empty()) {
        serde_json::from_str::<serde_json::Value>(line).expect(line);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_json_the_line_of_a_request_has_what_a_search_needs() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let program = Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("LOG_FORMAT", "json");
    let server = program.serve().await;
    let client = reqwest::Client::new();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let request = client.post(format!("{}/api/v1/auth/register", server.url));
    let reply = request.json(&body).send().await.unwrap();
    let session: serde_json::Value = reply.json().await.unwrap();
    let token = session["tokens"]["access_token"].as_str().unwrap();
    for (id, token) in [("with-a-user", token), ("with-nobody", "x")] {
        let request = client.get(format!("{}/api/v1/jobs/4711?secret=1", server.url));
        let request = request.bearer_auth(token).header("X-Request-Id", id);
        request.send().await.unwrap();
    }
    let log = server.stop().await;
    let line = |id: &str| -> serde_json::Value {
        let lines = log.lines().filter(|line| line.contains(id));
        let mut lines = lines.map(|line| serde_json::from_str(line).unwrap());
        let line: serde_json::Value = lines
            .find(|line: &serde_json::Value| line["message"] == "served")
            .expect(&log);
        line
    };
    let served = line("with-a-user");
    assert_eq!(served["span"]["request_id"], "with-a-user");
    assert_eq!(served["span"]["user_id"], session["user"]["id"]);
    assert_eq!(served["method"], "GET");
    assert_eq!(served["route"], "/api/v1/jobs/{job_id}");
    assert_eq!(served["status"], 404);
    assert!(served["elapsed_ms"].as_f64().unwrap() > 0.0);
    assert!(served["timestamp"].is_string() && served["level"] == "INFO");
    let refused = line("with-nobody");
    assert_eq!(refused["status"], 401);
    assert!(refused["span"].get("user_id").is_none(), "{refused}");
}
