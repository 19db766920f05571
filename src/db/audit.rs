//! The statements of `queries/audit_logs.sql`, in the types of the domain.

mod list;
mod seals;

use super::queries::audit_logs as sql;
use super::queries::client::{GenericClient, Params as _};
use super::{Database, DbError, Retry};
use crate::domain::audit::{Entry, ResourceId};

/// Writes an entry on a client or in a transaction that is given: the one of what it records.
///
/// # Errors
/// What PostgreSQL says; the transaction is then to be rolled back, so that nothing happens without its entry.
pub async fn write(
    client: &impl GenericClient,
    entry: &Entry,
) -> Result<(), tokio_postgres::Error> {
    let details = serde_json::Value::Object(entry.details.clone());
    let (resource_id, wallet_of_user_id) = match &entry.resource_id {
        ResourceId::Unknown => (None, None),
        ResourceId::Is(id) => (Some(id.as_str()), None),
        ResourceId::WalletOf(user) => (None, Some(user.0)),
    };
    let parameters = &sql::RecordParams {
        actor_user_id: entry.actor_user_id.map(|user| user.0),
        action: entry.action,
        resource_type: entry.resource_type,
        resource_id,
        wallet_of_user_id,
        outcome: entry.outcome.name(),
        ip_address: entry.origin.ip_address_text(),
        user_agent: entry.origin.user_agent(),
        request_id: entry.origin.request_id.as_deref(),
        details: &details,
    };
    sql::record().params(client, parameters).one().await?;
    Ok(())
}

impl Database {
    /// Writes an entry by itself: of a refusal, which changes nothing.
    ///
    /// # Errors
    /// If the database fails. After [`DbError::Lost`] it may have been written.
    pub async fn record(&self, entry: &Entry) -> Result<(), DbError> {
        self.statement("record", Retry::Unchanged, |client| async move {
            write(&**client, entry).await
        })
        .await
    }
}
