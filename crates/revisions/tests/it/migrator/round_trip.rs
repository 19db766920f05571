//! Up and down again: whatever a project consists of, its database is in the end as it was in the beginning.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use revisions::{Embedded, Migrator, Revisions};
use tokio_postgres::Client;

use crate::support::{Database, applied, column, needs_many_connections};

/// What a revision does; numbers choose among what is there.
#[derive(Debug, Clone)]
enum Step {
    Table,
    Column(usize),
    Index { table: usize, concurrently: bool },
    View(usize),
    Function(usize),
    Rows(usize),
}

/// A revision before it is written: how many revisions back its parent is, and what it joins besides.
#[derive(Debug, Clone)]
struct Plan {
    back: usize,
    joins: bool,
    step: Step,
}

fn plan() -> impl Strategy<Value = Plan> {
    let number = || 0..8_usize;
    let step = prop_oneof![
        Just(Step::Table),
        number().prop_map(Step::Column),
        (number(), any::<bool>()).prop_map(|(table, concurrently)| Step::Index {
            table,
            concurrently
        }),
        number().prop_map(Step::View),
        number().prop_map(Step::Function),
        number().prop_map(Step::Rows),
    ];
    // Mostly one after another, with branches now and then.
    let back = prop_oneof![3 => Just(0), 1 => 1..4_usize];
    (back, prop::bool::weighted(0.3), step).prop_map(|(back, joins, step)| Plan {
        back,
        joins,
        step,
    })
}

/// The revisions of a project, written out.
#[derive(Default)]
struct Project {
    files: Vec<Embedded>,
    /// Of each revision, it and all before it.
    lines: Vec<BTreeSet<usize>>,
    /// Of each revision, whether it makes a table.
    tables: Vec<bool>,
    heads: BTreeSet<usize>,
}

impl Project {
    fn of(plans: &[Plan]) -> Self {
        let mut project = Self::default();
        project.add(&Plan {
            back: 0,
            joins: false,
            step: Step::Table,
        });
        plans.iter().for_each(|plan| project.add(plan));
        if project.heads.len() > 1 {
            let heads = project.heads.clone();
            project.push(
                heads,
                ("select 1;".to_owned(), "select 1;".to_owned(), false),
                false,
            );
        }
        project
    }

    fn add(&mut self, plan: &Plan) {
        let count = self.files.len();
        let parent = count.saturating_sub(1 + plan.back);
        let mut parents: BTreeSet<usize> = (count > 0).then_some(parent).into_iter().collect();
        if plan.joins {
            let line = self.lines.get(parent).cloned().unwrap_or_default();
            parents.extend(self.heads.iter().find(|head| !line.contains(head)));
        }
        let line: BTreeSet<usize> = parents
            .iter()
            .flat_map(|it| self.lines[*it].clone())
            .collect();
        let tables: Vec<usize> = line.into_iter().filter(|it| self.tables[*it]).collect();
        let is_table = matches!(plan.step, Step::Table);
        self.push(parents, scripts(&plan.step, count, &tables), is_table);
    }

    fn push(
        &mut self,
        parents: BTreeSet<usize>,
        (up, down, alone): (String, String, bool),
        is_table: bool,
    ) {
        let number = self.files.len();
        let revises: Vec<String> = parents
            .iter()
            .map(|parent| (parent + 1).to_string())
            .collect();
        let mut header = match revises.is_empty() {
            true => "-- revises: none\n".to_owned(),
            false => format!("-- revises: {}\n", revises.join(", ")),
        };
        let mut down_header = String::new();
        if alone {
            header.push_str("-- transaction: none\n");
            down_header.push_str("-- transaction: none\n");
        }
        let mut line: BTreeSet<usize> = parents
            .iter()
            .flat_map(|it| self.lines[*it].clone())
            .collect();
        line.insert(number);
        self.files.push(Embedded {
            file_name: format!("U{}__step.sql", number + 1).leak(),
            up: format!("{header}{up}").leak(),
            down: Some(format!("{down_header}{down}").leak()),
            schema: None,
        });
        self.lines.push(line);
        self.tables.push(is_table);
        self.heads.retain(|head| !parents.contains(head));
        self.heads.insert(number);
    }
}

