//! What a schema consists of: that everything is read, and that only what differs is told.

mod differs;
mod follows;
mod privileges;
mod reads;

use revisions::catalog::Catalog;
use tokio_postgres::Client;

use crate::support::Database;

/// A schema with an object of every class.
pub const EVERYTHING: &str = include_str!("everything.sql");

/// What a new database has after `sql`.
pub async fn catalog_of(sql: &str) -> (Client, Catalog) {
    let client = Database::new().await.connect("test").await;
    client.batch_execute(sql).await.unwrap();
    let catalog = Catalog::read(&client).await.unwrap();
    (client, catalog)
}
