//! `status`: what is applied and what is pending, on one page; it fails if something is to be done.

use serde_json::json;

use super::format::strings;
use super::{CommandError, Context, Status, head_or_heads, note, print, print_json, style};
use crate::migrator::Holder;
use crate::{Revisions, State};

pub(super) async fn run(options: &Status, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let (state, holder) = context.look(&revisions).await?;
    if options.json {
        print_json(&record(context, &state, holder.as_ref(), &revisions))?;
    } else {
        print(&page(context, &state, holder.as_ref(), &revisions))?;
    }
    if !state.unknown.is_empty() {
        note(
            "warning: the database has revisions that are not known here: a newer release has migrated it, and only that \
             release can change its schema",
        );
    }
    // What is under way, its own process finishes.
    let interrupted = match holder {
        Some(_) => &[][..],
        None => &state.interrupted,
    };
    let is_settled = state.pending.is_empty() && state.changed.is_empty() && interrupted.is_empty();
    if is_settled {
        return Ok(());
    }
    Err(CommandError::Behind {
        pending: state.pending.len(),
        changed: state.changed.len(),
        interrupted: interrupted.len(),
        half_undone: interrupted.iter().any(|it| it.undoing),
        target: head_or_heads(&revisions),
        program: context.options.program.clone(),
    })
}

fn record(
    context: &Context<'_>,
    state: &State,
    holder: Option<&Holder>,
    revisions: &Revisions,
) -> serde_json::Value {
    let applied = state.applied.iter().map(|row| {
        json!({
            "id": row.id.to_string(),
            "message": revisions.get(row.id).map(|revision| revision.message()),
            "applied_on": row.applied_on,
            "unknown": revisions.get(row.id).is_none(),
            "changed": state.changed.iter().any(|changed| changed.id == row.id),
        })
    });
    let pending = state.pending.iter().filter_map(|&id| revisions.get(id));
    let pending = pending.map(|revision| {
        json!({
            "id": revision.id().to_string(),
            "message": revision.message(),
            "path": revision.path(),
        })
    });
    let interrupted = state.interrupted.iter().map(
        |it| json!({"id": it.id.to_string(), "undoing": it.undoing, "statements_done": it.done}),
    );
    let unfinished: Vec<_> = interrupted.collect();
    let (interrupted, under_way) = match holder {
        Some(holder) => (
            Vec::new(),
            json!({"process": holder.pid, "holder": holder.to_string(), "scripts": unfinished}),
        ),
        None => (unfinished, serde_json::Value::Null),
    };
    json!({
        "database": context.url.as_ref().map(ToString::to_string),
        "current": strings(&state.heads(revisions)),
        "applied": applied.collect::<Vec<_>>(),
        "pending": pending.collect::<Vec<_>>(),
        "interrupted": interrupted,
        "under_way": under_way,
    })
}

/// The newest applied revisions that are shown; `history -i` lists all.
const SHOWN: usize = 5;

fn page(
    context: &Context<'_>,
    state: &State,
    holder: Option<&Holder>,
    revisions: &Revisions,
) -> String {
    let mut lines = Vec::new();
    if let Some(url) = &context.url {
        lines.push(format!("database  {url}"));
    }
    lines.push(format!(
        "history   {} applied, {} pending",
        state.applied.len(),
        state.pending.len()
    ));
    if let Some(holder) = holder {
        lines.push(format!("under way: {holder}"));
    }
    let mut table = Table::default();
    let hidden = state.applied.len().saturating_sub(SHOWN);
    if hidden > 0 {
        table.row(style::aside("…"), "", "", &format!("and {hidden} before"));
    }
    let standing = |id: i64, message: &str| match state.interrupted.iter().find(|it| it.id == id) {
        Some(it) => {
            let doing = match (it.undoing, holder) {
                (true, None) => "undoing it was interrupted",
                (false, None) => "interrupted",
                (true, Some(_)) => "undoing it is under way,",
                (false, Some(_)) => "under way,",
            };
            format!("{message} ({doing} after {} of its statements)", it.done)
        }
        None => message.to_owned(),
    };
    for row in &state.applied[hidden..] {
        let revision = revisions.get(row.id);
        let changed = state.changed.iter().any(|changed| changed.id == row.id);
        let word = match (revision, changed) {
            (None, _) => style::alarm("unknown"),
            (Some(_), true) => style::alarm("changed"),
            (Some(_), false) => style::good("applied"),
        };
        let message = match (revision, &row.name) {
            (Some(revision), _) => revision.message(),
            (None, Some(name)) => name,
            (None, None) => "",
        };
        table.row(
            word,
            &row.id.to_string(),
            &when(row.applied_on.as_deref()),
            &standing(row.id, message),
        );
    }
    for revision in state.pending.iter().filter_map(|&id| revisions.get(id)) {
        let message = standing(revision.id(), revision.message());
        table.row(
            style::here("pending"),
            &revision.id().to_string(),
            "",
            &message,
        );
    }
    lines.extend(table.lines());
    lines.join("\n") + "\n"
}

/// The time of a row to the second, as a person reads it.
fn when(applied_on: Option<&str>) -> String {
    let text = applied_on.unwrap_or_default();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => text.to_owned(),
    }
}

/// Rows in columns.
#[derive(Default)]
struct Table(Vec<[String; 4]>);

impl Table {
    fn row(&mut self, word: String, id: &str, when: &str, message: &str) {
        self.0
            .push([word, id.to_owned(), when.to_owned(), message.to_owned()]);
    }

    fn lines(&self) -> Vec<String> {
        let width = |column: usize| {
            self.0
                .iter()
                .map(|row| row[column].len())
                .max()
                .unwrap_or(0)
        };
        let (id_width, when_width) = (width(1), width(2));
        let line = |[word, id, when, message]: &[String; 4]| {
            let id = style::id(format!("{id:<id_width$}"));
            format!("  {word}  {id}  {when:<when_width$}  {message}")
        };
        self.0.iter().map(line).collect()
    }
}
