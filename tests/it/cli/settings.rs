//! Where the program takes its database from, and what it says of bad settings.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::config::Host;

use crate::needs_many_connections;
use crate::support::TestDatabase;
use crate::support::program::{Program, printed};

static NUMBER: AtomicU32 = AtomicU32::new(0);
const PASSWORD: &str = "p@s:s/w%ord and 'more' #1";

/// A role of its own with an awkward password, and where to find the server.
struct Role {
    name: String,
    host: String,
    port: u16,
    database: String,
}

impl Role {
    async fn new(database: &TestDatabase) -> Self {
        let name = format!("role{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let config = database.url.config();
        let database_name = config.get_dbname().unwrap().to_owned();
        let password = PASSWORD.replace('\'', "''");
        let sql = format!(
            "create role {name} login password '{password}'; alter database {database_name} owner to {name};
             alter schema public owner to {name}"
        );
        database.execute(&sql).await;
        let host = match &config.get_hosts()[0] {
            Host::Tcp(host) => host.clone(),
            Host::Unix(directory) => directory.display().to_string(),
        };
        Self {
            name,
            host,
            port: config.get_ports().first().copied().unwrap_or(5432),
            database: database_name,
        }
    }

    fn url(&self, scheme: &str) -> String {
        let percent = |text: &str| -> String {
            text.bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                    _ => format!("%{byte:02X}"),
                })
                .collect()
        };
        let (name, password, host) = (&self.name, percent(PASSWORD), percent(&self.host));
        format!(
            "{scheme}://{name}:{password}@{host}:{}/{}",
            self.port, self.database
        )
    }
}

