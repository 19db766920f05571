//! `verify`: whether a database is what its revisions make. Programs that have their revisions embedded know that by
//! themselves; those of a directory, and an order that the build has not seen, are tried on a scratch PostgreSQL.

use serde_json::json;

use super::drift::Drift;
use super::reading::{Reading, number, place};
use super::scratch::{Model, Scratch};
use super::{CommandError, CompareError, Context, Verify, print, print_json};
use crate::catalog::{Catalog, Difference, Scope};
use crate::expected_schema::{ExpectedSchema, SchemaUnknown};
use crate::history::State;
use crate::migrator::{self, Migrator};
use crate::revisions::Revisions;

/// What was found.
struct Found<'a> {
    state: &'a State,
    difference: Difference,
    objects: usize,
    /// The PostgreSQL of the database.
    server: String,
    /// The PostgreSQL that made what is expected.
    made_by: Option<String>,
    /// Revisions that are not applied, although later ones are.
    late: Vec<i64>,
}

pub(super) async fn run(options: &Verify, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let mut client = context.connect().await?;
    refuse_under_way(&mut Migrator::new(&mut client, &revisions)).await?;
    let reading = Reading::begin(&client, place(context), &context.options).await?;
    let state = migrator::read_state(&client, &revisions).await?;
    if state.applied.is_empty() && revisions.is_empty() {
        return print("there is no revision, so there is nothing to compare\n");
    }
    if state.applied.is_empty() {
        return Err(CompareError::NothingApplied {
            place: place(context),
            search_path: reading.setting("search_path").await?,
            has_history: state.has_history,
            program: context.options.program.clone(),
        }
        .into());
    }
    refuse_undecided(&state, &revisions, context)?;
    let known = known(&state, &revisions)?;
    let scope = match &known {
        Some(known) => known.catalog.scope().clone(),
        None => scope(&revisions, context)?,
    };
    let found = reading.catalog(&scope).await?;
    let server = number(&reading.setting("server_version").await?);
    reading.end().await?;
    let mut migrator = Migrator::new(&mut client, &revisions);
    refuse_under_way(&mut migrator).await?;
    if migrator.state().await? != state {
        return Err(CompareError::Moved.into());
    }
    let expected = match known {
        Some(known) => known,
        None => tried(&state, &revisions, &scope, context).await?,
    };
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    let of_build = expected.server.as_deref().and_then(major);
    let (found, wanted) = match of_build.is_none() || of_build == major(&server) {
        true => (found, expected.catalog),
        // They write views in other words.
        false => (
            found.without_qualifiers(),
            expected.catalog.without_qualifiers(),
        ),
    };
    let found = Found {
        difference: found.difference(&wanted),
        objects: found.len(),
        server,
        made_by: expected.server,
        late: late(&state, &revisions),
        state: &state,
    };
    match options.json {
        true => print_json(&record(&found, context))?,
        false if is_as_it_should_be(&found) => print(&sentence(&found, context))?,
        false => {}
    }
    match is_as_it_should_be(&found) {
        true => Ok(()),
        false => Err(refusal(&found, &revisions, context).into()),
    }
}

async fn refuse_under_way(migrator: &mut Migrator<'_>) -> Result<(), CommandError> {
    match migrator.holder().await? {
        None => Ok(()),
        Some(holder) => Err(CompareError::UnderWay {
            holder: holder.to_string(),
        }
        .into()),
    }
}

/// Databases that have what no revision here leads to.
fn refuse_undecided(
    state: &State,
    revisions: &Revisions,
    context: &Context<'_>,
) -> Result<(), CompareError> {
    let program = || context.options.program.clone();
    if !state.unknown.is_empty() {
        let unknown = state.unknown.iter().map(|row| row.id).collect();
        return Err(CompareError::NewerRelease { unknown });
    }
    if let Some(interrupted) = state.interrupted.first() {
        return Err(CompareError::HalfDone {
            id: interrupted.id,
            undoing: interrupted.undoing,
            program: program(),
        });
    }
    match revisions.gap(|id| state.is_applied(id)) {
        None => Ok(()),
        Some((id, missing)) => Err(CompareError::Gap {
            id,
            missing,
            heads: heads(state, revisions),
            program: program(),
        }),
    }
}

