//! Programs and the storage of files: `serve`, `worker` and `storage adopt`, and commands that need none.

use crate::needs_many_connections;
use crate::support::program::{Program, printed};
use crate::support::{TestDatabase, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_another_storage_is_refused_until_it_is_adopted() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let url = database.connection_url();
    let on_host = || Program::new().set("DATABASE_URL", &url);
    // Nothing is said of where files are: each has a directory of its own.
    let (first, second) = (on_host(), on_host());
    first.serve().await.stop().await;
    let marker = |program: &Program| {
        let path = program
            .directory
            .path()
            .join(".divine-whispers/files/storage-id");
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    };
    // A file that somebody has uploaded.
    database
        .execute(
            "with owner as (
                 insert into users (email, password_hash) values ('ada@example.com', 'x') returning id
             ), purse as (
                 insert into wallets (user_id, balance, posting_count) select id, 0, 1 from owner returning id, user_id
             ), numbers as (
                 select nextval('transactions_id_seq') as transaction_id, nextval('jobs_id_seq') as job_id
             ), spent as (
                 insert into transactions (id, wallet_id, type, amount, posting_number, balance_after, job_id, created_by, completed_at)
                 overriding system value
                 select transaction_id, purse.id, 'spend', -1, 1, 0, job_id, user_id, now() from purse, numbers
             ), ordered as (
                 insert into jobs (id, user_id, transaction_id, job_type)
                 overriding system value
                 select job_id, user_id, transaction_id, 'fortune_draw' from purse, numbers
                 returning id
             )
             select id from ordered",
        )
        .await;
    database
        .execute(
            "insert into job_files (file_path, job_id, lease_token, mime_type)
             select 'ab/cd', id, gen_random_uuid(), 'text/plain' from jobs",
        )
        .await;
    for command in ["serve", "worker"] {
        let output = second.run(&[command]).await;
        let text = printed(&output);
        assert!(!output.status.success(), "{text}");
        for part in [
            marker(&first),
            marker(&second),
            "RESULT_STORAGE_URL".into(),
            "storage adopt".into(),
        ] {
            assert!(text.contains(&part), "{part}: {text}");
        }
    }
    let adopted = second.run(&["storage", "adopt"]).await;
    let text = printed(&adopted);
    assert!(adopted.status.success(), "{text}");
    assert!(
        text.contains(&marker(&first)) && text.contains(&marker(&second)),
        "{text}"
    );
    second.serve().await.stop().await;
    let output = first.run(&["worker"]).await;
    assert!(!output.status.success(), "{}", printed(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_while_its_storage_is_away_and_finds_out_later_whether_it_counts() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let program = Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("JOB_RESCUE_INTERVAL_MS", "100");
    let directory = program.directory.path().join(".divine-whispers/files");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("storage-id"), "out of order").unwrap();
    let server = program.serve().await;
    let ready = crate::support::client().get(format!("{}/ready", server.url));
    assert!(ready.send().await.unwrap().status().is_success());
    let counts = "select count(*) from result_storage";
    assert_eq!(database.number(counts).await, 0);
    std::fs::remove_file(directory.join("storage-id")).unwrap();
    eventually("its storage counts", async || {
        database.number(counts).await == 1
    })
    .await;
    let log = server.stop().await;
    assert!(log.contains("is not known yet"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_on_the_data_need_no_storage() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let program = Program::new().file("in the way", "a file");
    let in_the_way = program.directory.path().join("in the way/files");
    let in_the_way = format!("file://{}", in_the_way.display()).replace(' ', "%20");
    let program = program
        .set("DATABASE_URL", &database.connection_url())
        .set("RESULT_STORAGE_URL", &in_the_way);
    for arguments in [
        ["db", "current"],
        ["audit", "verify"],
        ["audit", "seal"],
        ["ledger", "verify"],
    ] {
        let output = program.run(&arguments).await;
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            printed(&output)
        );
    }
    let adopt = program.run(&["storage", "adopt"]).await;
    assert!(!adopt.status.success(), "{}", printed(&adopt));
    assert_eq!(
        database.number("select count(*) from result_storage").await,
        0
    );
}
