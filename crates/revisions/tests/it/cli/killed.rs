//! A program that is killed, at every place of a run: the next one finishes the work, and does nothing twice.

use crate::support::{
    AT_A_GATE, MIGRATING, Project, applied, close, column, needs_many_connections, open, tables,
    until,
};

/// Each waits at gates, also when its row is written to the history (100 and its version).
const FILES: &[(&str, &str)] = &[
    (
        "U1__a.sql",
        "select gate(1);\ncreate table a (id int);\nselect gate(2);\ninsert into effects values ('1 up');\nselect gate(3);",
    ),
    (
        "U1__a.down.sql",
        "select gate(1);\ndrop table a;\ninsert into effects values ('1 down');\nselect gate(2);",
    ),
    (
        "U2__b.sql",
        "create table b (id int, times int not null default 0);\n\
         insert into b select n from generate_series(1, 30) n;\nselect gate(4);\ninsert into effects values ('2 up');",
    ),
    (
        "U2__b.down.sql",
        "insert into effects values ('2 down');\ndrop table b;\nselect gate(4);",
    ),
    (
        "U3__c.sql",
        "-- transaction: none\nselect gate(5);\ncreate table c (id int);\n\
         insert into effects select '3 up ' || gate(6);\n\
         create index concurrently if not exists c_idx on c (id);\n\
         do $$ begin perform gate(7); end $$;\ninsert into effects select '3 up ' || gate(8) + 1;",
    ),
    (
        "U3__c.down.sql",
        "-- transaction: none\ninsert into effects select '3 down ' || gate(5);\n\
         drop index concurrently if exists c_idx;\nselect gate(6);\ninsert into effects select '3 down ' || gate(7) + 1;\n\
         drop table c;\nselect gate(8);",
    ),
    (
        "U4__d.sql",
        "-- repeat: until-no-rows\nupdate b set times = times + gate(8 + id / 10) \
         where id in (select id from b where times = 0 order by id limit 8);",
    ),
    ("U4__d.down.sql", "select gate(9);\nupdate b set times = 0;"),
    (
        "U5__e.sql",
        "alter table a add column e int;\nselect gate(12);\ninsert into effects values ('5 up');",
    ),
    (
        "U5__e.down.sql",
        "alter table a drop column e;\nselect gate(10);\ninsert into effects values ('5 down');",
    ),
];

/// How the server goes on after the client is gone.
#[derive(Debug, Clone, Copy)]
enum After {
    /// It sees that the client is gone, and gives up the statement.
    Noticed,
    /// The statement is done before that.
    Finished,
}

async fn project() -> (Project, tokio_postgres::Client) {
    let project = Project::new(FILES).await;
    let client = project.with_gates().await;
    project.succeeds("ensure-version").await;
    let gates = "create function history_gate() returns trigger language plpgsql as $$
        begin perform gate((100 + coalesce(new.version, old.version))::int); return coalesce(new, old); end $$;
        create trigger gate before insert or delete on refinery_schema_history
            for each row execute function history_gate()";
    client.batch_execute(gates).await.unwrap();
    (project, client)
}

/// Kills a run of `command` at a gate, and has the next one finish.
async fn killed_at(gate: i32, after: After, command: &'static str) {
    let (project, client) = project().await;
    if command.starts_with("downgrade") {
        project.succeeds("upgrade head").await;
    }
    close(&client, gate).await;
    project.kill_when(command, &client, AT_A_GATE, "1").await;
    match after {
        After::Noticed => until(&client, MIGRATING, "0").await,
        After::Finished => {}
    }
    open(&client, gate).await;
    project.succeeds(command).await;
    assert_whole(&client, command, &format!("gate {gate}, {after:?}")).await;
}

