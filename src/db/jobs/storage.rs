//! The statements of `queries/result_storage.sql`: which storage the files of this database are in. What follows from it
//! is decided in `domain/jobs/files/place.rs`.

use uuid::Uuid;

use crate::db::queries::result_storage as sql;
use crate::db::{Database, DbError, Retry, audit};
use crate::domain::audit::Entry;

impl Database {
    /// The storage that counts, if any program has opened one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn registered_storage(&self) -> Result<Option<Uuid>, DbError> {
        self.statement(
            "registered_storage",
            Retry::Repeatable,
            |client| async move { sql::registered_storage().bind(&**client).opt().await },
        )
        .await
    }

    /// Has a storage count, if none does. Another one may have been faster: ask which one counts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn register_storage(&self, id: Uuid) -> Result<(), DbError> {
        self.statement("register_storage", Retry::Repeatable, |client| async move {
            sql::register_storage().bind(&**client, &id).opt().await
        })
        .await
        .map(drop)
    }

    /// Has a storage count instead of another one, if that one still counts, and there is no file that it may have: none
    /// begins meanwhile. Returns whether it was replaced.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn replace_storage_without_files(
        &self,
        former: Uuid,
        id: Uuid,
    ) -> Result<bool, DbError> {
        self.transaction(
            "replace_storage_without_files",
            Retry::Repeatable,
            move |transaction| {
                Box::pin(async move {
                    let counts = sql::lock_storage().bind(transaction).opt().await?;
                    if counts != Some(former) || sql::has_files().bind(transaction).one().await? {
                        return Ok(false);
                    }
                    sql::adopt_storage().bind(transaction, &id).one().await?;
                    Ok(true)
                })
            },
        )
        .await
    }

    /// Has a storage count from now on, whatever was before, with an entry of the audit log that is made of what it was.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn adopt_storage(
        &self,
        id: Uuid,
        entry: fn(Uuid, Option<Uuid>) -> Entry,
    ) -> Result<Option<Uuid>, DbError> {
        self.transaction("adopt_storage", Retry::Repeatable, move |transaction| {
            Box::pin(async move {
                let former = sql::lock_storage().bind(transaction).opt().await?;
                if former != Some(id) {
                    sql::adopt_storage().bind(transaction, &id).one().await?;
                    audit::write(transaction, &entry(id, former)).await?;
                }
                Ok(former)
            })
        })
        .await
    }

    /// How many files the storage has to have.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn kept_files(&self) -> Result<i64, DbError> {
        self.statement("kept_files", Retry::Repeatable, |client| async move {
            sql::kept_files().bind(&**client).one().await
        })
        .await
    }

    /// The path of one file that the storage has to have, if there is any.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn some_kept_file(&self) -> Result<Option<String>, DbError> {
        self.statement("some_kept_file", Retry::Repeatable, |client| async move {
            sql::some_kept_file().bind(&**client).opt().await
        })
        .await
    }
}
