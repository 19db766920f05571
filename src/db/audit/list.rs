//! The searches of `queries/audit_logs.sql`: which statement serves which.

use super::super::queries::audit_logs as sql;
use super::super::queries::client::Params as _;
use super::super::{Database, DbError, Retry};
use crate::domain::audit::list::{By, Position, Search, Written};
use crate::domain::ids::UserId;

impl Database {
    /// At most `limit` entries of a search that come after a position, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit_entries(
        &self,
        search: &Search,
        after: Position,
        limit: i64,
    ) -> Result<Vec<Written>, DbError> {
        let rows = self
            .statement("audit_entries", Retry::Repeatable, |client| async move {
                rows(&client, search, after, limit).await
            })
            .await?;
        Ok(rows.into_iter().map(Written::from).collect())
    }
}

async fn rows(
    client: &deadpool_postgres::Client,
    search: &Search,
    after: Position,
    limit: i64,
) -> Result<Vec<sql::Entry>, tokio_postgres::Error> {
    let outcome = search.outcome.map(|outcome| outcome.name());
    let (from, to, before_id) = (search.from, search.to, after.id);
    match &search.by {
        By::Time => {
            let parameters = &sql::PageParams {
                from,
                to,
                before_created_at: after.created_at,
                before_id,
                outcome,
                limit,
            };
            sql::page().params(client, parameters).all().await
        }
        By::Actor {
            actor,
            action,
            resource_type,
            resource_id,
        } => {
            let parameters = &sql::PageByActorParams {
                actor_user_id: actor.0,
                before_id,
                action: action.as_deref(),
                resource_type: resource_type.as_deref(),
                resource_id: resource_id.as_deref(),
                outcome,
                from,
                to,
                limit,
            };
            sql::page_by_actor().params(client, parameters).all().await
        }
        By::Resource {
            resource_type,
            resource_id,
            action,
        } => {
            let parameters = &sql::PageByResourceParams {
                resource_type: resource_type.as_str(),
                resource_id: resource_id.as_str(),
                before_id,
                action: action.as_deref(),
                outcome,
                from,
                to,
                limit,
            };
            sql::page_by_resource()
                .params(client, parameters)
                .all()
                .await
        }
        By::Action {
            action,
            resource_type,
        } => {
            let parameters = &sql::PageByActionParams {
                action: action.as_str(),
                before_id,
                resource_type: resource_type.as_deref(),
                outcome,
                from,
                to,
                limit,
            };
            sql::page_by_action().params(client, parameters).all().await
        }
    }
}

impl From<sql::Entry> for Written {
    fn from(row: sql::Entry) -> Self {
        Self {
            id: row.id,
            actor_user_id: row.actor_user_id.map(UserId),
            action: row.action,
            resource_type: row.resource_type,
            resource_id: row.resource_id,
            outcome: row.outcome,
            ip_address: row.ip_address.and_then(|text| text.parse().ok()),
            user_agent: row.user_agent,
            request_id: row.request_id,
            details: row.details,
            created_at: row.created_at,
        }
    }
}
