//! Which revisions the schema has, and whether they are those that this program was built for.

use super::queries::schema as sql;
use super::{Database, DbError, Retry};

impl Database {
    /// Whether all of these revisions are applied; others may be as well.
    ///
    /// # Errors
    /// If the database fails, or has no history of revisions.
    pub async fn has_revisions(&self, ids: &[i64]) -> Result<bool, DbError> {
        self.statement(
            "applied_revisions",
            Retry::Repeatable,
            |client| async move { sql::applied_revisions().bind(&**client, &ids).all().await },
        )
        .await
        .map(|applied| applied.len() == ids.len())
    }

    /// What the database says of its revisions, in their order.
    ///
    /// # Errors
    /// If the database fails, or has no history of revisions.
    pub async fn schema_history(&self) -> Result<Vec<Applied>, DbError> {
        let rows = self
            .statement("history", Retry::Repeatable, |client| async move {
                sql::history().bind(&**client).all().await
            })
            .await?;
        let applied = rows.into_iter().map(|row| Applied {
            id: row.version,
            applied_on: row.applied_on,
        });
        Ok(applied.collect())
    }
}

/// A revision that is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The revision.
    pub id: i64,
    /// When, as the migrator writes it (RFC 3339).
    pub applied_on: Option<String>,
}
