//! Notices between processes: that a job may be due, and that jobs have new events. They only save waiting; who hears none
//! looks now and then.

use revisions::DatabaseUrl;
use tokio_postgres::{AsyncMessage, Notification};

use super::jobs::events;
use super::queries::session as sql;
use super::{Database, DbError, Retry};
use crate::domain::jobs::news::Changed;

/// What is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Listening has begun: what was announced before was not heard.
    Listening,
    /// A job may be due.
    JobsQueued,
    /// Jobs have new events.
    JobEvents(Changed),
}

impl Database {
    /// Tells every process that listens that a job may be due.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn announce_jobs(&self) -> Result<(), DbError> {
        let sender = &self.notice_sender();
        self.statement("announce_jobs", Retry::Unchanged, |client| async move {
            sql::announce_jobs().bind(&**client, sender).one().await
        })
        .await
        .map(drop)
    }

    /// Names this process in its notices. Not by the number of a connection: a pool has many, and one between us and
    /// PostgreSQL gives them to anybody.
    pub fn notice_sender(&self) -> &str {
        &self.notice_sender
    }

    pub(super) fn write_notice(&self, text: &str) -> String {
        format!("{}:{text}", self.notice_sender)
    }
}

/// Listens on a connection of its own, and calls `heard` for every notice of others than `own_sender`, until the connection
/// ends.
///
/// # Errors
/// Why it ended, or could not begin.
pub async fn listen(
    url: &DatabaseUrl,
    own_sender: &str,
    heard: impl Fn(Notice),
) -> anyhow::Result<()> {
    let mut config = url.config().clone();
    config.application_name("divine-whispers notices");
    let (client, mut connection) = config.connect(url.tls()?).await?;
    // The connection has to be driven for the statements to be answered.
    let mut listening = std::pin::pin!(async {
        sql::listen_for_job_events().bind(&client).await?;
        sql::listen_for_jobs().bind(&client).await
    });
    let mut is_listening = false;
    loop {
        tokio::select! {
            listened = &mut listening, if !is_listening => {
                listened?;
                is_listening = true;
                heard(Notice::Listening);
            }
            message = std::future::poll_fn(|context| connection.poll_message(context)) => {
                match message {
                    Some(Ok(AsyncMessage::Notification(notification))) => {
                        if let Some(notice) = read(&notification, own_sender) {
                            heard(notice);
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error.into()),
                    None => return Ok(()),
                }
            }
        }
    }
}

/// `None` is what this process said itself, and has acted on. An older release does not say who it is.
fn read(notification: &Notification, own_sender: &str) -> Option<Notice> {
    let payload = notification.payload();
    let (sender, text) = payload.split_once(':').unwrap_or((payload, payload));
    if sender == own_sender {
        return None;
    }
    Some(match notification.channel() {
        "job_events" => Notice::JobEvents(events::read_jobs(text)),
        _ => Notice::JobsQueued,
    })
}
