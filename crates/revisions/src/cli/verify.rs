//! `verify`: whether a database is what its revisions make. Programs that have their revisions embedded know that by
//! themselves; those of a directory are tried on a scratch PostgreSQL.

use serde_json::json;
use tokio_postgres::Client;

use super::scratch::{Model, Scratch};
use super::{CommandError, CompareError, Context, Verify, print, print_json};
use crate::catalog::{Catalog, Difference, Scope};
use crate::expected_schema::SchemaUnknown;
use crate::history::State;
use crate::migrator::Migrator;
use crate::revisions::Revisions;

/// What was found.
struct Found<'a> {
    state: &'a State,
    difference: Difference,
    objects: usize,
    /// The PostgreSQL that made what is expected, and that of the database, if they are of different major versions.
    servers: Option<(String, String)>,
}

pub(super) async fn run(options: &Verify, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let mut client = context.connect().await?;
    let mut migrator = Migrator::new(&mut client, &revisions);
    let state = migrator.state().await?;
    if let Some(holder) = migrator.holder().await? {
        let holder = holder.to_string();
        return Err(CompareError::UnderWay { holder }.into());
    }
    let program = || context.options.program.clone();
    if !state.unknown.is_empty() {
        let unknown = state.unknown.iter().map(|row| row.id).collect();
        return Err(CompareError::NewerRelease { unknown }.into());
    }
    if let Some(interrupted) = state.interrupted.first() {
        let (id, undoing) = (interrupted.id, interrupted.undoing);
        return Err(CompareError::HalfDone {
            id,
            undoing,
            program: program(),
        }
        .into());
    }
    let (expected, made_by) = expected(&state, &revisions, context).await?;
    let found = read(&client, expected.scope(), context).await?;
    let (version, objects) = (server_version(&client, context).await?, found.len());
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    let found = Found {
        state: &state,
        difference: match state.applied.is_empty() {
            // Whatever else is in it, no revision is to blame.
            true => Difference {
                changes: Vec::new(),
            },
            false => found.difference(&expected),
        },
        objects,
        servers: made_by
            .filter(|made_by| major(made_by) != major(&version))
            .map(|made_by| (made_by, version)),
    };
    match options.json {
        true => print_json(&record(&found, context))?,
        false if is_as_it_should_be(&found) => print(&sentence(&found, context))?,
        false => {}
    }
    match is_as_it_should_be(&found) {
        true => Ok(()),
        false => Err(refusal(&found, program()).into()),
    }
}

/// What the applied revisions make, and the PostgreSQL that was seen to do so, if that was not the build's own just now.
async fn expected(
    state: &State,
    revisions: &Revisions,
    context: &Context<'_>,
) -> Result<(Catalog, Option<String>), CommandError> {
    match revisions.expected_schema(|id| state.is_applied(id)) {
        Ok(expected) => return Ok((expected.catalog, expected.server)),
        Err(error @ SchemaUnknown::Unreadable { .. }) => {
            return Err(CompareError::Embedded(error).into());
        }
        Err(SchemaUnknown::NotEmbedded | SchemaUnknown::OtherOrder { .. }) => {}
    }
    let mut scratch = Scratch::start(&Model::scope(&context.dir)?).await?;
    for head in state.heads(revisions) {
        scratch
            .upgrade(revisions, &head.to_string(), context)
            .await?;
    }
    let version = server_version(&scratch.client, context).await?;
    Ok((scratch.read().await?, Some(version)))
}

async fn read(
    client: &Client,
    scope: &Scope,
    context: &Context<'_>,
) -> Result<Catalog, CompareError> {
    Catalog::read_with(client, scope)
        .await
        .map_err(|error| lost(error, context))
}

/// Such as `15.18`; distributions add a name of their own.
async fn server_version(client: &Client, context: &Context<'_>) -> Result<String, CompareError> {
    let query = "select split_part(current_setting('server_version'), ' ', 1)";
    let asked = client.query_one(query, &[]).await;
    let version = asked.and_then(|row| row.try_get(0));
    version.map_err(|error| lost(error, context))
}

fn lost(source: tokio_postgres::Error, context: &Context<'_>) -> CompareError {
    let place = context.url.as_ref().map(ToString::to_string);
    CompareError::Lost {
        place: place.unwrap_or_default(),
        source,
    }
}

fn is_as_it_should_be(found: &Found<'_>) -> bool {
    found.difference.is_empty() && found.state.changed.is_empty()
}

fn record(found: &Found<'_>, context: &Context<'_>) -> serde_json::Value {
    let changed = found.state.changed.iter();
    let changed = changed.map(|it| json!({"id": it.id.to_string(), "path": it.path}));
    json!({
        "database": context.url.as_ref().map(ToString::to_string),
        "applied": found.state.applied.len(),
        "pending": found.state.pending.len(),
        "objects": found.objects,
        "changed": changed.collect::<Vec<_>>(),
        "drift": found.difference.to_string().lines().collect::<Vec<_>>(),
    })
}

fn sentence(found: &Found<'_>, context: &Context<'_>) -> String {
    let (applied, pending) = (found.state.applied.len(), found.state.pending.len());
    let database = context.url.as_ref().map(ToString::to_string);
    let database = database.unwrap_or_default();
    if applied == 0 {
        return format!("{database}: no revision is applied, so there is nothing to compare\n");
    }
    let pending = match pending {
        0 => String::new(),
        pending => format!("; {pending} pending"),
    };
    format!(
        "{database} is what its revisions make: {applied} with their checksums, {} objects{pending}\n",
        found.objects
    )
}

fn refusal(found: &Found<'_>, program: String) -> CompareError {
    CompareError::Drift {
        changed: found
            .state
            .changed
            .iter()
            .map(|it| it.path.clone())
            .collect(),
        difference: found.difference.to_string(),
        servers: found.servers.clone(),
        program,
    }
}
