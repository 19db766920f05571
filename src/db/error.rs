//! What can go wrong on the way to the database and back, sorted by what a caller can do about it.
//! Which HTTP status that becomes is not decided here.

use std::error::Error as _;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::error::SqlState;

/// A failure of the database, sorted by what a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DbError {
    /// There is no connection to be had: nothing was sent, nothing changed.
    #[error("the database cannot be reached: {reason}")]
    Unreachable {
        /// What was seen.
        reason: String,
    },
    /// Every connection of the pool stayed in use: nothing was sent, nothing changed.
    #[error("no connection became free in time")]
    Exhausted,
    /// The connection was lost under way: whether a change was made is not known.
    #[error("the connection to the database was lost: {reason}")]
    Lost {
        /// What was seen.
        reason: String,
    },
    /// Another transaction was in the way (SQLSTATE 40001, 40P01): nothing changed, try again.
    #[error("the transaction collided with another one: {message}")]
    Collision {
        /// What PostgreSQL said.
        message: String,
    },
    /// A constraint refused the change; its name says which rule that is.
    #[error("the constraint {constraint} refused the change")]
    Constraint {
        /// Name of the constraint.
        constraint: String,
    },
    /// A value cannot be stored (SQLSTATE class 22), such as a NUL character in a text.
    #[error("a value cannot be stored: {message}")]
    Value {
        /// What PostgreSQL said.
        message: String,
    },
    /// The statement ran into a time limit: nothing changed.
    #[error("the statement took too long: {message}")]
    Timeout {
        /// What PostgreSQL said.
        message: String,
    },
    /// The schema is not the one that the statement was prepared or built for: a new connection mends the first, and
    /// only a migration the second. Nothing changed.
    #[error("the schema is not the one that a statement was made for: {message}")]
    StalePlan {
        /// What PostgreSQL said.
        message: String,
    },
    /// Anything else is a defect of ours.
    #[error("the database refused a statement ({code}): {message}")]
    Defect {
        /// SQLSTATE, or `none` if it did not come from the server.
        code: String,
        /// What PostgreSQL or the client said.
        message: String,
    },
}

/// Stands for a SQLSTATE where the client, not the server, found fault.
const CLIENT_SIDE: &str = "none";

impl DbError {
    /// Its kind in one word, as metrics have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Exhausted => "exhausted",
            Self::Lost { .. } => "lost",
            Self::Collision { .. } => "collision",
            Self::Constraint { .. } => "constraint",
            Self::Value { .. } => "value",
            Self::Timeout { .. } => "timeout",
            Self::StalePlan { .. } => "stale_plan",
            Self::Defect { .. } => "defect",
        }
    }

    /// Whether one row may have brought it on, so that without that row the others are stored.
    pub(super) fn is_of_one_row(&self) -> bool {
        matches!(
            self,
            Self::Constraint { .. } | Self::Value { .. } | Self::Defect { .. }
        )
    }

    /// Whether the connection that it came from must not be used again.
    pub(super) fn spoils_connection(&self) -> bool {
        match self {
            Self::Lost { .. } | Self::StalePlan { .. } => true,
            // Said by the client, not by the server: who knows what is still under way.
            Self::Defect { code, .. } => code == CLIENT_SIDE,
            _ => false,
        }
    }

    fn of_database(error: &tokio_postgres::error::DbError) -> Self {
        // Neither DETAIL nor WHERE: they quote the values of the row.
        let message = error.message().to_owned();
        let code = error.code();
        match code.code() {
            "40001" | "40P01" => Self::Collision { message },
            "57014" | "55P03" => Self::Timeout { message },
            // Connection exceptions, too many connections, and a server that is shutting down or starting.
            "53300" | "57P01" | "57P02" | "57P03" | "25006" => Self::Lost { reason: message },
            "0A000" | "26000"
                if message.contains("cached plan")
                    || *code == SqlState::INVALID_SQL_STATEMENT_NAME =>
            {
                Self::StalePlan { message }
            }
            // No such table, column or function: somebody has migrated down under us.
            "42P01" | "42703" | "42883" => Self::StalePlan { message },
            sqlstate if sqlstate.starts_with("08") => Self::Lost { reason: message },
            sqlstate if sqlstate.starts_with("23") => match error.constraint() {
                Some(constraint) => Self::Constraint {
                    constraint: constraint.to_owned(),
                },
                None => Self::Defect {
                    code: sqlstate.to_owned(),
                    message,
                },
            },
            sqlstate if sqlstate.starts_with("22") => Self::Value { message },
            sqlstate => Self::Defect {
                code: sqlstate.to_owned(),
                message,
            },
        }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(database_error) = error.as_db_error() {
            return Self::of_database(database_error);
        }
        let is_io = error
            .source()
            .is_some_and(|source| source.is::<std::io::Error>());
        let message = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        if error.is_closed() || is_io {
            Self::Lost { reason: message }
        } else {
            Self::Defect {
                code: "none".to_owned(),
                message,
            }
        }
    }
}

impl From<PoolError> for DbError {
    fn from(error: PoolError) -> Self {
        // Without a connection nothing can be done but wait, whatever the reason.
        let reason = match &error {
            PoolError::Backend(backend) => match backend.as_db_error() {
                Some(database_error) => database_error.message().to_owned(),
                None => match backend.source() {
                    Some(source) => format!("{backend}: {source}"),
                    None => backend.to_string(),
                },
            },
            PoolError::Timeout(TimeoutType::Wait) => return Self::Exhausted,
            other => other.to_string(),
        };
        Self::Unreachable { reason }
    }
}
