//! What a step says that it does to others, held against what PostgreSQL does: the locks it holds, the files it writes
//! anew, the tables it reads. Every step that any of these tests runs is looked at.

use std::collections::{BTreeMap, BTreeSet};

use revisions::generate::{Hazard, LockMode, Step};
use tokio_postgres::Client;

use super::super::catalog::catalog_of;
use super::{run, shown};
use crate::support::needs_many_connections;

/// The tables and views that are there: name, file, and how often each was read in this transaction.
const RELATIONS: &str = "
    select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), pg_relation_filenode(c.oid)::text,
           pg_stat_get_xact_numscans(c.oid)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm', 'v', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')";

/// The locks of this session on any of them.
const LOCKS: &str = "
    select relation, mode from pg_locks where locktype = 'relation' and pid = pg_backend_pid() and relation >= 16384";

struct Relation {
    name: String,
    file: Option<String>,
    scans: i64,
}

/// The relations that are there before the first step: those that come later are in nobody's use.
pub async fn in_use(client: &Client) -> BTreeSet<u32> {
    relations(client).await.unwrap().into_keys().collect()
}

/// Runs a step in a transaction of its own, and holds what it did to what is in use against what it says.
pub async fn run_and_compare(
    client: &Client,
    step: &Step,
    in_use: &BTreeSet<u32>,
) -> Result<(), tokio_postgres::Error> {
    if step.sql.contains(" concurrently ") {
        return client.batch_execute(&step.sql).await;
    }
    client.batch_execute("begin").await?;
    let before = relations(client).await?;
    client.batch_execute(&step.sql).await?;
    let after = relations(client).await?;
    let mut found: BTreeMap<&str, Hazard> = BTreeMap::new();
    for row in client.query(LOCKS, &[]).await? {
        let (oid, mode): (u32, &str) = (row.get(0), row.get(1));
        let (Some(relation), Some(lock)) = (before.get(&oid), lock_mode(mode)) else {
            continue;
        };
        if !in_use.contains(&oid) {
            continue;
        }
        let now = after.get(&oid);
        let hazard = Hazard {
            relation: relation.name.clone(),
            lock,
            scans: now.is_some_and(|now| now.scans > relation.scans),
            rewrites: now.is_some_and(|now| now.file != relation.file),
        };
        let strongest = found.entry(&relation.name).or_insert(hazard);
        strongest.lock = strongest.lock.max(lock);
    }
    for hazard in found.values() {
        let said = step
            .hazards
            .iter()
            .filter(|it| it.relation == hazard.relation);
        let is_said =
            |enough: fn(&Hazard, &Hazard) -> bool| said.clone().any(|it| enough(it, hazard));
        assert!(
            is_said(|said, is| said.lock >= is.lock)
                && is_said(|said, is| said.rewrites >= is.rewrites)
                && is_said(|said, is| (said.scans || said.rewrites) >= is.scans),
            "{}\ndoes {hazard}\nand says {:?}",
            step.sql,
            step.hazards
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        );
    }
    client.batch_execute("commit").await
}

async fn relations(client: &Client) -> Result<BTreeMap<u32, Relation>, tokio_postgres::Error> {
    let rows = client.query(RELATIONS, &[]).await?;
    let relation = |row: &tokio_postgres::Row| Relation {
        name: row.get(1),
        file: row.get(2),
        scans: row.get(3),
    };
    Ok(rows.iter().map(|row| (row.get(0), relation(row))).collect())
}

fn lock_mode(mode: &str) -> Option<LockMode> {
    match mode {
        "ShareUpdateExclusiveLock" => Some(LockMode::ShareUpdateExclusive),
        "ShareLock" => Some(LockMode::Share),
        "ShareRowExclusiveLock" => Some(LockMode::ShareRowExclusive),
        "ExclusiveLock" | "AccessExclusiveLock" => Some(LockMode::AccessExclusive),
        _ => None,
    }
}

#[tokio::test]
async fn what_a_change_does_to_others_is_said_and_not_more() {
    needs_many_connections!();
    let before = "create domain points as int check (value > 0);
        create table b (id int primary key);
        create table a (id int, b int, n int, name varchar(10), price numeric(10, 2), at date, indexed varchar(5), proved int);
        create index a_indexed on a (indexed);";
    let after = "create domain points as int check (value > 0);
        create table b (id int primary key);
        create table a (id int, b int constraint a_b_fkey references b, n bigint, name varchar(20), price numeric(12, 2),
            at timestamp, indexed varchar(9), proved int not null, plain text, filled int not null default 3, at_once timestamptz default now(),
            random float default random(), points points, number int generated always as identity,
            twice int generated always as (id * 2) stored, constraint a_n check (n > 0), constraint a_at unique (at));
        create index a_plain on a (plain);
        alter table a set (fillfactor = 70);
        comment on table a is 'A';";
    let (client, found) = catalog_of(before).await;
    let (_, wanted) = catalog_of(after).await;
    let steps = revisions::generate::steps(&found, &wanted);
    let mut told = String::new();
    for step in &steps {
        let hazards: Vec<String> = step.hazards.iter().map(ToString::to_string).collect();
        told.push_str(&format!("{}\n    {}\n", step.sql, hazards.join("; ")));
    }
    insta::assert_snapshot!(told);
    let reached = run(&client, &steps).await;
    assert!(reached.difference(&wanted).is_empty(), "{}", shown(&steps));
}

#[tokio::test]
async fn names_that_look_like_sql_and_functions_that_look_stable_deceive_nobody() {
    needs_many_connections!();
    let before = "create function renow() returns timestamptz language plpgsql volatile as 'begin return clock_timestamp(); end';
        create function t() returns trigger language plpgsql as 'begin return new; end';
        create table u (id int primary key); create table t (id int, name text);
        create table p (id int not null, u int references u) partition by range (id); create table p_1 partition of p for values from (0) to (1);";
    let after = format!(
        "{before} create table p_2 partition of p for values from (1) to (2);
        alter table t add at timestamptz default renow(), add since timestamptz default now(), add code varchar(9) default 'x'::character varying(9);
        create trigger \"tr on public.u\" before update on t for each row when (old.id is distinct from new.id) execute function t();
        create policy \"p on public.u\" on t using (true); comment on policy \"p on public.u\" on t is 'P';
        create index \"i on public.u\" on t (id);"
    );
    // What each step does is held against what it says as it runs.
    let (client, found) = catalog_of(before).await;
    let (_, wanted) = catalog_of(&after).await;
    let steps = revisions::generate::steps(&found, &wanted);
    run(&client, &steps).await;
    let says = |part: &str| {
        let step = steps.iter().find(|step| step.sql.contains(part)).unwrap();
        let hazards: Vec<String> = step.hazards.iter().map(ToString::to_string).collect();
        hazards.join("; ")
    };
    assert_eq!(says("renow()"), "public.t: access exclusive, rewrites it");
    assert_eq!(says("default now()"), "public.t: access exclusive");
    assert_eq!(says("column code"), "public.t: access exclusive");
    assert_eq!(
        says("concurrently \"i on"),
        "public.t: share update exclusive, scans it"
    );
    assert_eq!(
        says("p_2 partition of"),
        "public.p: access exclusive; public.u: share row exclusive"
    );
}

#[tokio::test]
async fn a_table_that_is_new_is_in_nobodys_way() {
    needs_many_connections!();
    let (_, found) = catalog_of("").await;
    let (_, wanted) = catalog_of(super::super::catalog::EVERYTHING).await;
    for step in revisions::generate::steps(&found, &wanted) {
        assert_eq!(step.hazards, [], "{}", step.sql);
    }
}
