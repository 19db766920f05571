//! The settings of the statements that an interrupted run had done: they were its session's, and are made again.

use tokio_postgres::Client;

use crate::migrator::execute::{Failure, send};
use crate::statements::Statement;

/// Makes the settings again that the statements `done` made for the session. What `set_config` sets cannot be told from
/// its call, so it is refused.
pub(super) async fn settings(
    client: &Client,
    sql: &str,
    done: &[Statement],
) -> Result<(), Failure> {
    let hidden = |statement: &Statement| statement.runs(sql, "set_config");
    if let Some(statement) = done.iter().position(hidden) {
        return Err(Failure::SettingUnknown {
            done: done.len(),
            statement,
        });
    }
    for (index, statement) in done.iter().enumerate() {
        if statement.sets_the_session() {
            let sent = send(client, &sql[statement.range.clone()]).await;
            sent.map_err(|(_, source)| Failure::SettingRefused {
                statement: index,
                source,
            })?;
        }
    }
    Ok(())
}
