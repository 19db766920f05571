//! `stamp` and `ensure-version`: the history written, nothing run.

use super::{CommandError, Context, EnsureVersion, Stamp, note, print};
use crate::history::table_query;
use crate::migrator::{Event, Migrator};
use crate::offline::Offline;

pub(super) async fn stamp(options: &Stamp, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    if options.sql {
        let offline = Offline::new(&revisions, &context.options);
        let ranged = options.revisions.iter().any(|it| it.contains(':'));
        let script = match &options.revisions[..] {
            [range] if ranged => {
                let (start, target) = range.split_once(':').unwrap_or(("", range));
                offline.stamp(Some(start), &[target.to_owned()])?
            }
            _ if ranged => {
                return Err(CommandError::SeveralRanges);
            }
            targets => offline.stamp(None, targets)?,
        };
        return print(&script);
    }
    let mut client = context.connect().await?;
    let mut listener = waiting;
    let stamped = Migrator::new(&mut client, &revisions)
        .options(context.options.clone())
        .on_event(&mut listener)
        .stamp(&options.revisions, options.purge)
        .await?;
    let heads: Vec<String> = stamped.heads.iter().map(i64::to_string).collect();
    let place = match heads.as_slice() {
        [] => "the base".to_owned(),
        heads => heads.join(", "),
    };
    print(&format!(
        "the database is declared to be at {place}: {} added to the history, {} removed\n",
        revisions_text(stamped.added.len()),
        stamped.removed.len()
    ))
}

pub(super) async fn ensure_version(
    options: &EnsureVersion,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    if options.sql {
        return print(&format!("{}\n", table_query()));
    }
    let revisions = context.revisions()?;
    let mut client = context.connect().await?;
    let mut listener = waiting;
    let mut migrator = Migrator::new(&mut client, &revisions)
        .options(context.options.clone())
        .on_event(&mut listener);
    Ok(migrator.ensure_history().await?)
}

fn revisions_text(count: usize) -> String {
    match count {
        1 => "1 revision".to_owned(),
        count => format!("{count} revisions"),
    }
}

fn waiting(event: Event<'_>) {
    if let Event::Waiting(holder) = event {
        note(&format!("waiting for another migrator: {holder}"));
    }
}
