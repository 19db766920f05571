//! `wait`: until the database answers. For whoever starts beside it.

use std::time::Duration;

use tokio::time::Instant;

use super::{CommandError, Context, Wait, note, print};
use crate::database::{ConnectError, DatabaseUrl};
use crate::migrator::database_message;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(options: &Wait, context: &Context<'_>) -> Result<(), CommandError> {
    let url = context.url.as_ref().ok_or(CommandError::NoDatabase)?;
    let limit = Duration::from_secs(options.timeout_s);
    let started = Instant::now();
    let (mut pause, mut told) = (FIRST_PAUSE, false);
    loop {
        let left = limit.saturating_sub(started.elapsed());
        let error = match tokio::time::timeout(left, answers(url, context)).await {
            Ok(Ok(version)) => return print(&format!("{url} answers: PostgreSQL {version}\n")),
            Ok(Err(error)) => error,
            Err(_) => {
                return Err(CommandError::NotInTime {
                    url: url.to_string(),
                    seconds: options.timeout_s,
                });
            }
        };
        // Waiting does not mend a password.
        if !error.may_pass() {
            return Err(error.into());
        }
        if started.elapsed() + pause >= limit {
            return Err(error.into());
        }
        if !told {
            told = true;
            note(&format!("waiting for {url}: {}", error.first_line()));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The version of the server, once it does more than accept connections.
async fn answers(url: &DatabaseUrl, context: &Context<'_>) -> Result<String, ConnectError> {
    let client = url.connect(&context.options.program).await?;
    let asked = client.query_one("show server_version", &[]).await;
    let version = asked.and_then(|row| row.try_get(0));
    // It let us in and then did not answer: it goes down, or is just starting.
    version.map_err(|source| ConnectError::NotReady {
        hosts: url.to_string(),
        reason: database_message(&source),
    })
}
