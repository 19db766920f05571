//! The statements of `queries/audit_seals.sql`, in the types of the domain.

use std::collections::HashSet;

use chrono::Utc;

use super::super::queries::audit_seals as sql;
use super::super::queries::client::Params as _;
use super::super::{Database, DbError, Retry};
use crate::domain::audit::seal::{Seal, SealedEntry, Step, seal};

/// Names the advisory lock of those who seal: "divine s" as a number.
const SEALER_LOCK_KEY: i64 = 0x6469_7669_6e65_2073;

impl Database {
    /// The number of the newest entry; 0 when there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn newest_entry(&self) -> Result<i64, DbError> {
        self.statement("newest_entry", Retry::Repeatable, |client| async move {
            sql::newest_entry().bind(&**client).one().await
        })
        .await
    }

    /// The transactions that may still add an entry with a number that is drawn already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn transactions_that_write(&self) -> Result<HashSet<String>, DbError> {
        let writers = self
            .statement(
                "transactions_that_write",
                Retry::Repeatable,
                |client| async move { sql::transactions_that_write().bind(&**client).all().await },
            )
            .await?;
        Ok(writers.into_iter().collect())
    }

    /// Seals the next entries up to `last_id`, at most `limit` of them, unless another program is at it.
    ///
    /// # Errors
    /// If the database fails; nothing is sealed then, but for [`DbError::Lost`].
    pub async fn seal_next(&self, last_id: i64, limit: i64) -> Result<Step, DbError> {
        self.transaction("seal_next", Retry::Unchanged, move |transaction| {
            Box::pin(async move {
                if !sql::try_to_become_sealer()
                    .bind(transaction, &SEALER_LOCK_KEY)
                    .one()
                    .await?
                {
                    return Ok(Step::Elsewhere);
                }
                let previous = sql::newest_seal().bind(transaction).opt().await?;
                let previous = previous.map(Seal::from);
                let range = &sql::EntriesToSealParams {
                    after_id: previous
                        .as_ref()
                        .map_or(i64::MIN, |seal| seal.last_entry_id),
                    last_id,
                    limit,
                };
                let entries = sql::entries_to_seal()
                    .params(transaction, range)
                    .all()
                    .await?;
                let entries: Vec<_> = entries.into_iter().map(SealedEntry::from).collect();
                let sealed_at = Utc::now();
                let Some(seal) = seal(previous.as_ref(), &entries, sealed_at) else {
                    return Ok(Step::NothingLeft);
                };
                let row = &sql::AddSealParams {
                    seal_number: seal.number,
                    last_audit_log_id: seal.last_entry_id,
                    entry_count: seal.entry_count,
                    seal: seal.value.as_slice(),
                    sealed_at,
                };
                sql::add_seal().params(transaction, row).one().await?;
                Ok(Step::Sealed(seal))
            })
        })
        .await
    }

    /// The end of the chain; nothing when nothing is sealed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn newest_seal(&self) -> Result<Option<Seal>, DbError> {
        let newest = self
            .statement("newest_seal", Retry::Repeatable, |client| async move {
                sql::newest_seal().bind(&**client).opt().await
            })
            .await?;
        Ok(newest.map(Seal::from))
    }

    /// The seals after a number, in their order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn seals_after(&self, number: i64, limit: i64) -> Result<Vec<Seal>, DbError> {
        let parameters = &sql::SealsAfterParams {
            seal_number: number,
            limit,
        };
        let seals = self
            .statement("seals_after", Retry::Repeatable, |client| async move {
                sql::seals_after().params(&**client, parameters).all().await
            })
            .await?;
        Ok(seals.into_iter().map(Seal::from).collect())
    }

    /// The entries after a number up to another, in their order, in the words that are hashed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn entries_to_seal(
        &self,
        after_id: i64,
        last_id: i64,
        limit: i64,
    ) -> Result<Vec<SealedEntry>, DbError> {
        let parameters = &sql::EntriesToSealParams {
            after_id,
            last_id,
            limit,
        };
        let entries = self
            .statement("entries_to_seal", Retry::Repeatable, |client| async move {
                sql::entries_to_seal()
                    .params(&**client, parameters)
                    .all()
                    .await
            })
            .await?;
        Ok(entries.into_iter().map(SealedEntry::from).collect())
    }

    /// How many entries have a greater number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_entries_after(&self, id: i64) -> Result<i64, DbError> {
        self.statement(
            "count_entries_after",
            Retry::Repeatable,
            |client| async move { sql::count_entries_after().bind(&**client, &id).one().await },
        )
        .await
    }
}

impl From<sql::Seal> for Seal {
    fn from(row: sql::Seal) -> Self {
        Self {
            number: row.seal_number,
            last_entry_id: row.last_audit_log_id,
            entry_count: row.entry_count,
            value: row.seal,
            sealed_at_us: row.sealed_at_us,
        }
    }
}

impl From<sql::EntriesToSeal> for SealedEntry {
    fn from(row: sql::EntriesToSeal) -> Self {
        Self {
            id: row.id,
            actor_user_id: row.actor_user_id,
            action: row.action,
            resource_type: row.resource_type,
            resource_id: row.resource_id,
            outcome: row.outcome,
            ip_address: row.ip_address,
            user_agent: row.user_agent,
            request_id: row.request_id,
            details: row.details,
            created_at_us: row.created_at_us,
        }
    }
}
