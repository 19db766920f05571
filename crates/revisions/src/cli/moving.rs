//! `upgrade` and `downgrade`: the database brought to another revision.

use std::time::Duration;

use super::{CommandError, Context, Downgrade, Upgrade, print};
use crate::migrator::{Event, Migrator};

pub(super) async fn upgrade(options: &Upgrade, context: &Context<'_>) -> Result<(), CommandError> {
    let mut client = context.connect().await?;
    let mut listener = |event: Event<'_>| tell(&event);
    let mut migrator = Migrator::new(&mut client, &context.revisions)
        .options(context.options.clone())
        .on_event(&mut listener);
    let applied = migrator.upgrade(&options.revision).await?;
    if applied.is_empty() {
        let state = migrator.state().await?;
        return print(&nothing_to_do(context, &state, "apply"));
    }
    Ok(())
}

pub(super) async fn downgrade(
    options: &Downgrade,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let mut client = context.connect().await?;
    let mut listener = |event: Event<'_>| tell(&event);
    let mut migrator = Migrator::new(&mut client, &context.revisions)
        .options(context.options.clone())
        .on_event(&mut listener);
    let undone = migrator.downgrade(&options.revision).await?;
    if undone.is_empty() {
        let state = migrator.state().await?;
        return print(&nothing_to_do(context, &state, "undo"));
    }
    Ok(())
}

fn nothing_to_do(context: &Context<'_>, state: &crate::State, verb: &str) -> String {
    let heads = state.heads(&context.revisions);
    let heads: Vec<String> = heads.iter().map(i64::to_string).collect();
    if heads.is_empty() {
        format!("nothing to {verb}: no revision is applied\n")
    } else {
        format!(
            "nothing to {verb}: the database is at {}\n",
            heads.join(", ")
        )
    }
}

/// Says what happens when it happens, so that what was done before a failure has been said.
fn tell(event: &Event<'_>) {
    let done = match event {
        Event::Waiting(holder) => {
            eprintln!("waiting for another migrator: {holder}");
            return;
        }
        Event::Applying(revision) => {
            eprintln!("applying {}, {}", revision.id(), revision.message());
            return;
        }
        Event::Undoing(revision) => {
            eprintln!("undoing {}, {}", revision.id(), revision.message());
            return;
        }
        Event::Retrying {
            revision,
            attempt,
            attempts,
            delay,
        } => {
            eprintln!(
                "{} did not get its locks, and was rolled back (attempt {attempt} of {attempts}); \
                 the next in {}",
                revision.id(),
                readable(*delay)
            );
            return;
        }
        Event::Applied(done) => {
            format!(
                "applied {}, {} ({})\n",
                done.id,
                done.message,
                readable(done.duration)
            )
        }
        Event::Undone(done) => {
            format!(
                "undone {}, {} ({})\n",
                done.id,
                done.message,
                readable(done.duration)
            )
        }
    };
    // A closed output does not stop a migration.
    let _ = print(&done);
}

fn readable(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}
