//! Notices between processes: that a job may be due. They only save waiting; who hears none looks now and then.

use revisions::DatabaseUrl;
use tokio_postgres::AsyncMessage;

use super::queries::session as sql;
use super::{Database, DbError, Retry};

impl Database {
    /// Tells every process that listens that a job may be due.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn announce_jobs(&self) -> Result<(), DbError> {
        self.statement("announce_jobs", Retry::Unchanged, |client| async move {
            sql::announce_jobs().bind(&**client).one().await
        })
        .await
        .map(drop)
    }
}

/// Listens on a connection of its own, and calls `heard` for every notice, until the connection ends.
///
/// # Errors
/// Why it ended, or could not begin.
pub async fn listen_for_jobs(url: &DatabaseUrl, heard: impl Fn()) -> anyhow::Result<()> {
    let mut config = url.config().clone();
    config.application_name("divine-whispers notices");
    let (client, mut connection) = config.connect(url.tls()?).await?;
    // The connection has to be driven for the statement to be answered.
    let mut listening = std::pin::pin!(async { sql::listen_for_jobs().bind(&client).await });
    let mut is_listening = false;
    loop {
        tokio::select! {
            listened = &mut listening, if !is_listening => {
                listened?;
                is_listening = true;
                // What was announced before is looked for at once.
                heard();
            }
            message = std::future::poll_fn(|context| connection.poll_message(context)) => {
                match message {
                    Some(Ok(AsyncMessage::Notification(_))) => heard(),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error.into()),
                    None => return Ok(()),
                }
            }
        }
    }
}