/// The scripts of a step and its way back, and whether they run outside of a transaction.
fn scripts(step: &Step, number: usize, tables: &[usize]) -> (String, String, bool) {
    let of = |choice: usize| tables[choice % tables.len()];
    let (mut up, mut down, mut alone) = (String::new(), String::new(), false);
    match *step {
        Step::Table => {
            let _ = write!(
                up,
                "create table t{number} (id int generated always as identity constraint t{number}_pkey primary key, \
                n int not null default {number} constraint t{number}_n_check check (n >= 0));\ncomment on table t{number} is 'x;';"
            );
            let _ = write!(down, "drop table t{number};");
        }
        Step::Column(table) => {
            let table = of(table);
            let _ = write!(
                up,
                "alter table t{table} add column c{number} text default 'a;b';"
            );
            let _ = write!(down, "alter table t{table} drop column c{number}");
        }
        Step::Index {
            table,
            concurrently,
        } => {
            let (table, how) = (of(table), if concurrently { "concurrently" } else { "" });
            alone = concurrently;
            let _ = write!(up, "create index {how} i{number} on t{table} (n, id);");
            let _ = write!(down, "drop index {how} i{number};");
        }
        Step::View(table) => {
            let table = of(table);
            let _ = write!(
                up,
                "create view v{number} as select id, n + 1 as m from t{table}"
            );
            let _ = write!(down, "drop view v{number};");
        }
        Step::Function(table) => {
            let table = of(table);
            let _ = write!(
                up,
                "create function f{number}() returns int begin atomic select 1; select n from t{table}; end;\n\
                create function g{number}() returns trigger language plpgsql as $$ begin return new; end; $$;\n\
                create trigger g{number} before insert on t{table} for each row execute function g{number}();"
            );
            let _ = write!(
                down,
                "drop trigger g{number} on t{table};\ndrop function g{number}();\ndrop function f{number}();"
            );
        }
        Step::Rows(table) => {
            let table = of(table);
            let _ = write!(
                up,
                "insert into t{table} (n) select {number} from generate_series(1, 3);"
            );
            let _ = write!(down, "delete from t{table} where n = {number};");
        }
    }
    (up, down, alone)
}

/// All that makes up the schema, and how many rows there are. The order of columns is left out: they come back last.
async fn catalog(client: &Client) -> Vec<String> {
    let mut catalog = column(
        client,
        "with own as (select oid from pg_class where relnamespace = 'public'::regnamespace)
        select format('%s %s', relkind, relname) from pg_class where oid in (select oid from own)
        union all select format('%s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
            (select pg_get_expr(adbin, adrelid) from pg_attrdef d where d.adrelid = attrelid and d.adnum = attnum))
            from pg_attribute where attrelid in (select oid from own) and not attisdropped
        union all select format('%s: %s', conname, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
        union all select pg_get_indexdef(indexrelid) || indisvalid from pg_index where indrelid in (select oid from own)
        union all select viewname || definition from pg_views where schemaname = 'public'
        union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
        union all select pg_get_triggerdef(oid) from pg_trigger where tgrelid in (select oid from own)
        union all select format('%s: %s', objoid::regclass, description) from pg_description where objoid in (select oid from own)
        order by 1",
    )
    .await;
    catalog.extend(applied(client).await);
    catalog
}

async fn goes_up_and_down(client: &mut Client, plans: &[Plan], middle: usize) {
    let project = Project::of(plans);
    let revisions = Revisions::embedded(&project.files).unwrap();
    // What a case that failed left behind.
    let clean = "drop schema public cascade; create schema public";
    client.batch_execute(clean).await.unwrap();
    let none = Revisions::default();
    Migrator::new(client, &none).ensure_history().await.unwrap();
    let before = catalog(client).await;
    let all = project.files.len();
    let done = Migrator::new(client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    assert_eq!(done.len(), all);
    let whole = catalog(client).await;
    assert_ne!(whole, before);
    let middle = (middle % all + 1).to_string();
    let mut migrator = Migrator::new(client, &revisions);
    let undone = migrator.downgrade(&middle).await.unwrap();
    let again = migrator.upgrade("head").await.unwrap();
    assert_eq!(undone.len(), again.len());
    assert_eq!(catalog(client).await, whole);
    let undone = Migrator::new(client, &revisions)
        .downgrade("base")
        .await
        .unwrap();
    assert_eq!(undone.len(), all);
    assert_eq!(catalog(client).await, before);
}

#[test]
fn a_project_that_goes_up_and_down_leaves_the_database_as_it_was() {
    needs_many_connections!();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = runtime.block_on(async { Database::new().await.connect("test").await });
    let client = std::cell::RefCell::new(client);
    let config = Config {
        cases: 16,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (prop::collection::vec(plan(), 0..9), 0..10_usize);
    let outcome = TestRunner::new(config).run(&strategy, |(plans, middle)| {
        runtime.block_on(goes_up_and_down(&mut client.borrow_mut(), &plans, middle));
        Ok(())
    });
    outcome.unwrap();
}
