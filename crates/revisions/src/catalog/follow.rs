//! Reading a schema that changes again and again: what has not changed since the last time is not sent.
//!
//! At each look PostgreSQL makes all the rows that a whole reading consists of, and a digest of each: MD5, or SHA-256 where a
//! server has no MD5. It is against chance, not against anybody. PostgreSQL sends the rows whose digest is new, and the
//! digests that are gone. So nothing is assumed about what a change may have changed.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::{Client, Row, Statement};

use super::read::{EmptyPath, QUERY, object};
use super::{Catalog, Facts, Key, Patch, Reader, Scope};

/// A schema that is looked at again and again, on one connection.
pub struct Follower {
    reader: Reader,
    look: Statement,
    /// As it was at the last look. What needs what is not known.
    catalog: Catalog,
    /// Of which object each row was.
    known: HashMap<String, Key>,
    /// Whether each look is a whole reading: with privileges, which are not in the rows.
    is_whole: bool,
}

/// What has changed between two looks: each object, as it was and as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    scope: Scope,
    objects: BTreeMap<Key, (Option<Facts>, Option<Facts>)>,
}

impl Follower {
    /// Prepares the queries on a connection. Nothing is looked at yet, so the first look finds all that there is.
    ///
    /// # Errors
    ///
    /// If PostgreSQL cannot be asked.
    pub async fn prepare(
        client: &Client,
        reader: Reader,
        scope: Scope,
    ) -> Result<Self, tokio_postgres::Error> {
        // A server whose OpenSSL is held to FIPS has no MD5, which takes a tenth of the time.
        let (row, hashes) = ("row(class, name, facts, comment)::text", "select md5('')");
        let digest = match client.simple_query(hashes).await {
            Ok(_) => format!("md5({row})"),
            Err(error) if error.as_db_error().is_none() => return Err(error),
            Err(_) => format!("encode(sha256(convert_to({row}, 'UTF8')), 'hex')"),
        };
        let look = format!(
            "with objects as materialized ({QUERY}\n), digested as (\
                 select class, name, facts, comment, \
                        {digest} as digest \
                   from objects) \
             select o.class, o.name, o.facts, o.digest, known.digest, o.comment \
               from digested as o full join unnest($1::text[]) as known (digest) on known.digest = o.digest \
              where o.digest is null or known.digest is null"
        );
        Ok(Self {
            reader,
            look: client.prepare(&look).await?,
            is_whole: scope.privileges,
            catalog: Catalog {
                scope,
                ..Catalog::default()
            },
            known: HashMap::new(),
        })
    }

    /// The schema at the last look. It can be compared; what its objects need is not known.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Looks at all of the schema; what has changed since the last look.
    ///
    /// # Errors
    ///
    /// If PostgreSQL cannot be asked. The follower is of no use then.
    pub async fn look(&mut self, client: &Client) -> Result<Changes, tokio_postgres::Error> {
        if self.is_whole {
            return self.look_at_all(client).await;
        }
        let path = EmptyPath::begin(client).await?;
        let digests: Vec<&str> = self.known.keys().map(String::as_str).collect();
        let rows = client.query(&self.look, &[&digests]).await;
        let put_back = path.end().await;
        let rows = rows?;
        put_back?;
        match self.take(&rows)? {
            Some(changes) => Ok(changes),
            // Two objects of one name, which a whole reading takes for one.
            None => {
                self.is_whole = true;
                self.look_at_all(client).await
            }
        }
    }

    /// Takes what has changed over; nothing, and leaves all as it was, if objects cannot be told apart by their names.
    fn take(&mut self, rows: &[Row]) -> Result<Option<Changes>, tokio_postgres::Error> {
        let mut gone: BTreeMap<Key, String> = BTreeMap::new();
        let mut new: BTreeMap<Key, (String, Facts)> = BTreeMap::new();
        for row in rows {
            let (digest, known): (Option<String>, Option<String>) =
                (row.try_get(3)?, row.try_get(4)?);
            if let Some(digest) = digest {
                let (key, facts) = object(row)?;
                if new.insert(key, (digest, facts)).is_some() {
                    return Ok(None);
                }
            } else if let Some(known) = known
                && let Some(key) = self.known.get(&known)
            {
                gone.insert(key.clone(), known);
            }
        }
        let is_there =
            |key: &&Key| self.catalog.objects.contains_key(*key) && !gone.contains_key(*key);
        if new.keys().any(|key| is_there(&key)) {
            return Ok(None);
        }
        let mut changes = Changes {
            scope: self.catalog.scope.clone(),
            ..Changes::default()
        };
        for (key, digest) in gone {
            self.known.remove(&digest);
            let before = self.catalog.objects.remove(&key);
            changes.objects.insert(key, (before, None));
        }
        for (key, (digest, facts)) in new {
            self.known.insert(digest, key.clone());
            self.catalog.objects.insert(key.clone(), facts.clone());
            changes.objects.entry(key).or_default().1 = Some(facts);
        }
        // What PostgreSQL writes in another way may be the same.
        changes.objects.retain(|_, (before, after)| before != after);
        Ok(Some(changes))
    }

    async fn look_at_all(&mut self, client: &Client) -> Result<Changes, tokio_postgres::Error> {
        let now = self.reader.read(client, &self.catalog.scope).await?;
        let before = std::mem::replace(&mut self.catalog, now);
        let after = &self.catalog;
        let keys = before.objects.keys().chain(after.objects.keys());
        let states = |key: &Key| {
            let of = |catalog: &Catalog| catalog.objects.get(key).cloned();
            (key.clone(), (of(&before), of(after)))
        };
        let mut objects: BTreeMap<_, _> = keys.map(states).collect();
        objects.retain(|_, (before, after)| before != after);
        Ok(Changes {
            scope: after.scope.clone(),
            objects,
        })
    }
}

impl Changes {
    /// What leads from the look before to the last one, as `server` describes it.
    #[must_use]
    pub fn patch(&self, server: &str) -> Patch {
        let objects = self.objects.iter();
        let after = objects.map(|(key, (_, after))| (key.clone(), after.clone()));
        Patch::of_objects(&self.scope, after, server)
    }

    /// What leads back.
    #[must_use]
    pub fn patch_back(&self, server: &str) -> Patch {
        let objects = self.objects.iter();
        let before = objects.map(|(key, (before, _))| (key.clone(), before.clone()));
        Patch::of_objects(&self.scope, before, server)
    }
}