/// Everything was done, and once.
async fn assert_whole(client: &tokio_postgres::Client, command: &str, place: &str) {
    let mut wanted = vec!["1 up", "2 up", "3 up 1", "3 up 2", "5 up"];
    let down = command.starts_with("downgrade");
    if down {
        wanted.extend(["5 down", "3 down 1", "3 down 2", "2 down", "1 down"]);
    }
    wanted.sort_unstable();
    let effects = column(
        client,
        "select step from effects order by step collate \"C\"",
    )
    .await;
    assert_eq!(effects, wanted, "{place}");
    let found = (applied(client).await, tables(client).await);
    if down {
        assert_eq!(found, (vec![], vec!["effects".to_owned()]), "{place}");
    } else {
        assert_eq!(found.0, ["1", "2", "3", "4", "5"], "{place}");
        assert_eq!(found.1, ["a", "b", "c", "effects"], "{place}");
        let times = "select string_agg(distinct times::text, ',') from b";
        assert_eq!(column(client, times).await, ["1"], "{place}");
        let valid = "select indisvalid from pg_index where indexrelid = 'c_idx'::regclass";
        assert_eq!(column(client, valid).await, ["t"], "{place}");
    }
    let progress = "select to_regclass('refinery_schema_progress') is null";
    assert_eq!(column(client, progress).await, ["t"], "{place}");
}

async fn killed_at_every_gate(gates: impl Iterator<Item = i32>, command: &'static str) {
    let mut runs = tokio::task::JoinSet::new();
    for (number, gate) in gates.enumerate() {
        // Both, in turn: each kind of statement has several gates.
        let after = if number % 2 == 0 {
            After::Noticed
        } else {
            After::Finished
        };
        runs.spawn(killed_at(gate, after, command));
        // Where it makes a difference.
        if (5..9).contains(&gate) && command.starts_with("upgrade") {
            let other = if number % 2 == 0 {
                After::Finished
            } else {
                After::Noticed
            };
            runs.spawn(killed_at(gate, other, command));
        }
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
}

#[tokio::test]
async fn an_upgrade_that_is_killed_at_any_statement_is_finished_by_the_next() {
    needs_many_connections!();
    killed_at_every_gate((1..=12).chain(101..=105), "upgrade head").await;
}

#[tokio::test]
async fn a_downgrade_that_is_killed_at_any_statement_is_finished_by_the_next() {
    needs_many_connections!();
    killed_at_every_gate((1..=2).chain(4..=10).chain(101..=105), "downgrade base").await;
}

#[tokio::test]
async fn whoever_is_killed_while_it_waits_for_the_lock_leaves_nothing() {
    needs_many_connections!();
    let (project, client) = project().await;
    close(&client, 4).await;
    let mut first = project.start("upgrade head");
    until(&client, AT_A_GATE, "1").await;
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() \
        and pid <> pg_backend_pid() and (query like '%pg_try_advisory_lock%' or query like '%from pg_locks l %')";
    project
        .kill_when("upgrade head", &client, waiting, "1")
        .await;
    let sessions = "select count(*) from pg_stat_activity \
        where datname = current_database() and backend_type = 'client backend'";
    until(&client, sessions, "2").await;
    open(&client, 4).await;
    assert!(first.wait().unwrap().success());
    assert_whole(&client, "upgrade head", "waiting").await;
    project.succeeds("upgrade head").await;
}

#[tokio::test]
async fn batches_that_were_committed_before_the_kill_are_not_done_again() {
    needs_many_connections!();
    let batch = "-- repeat: until-no-rows\nupdate big set times = times + gate(id / 10500) where id in (\n    \
        select id from big where times = 0 order by id limit 1000);";
    let project = Project::new(&[("U1__count.sql", batch)]).await;
    let client = project.with_gates().await;
    let make = "create table big (id int primary key, times int not null);
        insert into big select n, 0 from generate_series(1, 20000) n";
    client.batch_execute(make).await.unwrap();
    let counts = "select times || ': ' || count(*) from big group by times order by times";
    close(&client, 1).await;
    project
        .kill_when("upgrade head", &client, AT_A_GATE, "1")
        .await;
    assert_eq!(column(&client, counts).await, ["0: 10000", "1: 10000"]);
    assert!(applied(&client).await.is_empty());
    open(&client, 1).await;
    project.succeeds("upgrade head").await;
    assert_eq!(column(&client, counts).await, ["1: 20000"]);
    assert_eq!(applied(&client).await, ["1"]);
}
