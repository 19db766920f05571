//! `current`: where the database is.

use super::format::Catalogue;
use super::{CommandError, Context, Current, head_or_heads, note, print, print_json};
use crate::migrator::Holder;
use crate::{Revisions, State};

pub(super) async fn run(options: &Current, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let (state, holder) = context.look(&revisions).await?;
    if options.json {
        print_json(&records(&state, &revisions))?;
    } else {
        print(&text(options, context, &state, &revisions))?;
    }
    warn(&state, holder.as_ref(), context);
    let at_head = state.pending.is_empty() && state.unknown.is_empty();
    if options.check_heads && !at_head {
        return Err(CommandError::NotAtHead {
            target: head_or_heads(&revisions),
            program: context.options.program.clone(),
        });
    }
    Ok(())
}

fn records<'s>(state: &'s State, revisions: &'s Revisions) -> Vec<serde_json::Value> {
    let mut catalogue = Catalogue::new(revisions);
    catalogue.current = state.heads(revisions);
    let record = |&id: &i64| match revisions.get(id) {
        Some(revision) => {
            let mut record = catalogue.record(revision);
            record.applied_on = applied_on(state, id);
            serde_json::json!(record)
        }
        None => {
            serde_json::json!({"id": id.to_string(), "applied_on": applied_on(state, id), "unknown": true})
        }
    };
    catalogue.current.iter().map(record).collect()
}

fn text(options: &Current, context: &Context<'_>, state: &State, revisions: &Revisions) -> String {
    let mut text = String::new();
    if let (true, Some(url)) = (options.verbose, &context.url) {
        text.push_str(&format!("Current revision(s) for {url}:\n"));
    }
    let catalogue = Catalogue::new(revisions);
    for id in state.heads(revisions) {
        let Some(revision) = revisions.get(id) else {
            text.push_str(&format!("{id} (unknown)\n"));
            continue;
        };
        if options.verbose {
            text.push_str(&format!(
                "{}\n\n    Applied: {}\n\n",
                catalogue.paragraph(revision),
                applied_on(state, id).unwrap_or("at an unknown time")
            ));
        } else {
            text.push_str(&format!("{}\n", catalogue.name(revision)));
        }
    }
    text
}

fn applied_on(state: &State, id: i64) -> Option<&str> {
    let row = state.applied.iter().find(|row| row.id == id)?;
    row.applied_on.as_deref()
}

/// What a person should know who looks, although nothing has to be refused yet.
fn warn(state: &State, holder: Option<&Holder>, context: &Context<'_>) {
    if !state.unknown.is_empty() {
        note(
            "warning: the database has revisions that are not known here: a newer release has migrated it",
        );
    }
    for changed in &state.changed {
        note(&format!(
            "warning: {}: was changed after it had been applied; `{} upgrade head` will refuse it",
            changed.path, context.options.program
        ));
    }
    for interrupted in &state.interrupted {
        let program = &context.options.program;
        let (doing, command) = match interrupted.undoing {
            true => ("undoing", format!("`{program} downgrade -1`")),
            false => ("applying", format!("`{program} upgrade head`")),
        };
        if let Some(holder) = holder {
            note(&format!(
                "{doing} {} is under way, after {} of its statements: {holder}",
                interrupted.id, interrupted.done
            ));
            continue;
        }
        note(&format!(
            "warning: {doing} {} was interrupted after {} of its statements; {command} goes on with it",
            interrupted.id, interrupted.done,
        ));
    }
}
