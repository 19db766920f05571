//! Creating a database that is not there.

use tokio_postgres::error::SqlState;

use super::{ConnectError, DatabaseUrl, connect};
use crate::migrator::database_message;

/// The database that every server has, for whoever has to be connected somewhere.
const MAINTENANCE_DATABASE: &str = "postgres";

/// See [`DatabaseUrl::create_if_missing`].
pub(super) async fn if_missing(
    url: &DatabaseUrl,
    application_name: &str,
) -> Result<bool, ConnectError> {
    let database = match url.connect(application_name).await {
        Ok(_) => return Ok(false),
        Err(ConnectError::NoDatabase { database, .. }) => database,
        Err(error) => return Err(error),
    };
    let mut elsewhere = url.clone();
    elsewhere.config.dbname(MAINTENANCE_DATABASE);
    let client = connect::connect(&elsewhere, application_name).await?;
    let name = database.replace('"', "\"\"");
    let created = client
        .batch_execute(&format!("create database \"{name}\""))
        .await;
    match created {
        Ok(()) => Ok(true),
        // Somebody else has, at the same moment.
        Err(error) if is_there_already(&error) => Ok(false),
        Err(error) => Err(ConnectError::NotCreated {
            database,
            reason: database_message(&error),
        }),
    }
}

fn is_there_already(error: &tokio_postgres::Error) -> bool {
    [SqlState::DUPLICATE_DATABASE, SqlState::UNIQUE_VIOLATION]
        .iter()
        .any(|code| error.code() == Some(code))
}
