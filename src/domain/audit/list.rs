//! Searching the audit log: pages, newest first. A page is found by the position of the last entry before it, never by
//! counting, and what has come since does not move it.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Outcome;
use crate::db::{Database, DbError};
use crate::domain::ids::UserId;

/// An entry as it is read. Outcomes are text here: a newer release may have more of them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
#[allow(missing_docs)] // The columns of the table, each described there.
pub struct Written {
    pub id: i64,
    pub actor_user_id: Option<UserId>,
    pub action: String,
    pub resource_type: String,
    pub resource_id: Option<String>,
    pub outcome: String,
    #[schema(value_type = Option<String>)]
    pub ip_address: Option<IpAddr>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub details: Value,
    pub created_at: DateTime<Utc>,
}

/// What a search goes by. Each has an index; the rest of a search filters what it finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Everything of the period, by time.
    Time,
    /// Who did it, and perhaps what to which resource.
    Actor {
        /// Who.
        actor: UserId,
        /// What.
        action: Option<String>,
        /// Kind of resource.
        resource_type: Option<String>,
        /// Which one.
        resource_id: Option<String>,
    },
    /// One resource, and perhaps what was done to it.
    Resource {
        /// Kind of resource.
        resource_type: String,
        /// Which one.
        resource_id: String,
        /// What.
        action: Option<String>,
    },
    /// What was done, and perhaps to which kind of resource.
    Action {
        /// What.
        action: String,
        /// Kind of resource.
        resource_type: Option<String>,
    },
}

/// Which entries.
#[derive(Debug, Clone)]
pub struct Search {
    /// What it goes by.
    pub by: By,
    /// Only what ended so.
    pub outcome: Option<Outcome>,
    /// Written at this time or later.
    pub from: DateTime<Utc>,
    /// Written before this time.
    pub to: DateTime<Utc>,
}

/// A place in a list: everything on the next page comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// When the last entry before it was written.
    pub created_at: DateTime<Utc>,
    /// Its number.
    pub id: i64,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// Newest first.
    pub entries: Vec<Written>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Position>,
}

/// The entries of a search after a position, at most `rows` of them.
///
/// # Errors
/// If the database fails.
pub async fn page(
    db: &Database,
    search: &Search,
    after: Option<Position>,
    rows: i64,
) -> Result<Page, DbError> {
    let after = after.unwrap_or(Position {
        created_at: search.to,
        id: i64::MAX,
    });
    // One more than asked for tells whether there is a next page.
    let mut entries = db.audit_entries(search, after, rows + 1).await?;
    let has_more = i64::try_from(entries.len()).is_ok_and(|found| found > rows);
    entries.truncate(usize::try_from(rows).unwrap_or(usize::MAX));
    let last = entries.last().filter(|_| has_more);
    let next = last.map(|last| Position {
        created_at: last.created_at,
        id: last.id,
    });
    Ok(Page { entries, next })
}
