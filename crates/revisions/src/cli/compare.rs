//! `check`, `diff` and `snapshot`: schemas compared, and shown.

use std::path::Path;

use super::scratch::{Model, Scratch};
use super::{Check, Diff, Snapshot};
use super::{CommandError, CompareError, Context, print, print_json, writing};
use crate::catalog::{Catalog, Difference, Scope};
use crate::database::DatabaseUrl;
use crate::generate::{Step, steps};
use crate::names::Name;
use crate::revisions::Revisions;

/// Fails unless the model and the migrations agree, and the database too, if there is one.
pub(super) async fn check(options: &Check, context: &Context<'_>) -> Result<(), CommandError> {
    let program = &context.options.program;
    writing::read_source(context)?;
    let revisions = Revisions::read(&context.dir)?;
    let mut model = Model::read(&context.dir)?;
    model.scope.privileges |= options.privileges;
    let mut scratch = Scratch::start(&model.scope).await?;
    let wanted = scratch.model(&model).await?;
    let migrated = match revisions.is_empty() {
        true => scratch.read().await?,
        false => scratch.upgrade(&revisions, "head", context).await?,
    };
    let help = format!(
        "`{program} revision --autogenerate -m \"Describe the change\"` writes what the migrations lack; or correct the model"
    );
    agree(
        "the model and the migrations disagree: the migrations would have to change so",
        &migrated,
        &wanted,
        help,
    )?;
    let Some(url) = &context.url else {
        return print("the model and the migrations agree\n");
    };
    let found = of_database(url, &model.scope, context).await?;
    let help = format!(
        "`{program} upgrade head` applies what is pending; what was changed in the database by hand has to become a revision, or be undone"
    );
    agree(
        "the database and the migrations disagree: the database would have to change so",
        &found,
        &migrated,
        help,
    )?;
    print("the model, the migrations and the database agree\n")
}

fn agree(what: &str, found: &Catalog, wanted: &Catalog, help: String) -> Result<(), CompareError> {
    let difference = found.difference(wanted);
    match difference.is_empty() {
        true => Ok(()),
        false => Err(CompareError::Disagree {
            what: what.to_owned(),
            difference: difference.to_string(),
            help,
        }),
    }
}

pub(super) async fn diff(options: &Diff, context: &Context<'_>) -> Result<(), CommandError> {
    let scope = scope(options.privileges, context)?;
    let found = of(&options.from, &scope, context).await?;
    let wanted = of(&options.to, &scope, context).await?;
    let difference: Difference = found.difference(&wanted);
    if options.sql {
        let steps = steps(&found, &wanted);
        return print(&steps.iter().map(shown).collect::<String>());
    }
    match difference.is_empty() {
        true => print("no difference\n"),
        false => print(&format!("{difference}\n")),
    }
}

fn shown(step: &Step) -> String {
    format!("{}{}{}\n", step.remarks(), step.effects(), step.sql)
}

pub(super) async fn snapshot(
    options: &Snapshot,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let scope = scope(options.privileges, context)?;
    let catalog = match (&options.from, &context.url) {
        (Some(from), _) => of(from, &scope, context).await?,
        (None, Some(url)) => of_database(url, &scope, context).await?,
        (None, None) => return Err(CommandError::NoDatabase),
    };
    print_json(&catalog)
}

/// What the model says about privileges and roles, if there is one, and what is asked for besides.
pub(super) fn scope(privileges: bool, context: &Context<'_>) -> Result<Scope, CompareError> {
    let mut scope = Model::scope(&context.dir)?;
    scope.privileges |= privileges;
    Ok(scope)
}

/// The schema of a place: `model`, a file, a database or a revision. One after the other, each with a server of its own,
/// since there may be one connection only.
pub(super) async fn of(
    place: &str,
    scope: &Scope,
    context: &Context<'_>,
) -> Result<Catalog, CommandError> {
    if place == "model" {
        let model = Model::read(&context.dir)?;
        return Ok(Scratch::start(scope).await?.model(&model).await?);
    }
    if place.contains("://") {
        return of_database(&DatabaseUrl::parse(place)?, scope, context).await;
    }
    let file = Path::new(place);
    if file
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        let refuse = |problem: String| CompareError::NoSnapshot {
            path: file.to_owned(),
            problem,
            program: context.options.program.clone(),
        };
        let text = std::fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
        return Ok(serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?);
    }
    let revisions = writing::read_source(context)?;
    let names = writing::names(&revisions, writing::A_PARENT, context);
    let id = names.one(&Name::parse(place))?;
    let mut scratch = Scratch::start(scope).await?;
    match id {
        Some(id) => scratch.upgrade(&revisions, &id.to_string(), context).await,
        None => Ok(scratch.read().await?),
    }
}

async fn of_database(
    url: &DatabaseUrl,
    scope: &Scope,
    context: &Context<'_>,
) -> Result<Catalog, CommandError> {
    let client = url.connect(&context.options.program).await?;
    let read = Catalog::read_with(&client, scope).await;
    Ok(read.map_err(|source| CompareError::Lost {
        place: url.to_string(),
        source,
    })?)
}