/// What the applied revisions make, if the build has seen it.
fn known(state: &State, revisions: &Revisions) -> Result<Option<ExpectedSchema>, CompareError> {
    match revisions.expected_schema(|id| state.is_applied(id)) {
        Ok(expected) => Ok(Some(expected)),
        Err(SchemaUnknown::NotEmbedded | SchemaUnknown::OtherOrder { .. }) => Ok(None),
        Err(error) => Err(CompareError::Embedded(error)),
    }
}

/// How much is compared: as much as the build did, or else as the model says.
fn scope(revisions: &Revisions, context: &Context<'_>) -> Result<Scope, CompareError> {
    let embedded = revisions.embedded_scope();
    match embedded.map_err(CompareError::Embedded)? {
        Some(scope) => Ok(scope),
        None => Model::scope(&context.dir),
    }
}

/// What the applied revisions make, and no others, on a scratch PostgreSQL.
async fn tried(
    state: &State,
    revisions: &Revisions,
    scope: &Scope,
    context: &Context<'_>,
) -> Result<ExpectedSchema, CommandError> {
    let mut scratch = Scratch::start(scope).await?;
    let applied = revisions.only(|id| state.is_applied(id));
    let catalog: Result<Catalog, CommandError> = scratch.upgrade(&applied, "heads", context).await;
    let late = late(state, revisions);
    let catalog = match catalog {
        Ok(catalog) => catalog,
        Err(error) if late.is_empty() => return Err(error),
        Err(error) => {
            return Err(CompareError::NotWithout {
                late,
                heads: heads(state, revisions),
                reason: first_line(&error.to_string()),
                program: context.options.program.clone(),
            }
            .into());
        }
    };
    Ok(ExpectedSchema {
        catalog,
        server: Some(number(&scratch.version().await?)),
    })
}

/// What went wrong, without what to do about it: that is said of what is missing.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Where the database would be if the history lacked nothing.
fn heads(state: &State, revisions: &Revisions) -> Vec<i64> {
    let applied = state.applied.iter().map(|row| row.id);
    revisions.tips(&revisions.all_with_needs(applied))
}

/// The revisions that are not applied, although one is that needs them.
fn late(state: &State, revisions: &Revisions) -> Vec<i64> {
    let needed = revisions.all_with_needs(state.applied.iter().map(|row| row.id));
    let mut late: Vec<i64> = needed.into_iter().collect();
    late.retain(|&id| !state.is_applied(id));
    late
}

fn is_as_it_should_be(found: &Found<'_>) -> bool {
    found.difference.is_empty() && found.state.changed.is_empty()
}

fn record(found: &Found<'_>, context: &Context<'_>) -> serde_json::Value {
    let changed = found.state.changed.iter();
    let changed = changed.map(|it| json!({"id": it.id.to_string(), "path": it.path}));
    json!({
        "database": place(context),
        "applied": found.state.applied.len(),
        "pending": found.state.pending.len(),
        "objects": found.objects,
        "changed": changed.collect::<Vec<_>>(),
        "drift": found.difference.to_string().lines().collect::<Vec<_>>(),
        "server": found.server,
        "expected_by_server": found.made_by,
    })
}

fn sentence(found: &Found<'_>, context: &Context<'_>) -> String {
    let (applied, pending) = (found.state.applied.len(), found.state.pending.len());
    let pending = match pending {
        0 => String::new(),
        pending => format!("; {pending} pending"),
    };
    format!(
        "{} is what its revisions make: {applied} with their checksums, {} objects{pending}\n",
        place(context),
        found.objects
    )
}

fn refusal(found: &Found<'_>, revisions: &Revisions, context: &Context<'_>) -> CompareError {
    let changed = found.state.changed.iter().map(|it| it.path.clone());
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    let made_by = found.made_by.clone();
    let made_by = made_by.filter(|made_by| major(made_by) != major(&found.server));
    CompareError::Drift(Box::new(Drift {
        changed: changed.collect(),
        difference: found.difference.to_string(),
        pending: found.state.pending.len(),
        late: found.late.clone(),
        heads: heads(found.state, revisions),
        servers: made_by.map(|made_by| (made_by, found.server.clone())),
        program: context.options.program.clone(),
    }))
}