/// The program migrates and serves, and its tables belong to the role.
async fn assert_serves(program: &Program, database: &TestDatabase, role: &Role) {
    let log = program.serve().await.stop().await;
    assert!(!log.contains("p@s"), "{log}");
    let owned = format!(
        "select count(*) from pg_tables where tablename = 'users' and tableowner = '{}'",
        role.name
    );
    assert_eq!(database.number(&owned).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_url_with_an_awkward_password() {
    for scheme in ["postgres", "postgresql", "postgresql+asyncpg"] {
        let database = TestDatabase::empty().await;
        needs_many_connections!(database);
        let role = Role::new(&database).await;
        let program = Program::new().set("DATABASE_URL", &role.url(scheme));
        assert_serves(&program, &database, &role).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_database_url_with_the_password_as_it_is() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let role = Role::new(&database).await;
    let program = Program::new()
        .set("DB_HOST", &role.host)
        .set("DB_PORT", &role.port.to_string())
        .set("DB_USER", &role.name)
        .set("DB_PASSWORD", PASSWORD)
        .set("DB_NAME", &role.database);
    assert_serves(&program, &database, &role).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_overrules_a_file_of_settings_that_is_found_and_not_one_that_is_named() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let role = Role::new(&database).await;
    let line = format!("DATABASE_URL={}\n", role.url("postgres"));
    let program = Program::new().file(".env", &line);
    assert_serves(&program, &database, &role).await;

    let named = Program::new().file("other.env", &line);
    let current = named
        .run(&["--env-file", "other.env", "db", "current"])
        .await;
    assert!(
        String::from_utf8_lossy(&current.stdout).contains("(head)"),
        "{}",
        printed(&current)
    );
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing?connect_timeout=2";
    let overruled = program.set("DATABASE_URL", nowhere);
    let refused = overruled.run(&["db", "current"]).await;
    assert!(!refused.status.success(), "{}", printed(&refused));
    // One that is named was meant, also where it has the parts and the environment a URL.
    let parts = format!(
        "DB_HOST={}\nDB_PORT={}\nDB_USER={}\nDB_PASSWORD='{PASSWORD}'\nDB_NAME={}\n",
        role.host, role.port, role.name, role.database
    );
    for file in [line, parts] {
        let named = Program::new().file("other.env", &file);
        let named = named
            .set("DATABASE_URL", nowhere)
            .set("MIGRATION_DATABASE_URL", nowhere);
        let current = named
            .run(&["--env-file", "other.env", "db", "current"])
            .await;
        assert!(current.status.success(), "{}", printed(&current));
    }
}

#[tokio::test]
async fn a_file_of_settings_that_cannot_be_read_is_named_without_its_contents() {
    let missing = Program::new()
        .run(&["--env-file", "missing.env", "db", "current"])
        .await;
    assert!(
        printed(&missing).contains("missing.env"),
        "{}",
        printed(&missing)
    );
    let broken = Program::new()
        .file(".env", "PORT=8000\nDB_PASSWORD=my secret password\n")
        .run(&["db", "current"])
        .await;
    let text = printed(&broken);
    assert!(
        text.contains(".env") && text.contains("line 2") && !text.contains("secret"),
        "{text}"
    );
}

#[tokio::test]
async fn every_bad_setting_is_named_with_what_is_allowed() {
    let program = Program::new()
        .set("PORT", "80000")
        .set("SECRET_KEY", "too short a secret")
        .set("MIGRATE_ON_STARTUP", "maybe")
        .set("DB_POOL_SIZE", "0")
        .set("LOG_FORMAT", "xml")
        .set("LOG_LEVEL", "WARNING")
        .set(
            "ALLOWED_HOSTS",
            "example.com,https://a.example/,https://b.example/path,https://C.example,https://d.example:443,\
             http://localhost:3000,https://e.example",
        )
        .set("JOB_TYPES", "fortune_draw:30,daily_horoscope:10,fortune_draw:20")
        .set("JOB_RETRY_DELAY_SECONDS", "20")
        .set("JOB_RETRY_MAX_DELAY_SECONDS", "10")
        .set("DEFAULT_USER_POINTS", "-1");
    let output = program.run(&["serve"]).await;
    assert!(!output.status.success());
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_database_to_migrate_without_one_to_work_on_is_refused_and_left_alone() {
    let database = TestDatabase::empty().await;
    let program = Program::new().set("MIGRATION_DATABASE_URL", &database.connection_url());
    for arguments in [
        &["serve"][..],
        &["worker"],
        &["ledger", "verify"],
        &["audit", "seal"],
    ] {
        let refused = program.run(arguments).await;
        let text = printed(&refused);
        assert!(!refused.status.success(), "{text}");
        assert!(text.contains("MIGRATION_DATABASE_URL is set"), "{text}");
        assert!(text.contains("set DATABASE_URL"), "{text}");
    }
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(database.number(tables).await, 0);
    let private = program.directory.path().join(".divine-whispers");
    assert!(!private.exists(), "no private one was started either");
    // For what concerns the schema alone it is all that is needed.
    let current = program.run(&["db", "current"]).await;
    assert!(current.status.success(), "{}", printed(&current));
}

#[tokio::test]
async fn a_storage_of_files_that_cannot_be_used_ends_the_start_and_shows_no_key() {
    let database = TestDatabase::empty().await;
    let program = Program::new()
        .file("in the way", "a file")
        .set("DATABASE_URL", &database.connection_url())
        .set("MIGRATE_ON_STARTUP", "false")
        .set("AWS_SECRET_ACCESS_KEY", "unmistakable");
    let in_the_way = program.directory.path().join("in the way/files");
    let in_the_way = format!("file://{}", in_the_way.display()).replace(' ', "%20");
    let mut places = vec!["ftp://unmistakable@example.com/", &in_the_way];
    if cfg!(not(feature = "s3")) {
        places.push("s3://bucket/prefix");
    }
    let mut program = program;
    for place in places {
        program = program.set("RESULT_STORAGE_URL", place);
        for command in ["serve", "worker"] {
            let output = program.run(&[command]).await;
            let text = printed(&output);
            assert!(!output.status.success(), "{text}");
            assert!(text.contains("RESULT_STORAGE_URL"), "{text}");
            // An error and its cause may say the same.
            assert!(text.matches("os error").count() <= 1, "{text}");
            assert!(!text.contains("unmistakable"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_an_error_that_shows_no_password() {
    let program = Program::new().set(
        "DATABASE_URL",
        "postgres://ada:unmistakable@127.0.0.1:1/divine?connect_timeout=2",
    );
    for arguments in [
        &["serve"][..],
        &["db", "current"],
        &["db", "upgrade", "head"],
    ] {
        let output = program.run(arguments).await;
        let text = printed(&output);
        assert!(
            !output.status.success() && text.contains("127.0.0.1"),
            "{text}"
        );
        assert!(!text.contains("unmistakable"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_only_read_and_write_serves_while_another_one_migrates() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let owner = Role::new(&database).await;
    let limited = Role::new(&database).await;
    let sql = format!(
        "alter schema public owner to {0}; alter database {1} owner to {0};
         alter default privileges for role {0} grant select, insert, update, delete on tables to {2};
         alter default privileges for role {0} grant usage on sequences to {2}",
        owner.name, owner.database, limited.name
    );
    database.execute(&sql).await;
    let program = Program::new()
        .set("MIGRATION_DATABASE_URL", &owner.url("postgres"))
        .set("DATABASE_URL", &limited.url("postgres"));
    let server = program.serve().await;
    let body =
        serde_json::json!({"email": "ada@example.com", "password": crate::support::api::PASSWORD});
    let request = crate::support::client()
        .post(format!("{}/api/v1/auth/register", server.url))
        .json(&body);
    let registered = request.send().await.unwrap();
    assert_eq!(registered.status().as_u16(), 201);
    let registered: serde_json::Value = registered.json().await.unwrap();
    let body = serde_json::json!({"refresh_token": registered["tokens"]["refresh_token"]});
    let request = crate::support::client()
        .post(format!("{}/api/v1/auth/refresh", server.url))
        .json(&body);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    server.stop().await;
    let owned = format!(
        "select count(*) from pg_tables where tablename = 'users' and tableowner = '{}'",
        owner.name
    );
    assert_eq!(database.number(&owned).await, 1);
}
