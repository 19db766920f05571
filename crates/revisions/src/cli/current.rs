//! `current`: where the database is.

use super::format::Entry;
use super::{CommandError, Context, Current, print};
use crate::migrator::Migrator;

pub(super) async fn run(options: &Current, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions.as_ref();
    let mut client = context.connect().await?;
    let state = Migrator::new(&mut client, revisions).state().await?;
    let mut text = String::new();
    if let (true, Some(url)) = (options.verbose, &context.url) {
        text.push_str(&format!("Current revision(s) for {url}:\n"));
    }
    let heads = state.heads(revisions);
    for &id in &heads {
        let Some(revision) = revisions.get(id) else {
            text.push_str(&format!("{id} (unknown)\n"));
            continue;
        };
        let entry = Entry {
            revision,
            revisions,
            is_current: false,
        };
        if !options.verbose {
            text.push_str(&format!("{}\n", entry.name()));
            continue;
        }
        let row = state.applied.iter().find(|row| row.id == id);
        let applied_on = row
            .and_then(|row| row.applied_on.as_deref())
            .unwrap_or("at an unknown time");
        text.push_str(&format!(
            "{}\n\n    Applied: {applied_on}\n\n",
            entry.paragraph()
        ));
    }
    print(&text)?;
    warn(&state, context);
    let at_head = state.pending.is_empty() && state.unknown.is_empty();
    if options.check_heads && !at_head {
        return Err(CommandError::NotAtHead {
            program: context.options.program.clone(),
        });
    }
    Ok(())
}

/// What a person should know who looks, although nothing has to be refused yet.
fn warn(state: &crate::State, context: &Context<'_>) {
    if !state.unknown.is_empty() {
        eprintln!(
            "warning: the database has revisions that are not known here: a newer release has migrated it"
        );
    }
    for changed in &state.changed {
        eprintln!(
            "warning: {}: was changed after it had been applied; `{} upgrade` will refuse it",
            changed.path, context.options.program
        );
    }
}
