//! What a database says of its revisions: the table `refinery_schema_history`.
//!
//! It is read with a query of our own, because refinery's driver panics on a row that it does not expect. What is
//! applied is written by refinery (`migrator/execute.rs`). The statements here are for what refinery does not do: undo,
//! declare as applied without running, and write a script for later.

use refinery_core::traits::r#async::AsyncMigrate;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row, SimpleQueryMessage, SimpleQueryRow};

use crate::revision::Revision;
use crate::revisions::Revisions;

/// refinery's table.
pub const HISTORY_TABLE: &str = "refinery_schema_history";

/// What is kept of a script that runs outside of a transaction, while it runs. It is not there at other times.
pub const PROGRESS_TABLE: &str = "refinery_schema_progress";

/// A row of the history, as it is found: whoever wrote it may have left things out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The version.
    pub id: i64,
    /// The name of the migration.
    pub name: Option<String>,
    /// When it was applied, as refinery writes it (RFC 3339).
    pub applied_on: Option<String>,
    /// refinery's checksum, a decimal number.
    pub checksum: Option<String>,
}

/// An applied revision whose file is not what was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The revision.
    pub id: i64,
    /// Its file.
    pub path: String,
    /// The name and the checksum that were applied.
    pub applied: (Option<String>, Option<String>),
    /// The name and the checksum of the file.
    pub found: (String, String),
}

/// Where a database is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The rows of the history, by version.
    pub applied: Vec<HistoryRow>,
    /// The revisions that are not applied, in the order in which they would be.
    pub pending: Vec<i64>,
    /// The rows of revisions that are not known here: a newer release has migrated.
    pub unknown: Vec<HistoryRow>,
    /// The applied revisions whose file has changed since.
    pub changed: Vec<Changed>,
    /// Scripts that run outside of a transaction and were not finished.
    pub interrupted: Vec<Interrupted>,
    /// Whether the history table is there.
    pub has_history: bool,
}

/// A script that runs outside of a transaction and was not finished: what stands of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// The revision.
    pub id: i64,
    /// Whether it was being undone.
    pub undoing: bool,
    /// How many of its statements are known to have been done. The one after them was under way.
    pub done: usize,
}

impl State {
    /// Whether the revision is applied.
    #[must_use]
    pub fn is_applied(&self, id: i64) -> bool {
        self.applied.binary_search_by_key(&id, |row| row.id).is_ok()
    }

    /// Whether a downgrade was interrupted, or is under way, in the middle of a script.
    #[must_use]
    pub fn is_half_undone(&self) -> bool {
        self.interrupted.iter().any(|it| it.undoing)
    }

    /// The applied revisions that no other applied one revises, then the unknown ones: where the database is.
    #[must_use]
    pub fn heads(&self, revisions: &Revisions) -> Vec<i64> {
        let known = self.applied.iter().map(|row| row.id);
        let known = known.filter(|&id| revisions.get(id).is_some()).collect();
        let mut heads = revisions.branch_tips(&known);
        heads.extend(self.unknown.iter().map(|row| row.id));
        heads
    }

    fn new(applied: Vec<HistoryRow>, has_history: bool, revisions: &Revisions) -> Self {
        let unknown = applied
            .iter()
            .filter(|row| revisions.get(row.id).is_none())
            .cloned()
            .collect();
        let changed = applied
            .iter()
            .filter_map(|row| {
                revisions
                    .get(row.id)
                    .and_then(|revision| change(row, revision))
            })
            .collect();
        let mut state = Self {
            applied,
            unknown,
            changed,
            has_history,
            pending: Vec::new(),
            interrupted: Vec::new(),
        };
        state.pending = revisions
            .iter()
            .map(Revision::id)
            .filter(|&id| !state.is_applied(id))
            .collect();
        state
    }
}

fn change(row: &HistoryRow, revision: &Revision) -> Option<Changed> {
    let checksum = row
        .checksum
        .as_ref()
        .and_then(|text| text.trim().parse::<u64>().ok());
    let same_name = row.name.as_deref() == Some(revision.name());
    if same_name && checksum.is_some_and(|checksum| revision.has_checksum(checksum)) {
        return None;
    }
    Some(Changed {
        id: row.id,
        path: revision.path().to_owned(),
        applied: (row.name.clone(), row.checksum.clone()),
        found: (revision.name().to_owned(), revision.checksum().to_string()),
    })
}

