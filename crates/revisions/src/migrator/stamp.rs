//! Declaring where a database is, without running anything: rows of the history written and removed, together.

use std::collections::BTreeSet;

use crate::State;
use crate::history::{HISTORY_TABLE, PROGRESS_TABLE, delete_query, insert_query, table_query};
use crate::migrator::error::Error;
use crate::migrator::options::Stamped;
use crate::migrator::run::Run;
use crate::migrator::session::Session;
use crate::migrator::{plan, read_state};
use crate::position::Position;
use crate::revision::Revision;

impl Run<'_, '_> {
    pub(crate) async fn stamp(
        &mut self,
        session: &mut Session<'_>,
        targets: &[String],
        purge: bool,
    ) -> Result<Stamped, Error> {
        let state = read_state(session.client, self.revisions).await?;
        let program = &self.options.program;
        let position = match purge {
            true => Position::new(self.revisions, [], program),
            false => {
                plan::refuse_foreign(&state)?;
                plan::position(self.revisions, &state, program)
            }
        };
        let wanted = position.stamp(targets)?;
        let before: BTreeSet<i64> = state.applied.iter().map(|row| row.id).collect();
        let mut statements = vec![table_query()];
        if purge {
            statements.push(format!("delete from {HISTORY_TABLE}"));
        }
        let removed = before.difference(&wanted).copied();
        statements.extend(removed.clone().filter(|_| !purge).map(delete_query));
        let is_new = |revision: &&Revision| {
            let id = revision.id();
            wanted.contains(&id) && (purge || !position.applied().contains(&id))
        };
        statements.extend(self.revisions.iter().filter(is_new).map(insert_query));
        statements.push(forget_progress(&state, &wanted, purge));
        // One transaction: PostgreSQL takes all that is sent at once for one.
        let sent = session.client.batch_execute(&statements.join(";\n")).await;
        sent.map_err(|source| Error::History {
            doing: "stamping".to_owned(),
            source,
        })?;
        let stamped = Stamped {
            added: wanted.difference(&before).copied().collect(),
            removed: removed.collect(),
            heads: self.revisions.tips(&wanted),
        };
        tracing::info!(?stamped, "stamped");
        Ok(stamped)
    }
}

/// Whoever declares where the database is has also dealt with what was interrupted on the way there.
fn forget_progress(state: &State, wanted: &BTreeSet<i64>, purge: bool) -> String {
    let settled = |id: i64, undoing: bool| purge || wanted.contains(&id) != undoing;
    let interrupted = &state.interrupted;
    let left = interrupted.iter().filter(|it| !settled(it.id, it.undoing));
    match left.map(|it| it.id.to_string()).collect::<Vec<_>>() {
        none if none.is_empty() => format!("drop table if exists {PROGRESS_TABLE}"),
        left => format!(
            "delete from {PROGRESS_TABLE} where version not in ({})",
            left.join(", ")
        ),
    }
}
