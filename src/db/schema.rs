//! Whether the schema is the one that this program was built for.

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
}