/// Reads the history; a database without the table has applied nothing. Writes nothing.
pub(crate) async fn read(
    client: &Client,
    revisions: &Revisions,
) -> Result<State, tokio_postgres::Error> {
    // The simple protocol: one round trip, and nothing is left prepared on the session.
    let tables = format!(
        "select to_regclass('{HISTORY_TABLE}'), to_regclass('{PROGRESS_TABLE}'), \
             (select min(quote_ident(n.nspname)) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
              where c.relname = '{HISTORY_TABLE}' and not has_schema_privilege(n.oid, 'usage') \
              and n.nspname = any (string_to_array(translate(current_setting('search_path'), ' \"', ''), ',')))"
    );
    let messages = client.simple_query(&tables).await?;
    let is_there = |column| rows(&messages).any(|row| row.try_get(column).ok().flatten().is_some());
    if !is_there(0) {
        // A schema that may not be entered is passed over in the search path: the history is there, and not seen.
        let hidden = rows(&messages).find_map(|row| row.try_get(2).ok().flatten());
        if let Some(schema) = hidden {
            let query = format!("select from {schema}.{HISTORY_TABLE} limit 0");
            client.simple_query(&query).await?;
        }
        return Ok(State::new(Vec::new(), false, revisions));
    }
    let query = format!(
        "select version, name, applied_on, checksum from {HISTORY_TABLE} \
         where version is not null order by version"
    );
    let messages = client.simple_query(&query).await?;
    let applied = rows(&messages).filter_map(history_row).collect();
    let mut state = State::new(applied, true, revisions);
    if is_there(1) {
        state.interrupted = match read_progress(client).await {
            // Whoever was at work has finished in the meantime.
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Vec::new(),
            progress => progress?,
        };
    }
    Ok(state)
}

/// The condition that a row of [`PROGRESS_TABLE`], called `row`, is of something that is still to be done: what somebody
/// has settled in the history by hand, or with refinery, is settled.
pub(crate) fn is_unsettled(row: &str, history: &str) -> String {
    format!(
        "({row}.undoing = exists (select from {history} done where done.version = {row}.version))"
    )
}

async fn read_progress(client: &Client) -> Result<Vec<Interrupted>, tokio_postgres::Error> {
    let query = format!(
        "select version, undoing, cardinality(done) from {PROGRESS_TABLE} it where {} order by version",
        is_unsettled("it", HISTORY_TABLE)
    );
    let rows = client.query(&query, &[]).await?;
    let interrupted = |row: &Row| {
        Ok(Interrupted {
            id: row.try_get(0)?,
            undoing: row.try_get(1)?,
            done: usize::try_from(row.try_get::<_, i32>(2)?).unwrap_or_default(),
        })
    };
    rows.iter().map(interrupted).collect()
}

/// The statement that makes the history table, as refinery makes it.
pub(crate) fn table_query() -> String {
    <Client as AsyncMigrate>::assert_migrations_table_query(HISTORY_TABLE)
}

/// The statement that writes the row of a revision; the time in it is that of its execution.
pub(crate) fn insert_query(revision: &Revision) -> String {
    format!(
        "insert into {HISTORY_TABLE} (version, name, applied_on, checksum) values ({}, '{}', \
         to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '{}')",
        revision.id(),
        revision.name(),
        revision.checksum()
    )
}

/// The statement that removes the row of a revision.
pub(crate) fn delete_query(id: i64) -> String {
    format!("delete from {HISTORY_TABLE} where version = {id}")
}

fn history_row(row: &SimpleQueryRow) -> Option<HistoryRow> {
    let text = |column| row.try_get(column).ok().flatten().map(str::to_owned);
    // The column is an integer, so this is one.
    let id = text(0)?.parse().ok()?;
    Some(HistoryRow {
        id,
        name: text(1),
        applied_on: text(2),
        checksum: text(3),
    })
}

/// The rows among the answers to a simple query.
pub(crate) fn rows(messages: &[SimpleQueryMessage]) -> impl Iterator<Item = &SimpleQueryRow> {
    messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}
