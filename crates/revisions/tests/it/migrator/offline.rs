//! Scripts for psql do what the migrator does.

use revisions::{Migrator, Offline, Options, Revisions};

use crate::support::{Database, column, dump, embedded, needs_many_connections, psql};

mod refusing;

type Files = [(&'static str, &'static str, &'static str)];

/// Everything that a script for psql could trip over.
const HARD: &Files = &[
    (
        "U1__plain.sql",
        "-- Café: a table.\ncreate table a (id int primary key, note text default 'é; \\d');\n\
         insert into a select n, $guard$ $batches$ $statement$ $guard$ from generate_series(1, 25) n",
        "drop table a",
    ),
    (
        "U2__comment.sql",
        "-- Only a comment.\n/* ; */",
        "-- Nothing to undo.",
    ),
    (
        "U3__dump.sql",
        "SET check_function_bodies = false;\nselect pg_catalog.set_config('search_path', '', false);\n\
         create table public.b (id int, done bool not null default false) -- the end",
        "set search_path = '';\ndrop table public.b; -- gone",
    ),
    (
        "U4__functions.sql",
        "create function f() returns int begin atomic select case when true then 1 end; select 2; end;\n\
         create function g() returns trigger language plpgsql as $$ begin return new; end; $$;\n\
         do $outer$ begin perform set_config('search_path', 'pg_temp', false); end $outer$;",
        "do $$ begin execute 'set search_path = pg_temp, public'; end $$; drop function f(); drop function g();",
    ),
    (
        "U5__index.sql",
        "-- Indexes.\n-- transaction: none\n-- lock-timeout: 30s\n\
         insert into b select n from generate_series(1, 2500) n;;\n\
         /* one; */ create index concurrently b_id_idx on b (id); -- two;\n\
         create unique index concurrently if not exists a_note_idx on a (id, note) -- three",
        "-- transaction: none\ndrop index concurrently a_note_idx;\ndrop index concurrently b_id_idx",
    ),
    (
        "U6__batches.sql",
        "-- Batches.\n-- repeat: until-no-rows\nupdate b set done = true where ctid = any (array(\n    \
         select ctid from b where not done and '$batches$' <> '$statement$' limit 1000)) -- so many",
        "update b set done = false",
    ),
    (
        "U7__last.sql",
        "create view v as select id from b where done;",
        "drop view v;",
    ),
];

async fn history(database: &Database) -> Vec<String> {
    let query = "select concat_ws(' ', version, name, checksum) from refinery_schema_history order by version";
    column(&database.connect("test").await, query).await
}

/// A database that was brought there by the migrator.
async fn migrated(revisions: &Revisions, up: &str, down: Option<&str>) -> Database {
    let database = Database::new().await;
    let mut client = database.connect("test").await;
    let mut migrator = Migrator::new(&mut client, revisions);
    migrator.upgrade(up).await.unwrap();
    if let Some(down) = down {
        migrator.downgrade(down).await.unwrap();
    }
    database
}

fn succeeds(database: &Database, script: &str) {
    let output = psql(database, script);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.is_empty(),
        "{said}\n{script}"
    );
}

async fn same(left: &Database, right: &Database) {
    assert_eq!(history(left).await, history(right).await);
    similar(&dump(left), &dump(right));
}

fn similar(left: &str, right: &str) {
    assert!(left == right, "{left}\n--- and ---\n{right}");
}

#[tokio::test]
async fn a_script_of_an_upgrade_and_the_upgrade_make_the_same_database() {
    needs_many_connections!();
    let (revisions, options) = (embedded(HARD).unwrap(), Options::default());
    let offline = Offline::new(&revisions, &options);
    let by_script = Database::new().await;
    succeeds(&by_script, &offline.upgrade(None, "head").unwrap());
    let by_migrator = migrated(&revisions, "head", None).await;
    same(&by_script, &by_migrator).await;
    let data = "select string_agg(t::text, ',') from (select a::text from a union all \
        select done::text || count(*) from b group by done order by 1) t";
    assert_eq!(
        column(&by_script.connect("test").await, data).await,
        column(&by_migrator.connect("test").await, data).await
    );
    // Each goes on where the other stopped.
    let half = migrated(&revisions, "3", None).await;
    succeeds(&half, &offline.upgrade(Some("3"), "6").unwrap());
    let mut client = half.connect("test").await;
    let last = Migrator::new(&mut client, &revisions).upgrade("head").await;
    assert_eq!(last.unwrap().len(), 1);
    same(&half, &by_migrator).await;
}

#[tokio::test]
async fn a_script_of_a_downgrade_and_the_downgrade_make_the_same_database() {
    needs_many_connections!();
    let (revisions, options) = (embedded(HARD).unwrap(), Options::default());
    let offline = Offline::new(&revisions, &options);
    let by_script = migrated(&revisions, "head", None).await;
    for target in ["4", "2", "base"] {
        let by_migrator = migrated(&revisions, "head", Some(target)).await;
        let start = history(&by_script).await.len().to_string();
        succeeds(&by_script, &offline.downgrade(&start, target).unwrap());
        same(&by_script, &by_migrator).await;
    }
}

#[tokio::test]
async fn a_script_of_a_stamp_and_the_stamp_write_the_same_history() {
    needs_many_connections!();
    let (revisions, options) = (embedded(HARD).unwrap(), Options::default());
    let offline = Offline::new(&revisions, &options);
    let (by_script, by_migrator) = (Database::new().await, Database::new().await);
    let mut client = by_migrator.connect("test").await;
    let mut start = None;
    for target in ["4", "heads", "2", "base"] {
        let target = [target.to_owned()];
        succeeds(
            &by_script,
            &offline.stamp(start.as_deref(), &target).unwrap(),
        );
        let mut migrator = Migrator::new(&mut client, &revisions);
        migrator.stamp(&target, false).await.unwrap();
        same(&by_script, &by_migrator).await;
        start = Some(target[0].clone());
    }
}

#[tokio::test]
async fn a_role_that_a_script_takes_is_given_back() {
    needs_many_connections!();
    let options = Options::default();
    let admin = Database::new().await.connect("test").await;
    let role = format!("offline_{}", std::process::id());
    admin
        .batch_execute(&format!("create role {role}"))
        .await
        .unwrap();
    let own = |statement: &str| -> &'static str {
        format!("{}; select 1", statement.replace("ROLE", &role)).leak()
    };
    let who = "create table WHO as select session_user || ' ' || current_user || ' ' || current_setting('search_path')";
    let mut files = Vec::new();
    for (number, statement) in [
        "set role ROLE",
        "set session authorization ROLE",
        "do $$ begin perform set_config('role', 'ROLE', false); end $$",
        "do $$ begin set session authorization ROLE; end $$",
    ]
    .into_iter()
    .enumerate()
    {
        let number = number * 2 + 1;
        files.push((&*format!("U{number}__role.sql").leak(), own(statement), ""));
        let name = format!("who_{number}");
        files.push((
            &*format!("U{}__who.sql", number + 1).leak(),
            &*who.replace("WHO", &name).leak(),
            "",
        ));
    }
    let revisions = embedded(&files).unwrap();
    let by_script = Database::new().await;
    succeeds(
        &by_script,
        &Offline::new(&revisions, &options)
            .upgrade(None, "head")
            .unwrap(),
    );
    let by_migrator = migrated(&revisions, "head", None).await;
    for database in [&by_script, &by_migrator] {
        let client = database.connect("test").await;
        let all = "select * from who_1 union all select * from who_3 union all select * from who_5 union all select * from who_7";
        let user = column(&client, "select session_user").await.remove(0);
        assert_eq!(
            column(&client, all).await,
            vec![format!("{user} {user} \"$user\", public"); 4]
        );
    }
    admin
        .batch_execute(&format!("drop role {role}"))
        .await
        .unwrap();
}

#[test]
fn a_script_can_be_read() {
    let (revisions, options) = (embedded(HARD).unwrap(), Options::default());
    let offline = Offline::new(&revisions, &options);
    insta::assert_snapshot!("upgrade", offline.upgrade(Some("4"), "head").unwrap());
    insta::assert_snapshot!("downgrade", offline.downgrade("6", "3").unwrap());
    insta::assert_snapshot!(
        "stamp",
        offline.stamp(Some("6"), &["7".to_owned()]).unwrap()
    );
}
