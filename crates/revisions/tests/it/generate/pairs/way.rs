//! A pair is tried: the way there, and the way back, as a migration would go them.

use revisions::catalog::{Catalog, Difference, Scope};
use revisions::generate::{Step, steps};
use tokio_postgres::Client;

use super::super::shown;
use super::schema::Pair;
use crate::support::{Database, column};

/// Whoever owns what the pairs make, so that one statement drops all of it.
const OWNER: &str = "owner_of_pairs";

/// To whom things are granted.
const READER: &str = "reader_of_pairs";

/// Event triggers go first, since one would be called when its function is gone.
const CLEAN_UP: &str = "
    rollback;
    begin;
    do $$ begin
        execute coalesce((select string_agg(format('drop event trigger %I;', evtname), '') from pg_event_trigger), '');
    end $$;
    commit;
    drop owned by owner_of_pairs, reader_of_pairs cascade;";

/// A database that is used for one pair after the other.
pub struct Worker {
    client: Client,
}

/// What went wrong, and on which way.
#[derive(Debug, Clone)]
pub struct Failure {
    /// In a few words, which are the same for a smaller pair that fails for the same reason.
    pub what: String,
    /// The details.
    pub told: String,
    /// The steps that were tried.
    pub steps: String,
}

/// Makes what all workers need.
pub async fn prepare() {
    let client = Database::new().await.connect("test").await;
    for (role, options) in [(OWNER, "superuser"), (READER, "")] {
        let query = format!("select from pg_roles where rolname = '{role}'");
        if column(&client, &query).await.is_empty() {
            let sql = format!("create role {role} {options}");
            client.batch_execute(&sql).await.unwrap();
        }
    }
}

/// Takes the roles away again: the server may be one that goes on.
pub async fn clean_up_roles() {
    let client = Database::new().await.connect("test").await;
    let sql = format!("drop role if exists {OWNER}, {READER}");
    // In a database that a worker has left, something may still be theirs: then they stay, and nobody can log in.
    client.batch_execute(&sql).await.ok();
    let unarmed = format!("alter role {OWNER} nosuperuser");
    client.batch_execute(&unarmed).await.ok();
}

impl Worker {
    pub async fn new() -> Self {
        let client = Database::new().await.connect("test").await;
        // Compiling takes longer than the queries for the catalog.
        let sql = format!(
            "set session authorization {OWNER}; set client_min_messages = error; set jit = off"
        );
        client.batch_execute(&sql).await.unwrap();
        Self { client }
    }

    /// What differs between the two schemas, both ways, after they were gone.
    pub async fn there_and_back(&mut self, pair: &Pair) -> Result<Vec<Difference>, Failure> {
        let done = self.attempt(pair).await;
        self.clean_up().await;
        done
    }

    async fn clean_up(&mut self) {
        // A session may remember a function of an event trigger that is gone; another one does not.
        if self.client.batch_execute(CLEAN_UP).await.is_err() {
            *self = Self::new().await;
        }
    }

    async fn attempt(&mut self, pair: &Pair) -> Result<Vec<Difference>, Failure> {
        self.execute(&pair.after.sql(), "loading after").await?;
        let wanted = self.read().await?;
        self.clean_up().await;
        self.execute(&pair.before.sql(), "loading before").await?;
        let found = self.read().await?;
        let reached = self.go("there", &found, &wanted).await?;
        self.go("back", &reached, &found).await?;
        Ok(vec![found.difference(&wanted), wanted.difference(&found)])
    }

    async fn go(&self, way: &str, from: &Catalog, to: &Catalog) -> Result<Catalog, Failure> {
        let steps = steps(from, to);
        let failure = |failure: Failure| Failure {
            steps: shown(&steps),
            ..failure
        };
        self.run(way, &steps).await.map_err(failure)?;
        let reached = self.read().await?;
        let rest = reached.difference(to);
        if let Some((key, _)) = rest.changes.first() {
            let what = format!("{way}: left over: {}", key.class.words());
            return Err(failure(Failure::new(what, rest.to_string())));
        }
        let again = self::steps(&reached, to);
        if !again.is_empty() {
            let what = format!("{way}: generated again");
            return Err(failure(Failure::new(what, shown(&again))));
        }
        Ok(reached)
    }

    /// What can share a transaction does.
    async fn run(&self, way: &str, steps: &[Step]) -> Result<(), Failure> {
        let mut is_open = false;
        for step in steps {
            match (is_open, step.outside_transaction) {
                (false, false) => self.execute("begin", way).await?,
                (true, true) => self.execute("commit", way).await?,
                _ => {}
            }
            is_open = !step.outside_transaction;
            self.execute(&step.sql, way).await?;
        }
        if is_open {
            self.execute("commit", way).await?;
        }
        Ok(())
    }

    async fn read(&self) -> Result<Catalog, Failure> {
        let scope = Scope {
            privileges: true,
            roles: vec![READER.to_owned()],
        };
        let read = Catalog::read_with(&self.client, &scope).await;
        read.map_err(|error| Failure::new("reading".to_owned(), format!("{error:?}")))
    }

    async fn execute(&self, sql: &str, way: &str) -> Result<(), Failure> {
        self.client.batch_execute(sql).await.map_err(|error| {
            let Some(error) = error.as_db_error() else {
                return Failure::new(format!("{way}: {error}"), sql.to_owned());
            };
            let detail = error.detail().unwrap_or_default();
            let told = format!("{}\n{detail}\nin: {sql}", error.message());
            let verb: Vec<&str> = sql.split_whitespace().take(2).collect();
            let code = error.code().code();
            Failure::new(format!("{way}: {code} in {}", verb.join(" ")), told)
        })
    }
}

impl Failure {
    fn new(what: String, told: String) -> Self {
        Self {
            what,
            told,
            steps: String::new(),
        }
    }
}
