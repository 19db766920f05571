//! `upgrade`, `downgrade` and `redo`: the database brought to another revision, or a script that does it.

use super::progress::Progress;
use super::{CommandError, Context, Downgrade, Redo, Upgrade, backup, note, print};
use crate::migrator::Migrator;
use crate::offline::Offline;
use crate::revisions::Revisions;

pub(super) async fn upgrade(options: &Upgrade, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    if options.sql {
        let (start, target) = match options.revision.split_once(':') {
            Some((start, target)) => (Some(start), target),
            None => (None, options.revision.as_str()),
        };
        return print(&Offline::new(&revisions, &context.options).upgrade(start, target)?);
    }
    let mut client = match options.create_database {
        true => {
            let (client, created) = context.connect_or_create().await?;
            if created {
                note("created the database");
            }
            client
        }
        false => context.connect().await?,
    };
    let mut migrator = Migrator::new(&mut client, &revisions).options(context.options.clone());
    let plan = migrator.plan_upgrade(&options.revision).await?;
    let planned = plan.len();
    let state = migrator.state().await?;
    if planned == 0 && !state.is_half_undone() {
        return print(&nothing_to_do(
            &revisions,
            &state.heads(&revisions),
            "apply",
        ));
    }
    if let (Some(dir), Some(url)) = (&options.backup, &context.url) {
        let heads = state.heads(&revisions);
        let (place, url, dir) = (migrator.whereabouts().await?, url.clone(), dir.clone());
        let written = move || backup::write(&url, &place, &dir, &heads);
        let file = tokio::task::spawn_blocking(written)
            .await
            .map_err(std::io::Error::other)??;
        note(&format!("backed up to {}", file.display()));
    }
    let mut progress = Progress::new(planned, options.dry_run, context.quiet);
    let mut listener = |event: crate::Event<'_>| progress.tell(&event);
    let mut migrator = migrator.planned(&plan).on_event(&mut listener);
    if options.dry_run {
        let tried = migrator.dry_run(&options.revision).await?.len();
        drop(migrator);
        progress.finish();
        return print(&format!(
            "rolled back: {tried} of {planned} revisions were tried, and would be applied\n"
        ));
    }
    migrator.upgrade(&options.revision).await?;
    Ok(())
}

pub(super) async fn downgrade(
    options: &Downgrade,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    if options.sql {
        let Some((start, target)) = options.revision.split_once(':') else {
            return Err(CommandError::NoStart {
                target: options.revision.clone(),
            });
        };
        return print(&Offline::new(&revisions, &context.options).downgrade(start, target)?);
    }
    let mut client = context.connect().await?;
    let mut migrator = Migrator::new(&mut client, &revisions).options(context.options.clone());
    let planned = migrator.plan_downgrade(&options.revision).await?.len();
    if planned == 0 {
        let state = migrator.state().await?;
        return print(&nothing_to_do(&revisions, &state.heads(&revisions), "undo"));
    }
    let mut progress = Progress::new(planned, false, context.quiet);
    let mut listener = |event: crate::Event<'_>| progress.tell(&event);
    migrator
        .on_event(&mut listener)
        .downgrade(&options.revision)
        .await?;
    Ok(())
}

pub(super) async fn redo(options: &Redo, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let mut client = context.connect().await?;
    let mut migrator = Migrator::new(&mut client, &revisions).options(context.options.clone());
    let planned = migrator.plan_redo(options.revision.as_deref()).await?.len();
    if planned == 0 {
        return print(&nothing_to_do(&revisions, &[], "undo"));
    }
    let mut progress = Progress::new(2 * planned, false, context.quiet);
    let mut listener = |event: crate::Event<'_>| progress.tell(&event);
    let mut migrator = migrator.on_event(&mut listener);
    migrator.redo(options.revision.as_deref()).await?;
    Ok(())
}

fn nothing_to_do(revisions: &Revisions, heads: &[i64], verb: &str) -> String {
    let heads: Vec<String> = heads.iter().map(i64::to_string).collect();
    if revisions.is_empty() {
        format!("nothing to {verb}: there are no revisions\n")
    } else if heads.is_empty() {
        format!("nothing to {verb}: no revision is applied\n")
    } else {
        format!(
            "nothing to {verb}: the database is at {}\n",
            heads.join(", ")
        )
    }
}
