//! Proves the migrations on the scratch database: each can be applied, undone and applied again, and what all of them
//! make is the model. The database is left as the migrations make it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use revisions::catalog::{Catalog, Changes, Difference, Follower, Patch, Scope};
use revisions::{Down, Migrator, Revision, Revisions, SourceError, command_line, model_text};

use crate::error::{Error, Problem};
use crate::scratch::Scratch;

/// The model, a file of SQL.
pub(crate) struct Model {
    /// The file, as messages name it.
    pub(crate) path: String,
    /// Its text.
    pub(crate) sql: String,
    /// What it says about privileges and roles.
    pub(crate) scope: Scope,
    /// The directory of the migrations, if a command has to name it.
    pub(crate) directory: Option<PathBuf>,
}

impl Model {
    /// `schema.sql` of the directory of the migrations, if there is one.
    pub(crate) fn read(
        migrations: &Path,
        name: &str,
        directory: Option<PathBuf>,
    ) -> Result<Option<Self>, Error> {
        let file = migrations.join("schema.sql");
        if !file.exists() {
            return Ok(None);
        }
        let sql = std::fs::read(&file).map_err(Error::io(&file))?;
        let path = format!("{name}/schema.sql");
        let refused = |problem| Error::refused(vec![Problem::Source(problem)]);
        let sql = String::from_utf8(sql);
        let sql = sql.map_err(|error| refused(SourceError::not_utf8(&path, &error).into()))?;
        let sql = model_text(&path, &sql).map_err(refused)?;
        let scope = Scope::of_model(&path, &sql).map_err(refused)?;
        Ok(Some(Self {
            path,
            sql,
            scope,
            directory,
        }))
    }
}

/// What was seen of migrations that are proved.
#[derive(Default)]
pub(crate) struct Proof {
    /// What each revision changes in the schema.
    pub(crate) patches: BTreeMap<i64, Patch>,
    /// How much of the schema was read.
    scope: Scope,
}

/// What was seen, or what is wrong with the migrations.
pub(crate) fn prove(
    scratch: &mut Scratch,
    revisions: &Revisions,
    model: Option<&Model>,
) -> Result<Result<Proof, Problem>, Error> {
    let mut proof = Proof {
        scope: model.map(|model| model.scope.clone()).unwrap_or_default(),
        ..Proof::default()
    };
    scratch.make_roles(&proof.scope.roles)?;
    let done = prove_into(&mut proof, scratch, revisions, model)?;
    Ok(done.map(|()| proof))
}

fn prove_into(
    proof: &mut Proof,
    scratch: &mut Scratch,
    revisions: &Revisions,
    model: Option<&Model>,
) -> Result<Result<(), Problem>, Error> {
    let all: Vec<&Revision> = revisions.iter().collect();
    let server = scratch.version()?;
    let mut schema = scratch.follow(&proof.scope)?;
    look(scratch, &mut schema)?;
    let mut wanted = None;
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let is_first = rest.len() == all.len();
        // A stretch that can be undone, and what cannot be undone after it.
        let reversible = rest.iter().take_while(|it| is_reversible(it)).count();
        let (stretch, others) = rest.split_at(reversible);
        let irreversible = others.iter().take_while(|it| !is_reversible(it)).count();
        let (final_ones, next) = others.split_at(irreversible);
        let after = match there_and_back(proof, scratch, &mut schema, revisions, stretch, &server)?
        {
            Ok(after) => after,
            Err(problem) => return Ok(Err(problem)),
        };
        if let Some(model) = model.filter(|_| is_first && reversible > 0) {
            // The database is empty again: the model can be loaded into it, and be rolled back.
            wanted = Some(load(scratch, model)?);
        }
        if let Err(problem) = apply_again(scratch, revisions, stretch) {
            return Ok(Err(problem));
        }
        look(scratch, &mut schema)?;
        if *schema.catalog() != after {
            return Ok(Err(not_the_same_again(stretch, &after, schema.catalog())));
        }
        for revision in final_ones {
            if let Err(problem) = apply(scratch, revisions, revision) {
                return Ok(Err(problem));
            }
            let changes = look(scratch, &mut schema)?;
            proof.saw(revision, &changes, &schema, &server);
        }
        rest = next;
    }
    let Some(model) = model else {
        return Ok(Ok(()));
    };
    let wanted = match wanted {
        Some(wanted) => wanted,
        // There was no moment when the database was empty.
        None => load(&scratch.another()?, model)?,
    };
    Ok(wanted.and_then(|wanted| compare(model, schema.catalog(), &wanted)))
}

impl Proof {
    fn saw(&mut self, revision: &Revision, changes: &Changes, schema: &Follower, server: &str) {
        // What an empty database has comes with the first.
        let patch = match self.patches.is_empty() {
            true => Patch::between(&Catalog::default(), schema.catalog(), server),
            false => changes.patch(server),
        };
        self.patches.insert(revision.id(), patch);
    }
}

/// Applies a stretch of revisions and undoes it again; what it made, and that nothing is left of it.
fn there_and_back(
    proof: &mut Proof,
    scratch: &mut Scratch,
    schema: &mut Follower,
    revisions: &Revisions,
    stretch: &[&Revision],
    server: &str,
) -> Result<Result<Catalog, Problem>, Error> {
    // What leads back, rather than what was there: hundreds of revisions of a large schema fit into memory.
    let mut back = Vec::with_capacity(stretch.len());
    for revision in stretch {
        if let Err(problem) = apply(scratch, revisions, revision) {
            return Ok(Err(problem));
        }
        let changes = look(scratch, schema)?;
        proof.saw(revision, &changes, schema, server);
        back.push(changes.patch_back(server));
    }
    let after = schema.catalog().clone();
    let mut before = after.clone();
    for (revision, back) in stretch.iter().zip(back).rev() {
        before.apply(back);
        if let Err(problem) = undo(scratch, revisions, revision) {
            return Ok(Err(problem));
        }
        look(scratch, schema)?;
        let found = schema.catalog();
        if *found != before {
            return Ok(Err(not_undone(revision, found, &before)));
        }
    }
    Ok(Ok(after))
}

fn is_reversible(revision: &Revision) -> bool {
    matches!(revision.down(), Down::Sql(_))
}

fn look(scratch: &Scratch, schema: &mut Follower) -> Result<Changes, Error> {
    let looked = scratch.runtime.block_on(schema.look(&scratch.client));
    looked.map_err(|error| scratch.lost(error))
}

fn apply(scratch: &mut Scratch, revisions: &Revisions, revision: &Revision) -> Result<(), Problem> {
    let mut migrator = Migrator::new(&mut scratch.client, revisions);
    let target = revision.id().to_string();
    let upgraded = scratch.runtime.block_on(migrator.upgrade(&target));
    upgraded.map(drop).map_err(in_a_scratch_database)
}

/// Applies a stretch that was undone. Where each revision needs the one before it there is one order only, and one run
/// does it, as in production.
fn apply_again(
    scratch: &mut Scratch,
    revisions: &Revisions,
    stretch: &[&Revision],
) -> Result<(), Problem> {
    let needs = |pair: &[&Revision]| pair[1].needs().any(|id| id == pair[0].id());
    match stretch.last() {
        Some(last) if stretch.windows(2).all(needs) => apply(scratch, revisions, last),
        _ => stretch
            .iter()
            .try_for_each(|revision| apply(scratch, revisions, revision)),
    }
}

fn undo(scratch: &mut Scratch, revisions: &Revisions, revision: &Revision) -> Result<(), Problem> {
    let mut migrator = Migrator::new(&mut scratch.client, revisions);
    // This one and no other, also where branches end side by side.
    let target = format!("{}@-1", revision.id());
    let undone = scratch.runtime.block_on(migrator.downgrade(&target));
    undone.map(drop).map_err(in_a_scratch_database)
}

/// What a migration that fails here needs.
pub(crate) fn in_a_scratch_database(error: revisions::Error) -> Problem {
    match error {
        revisions::Error::Failed(mut report) => {
            let remedy = "correct it and build again: it ran in a scratch database only";
            report.remedy = Some(remedy.to_owned());
            report.naming_roles().into()
        }
        error => error.into(),
    }
}

fn not_undone(revision: &Revision, found: &Catalog, before: &Catalog) -> Problem {
    let path = revision.down_path().unwrap_or(revision.path());
    let message = "the script does not leave the schema as it was before the revision";
    let problem = difference(
        SourceError::of_file(path, message),
        &found.difference(before),
    );
    let help = "let it undo all that the revision does, and nothing else: what is marked with + it has to make again, \
                with - to remove, with ~ to change back";
    problem.remedy(help).into()
}

fn not_the_same_again(stretch: &[&Revision], first: &Catalog, second: &Catalog) -> Problem {
    let path = stretch.last().map_or("", |revision| revision.path());
    let message =
        "the revisions up to here make something else when they are applied for the second time";
    let problem = difference(
        SourceError::of_file(path, message),
        &first.difference(second),
    );
    let help = "let no script depend on what an earlier run has left outside of the schema";
    problem.remedy(help).into()
}

/// What the model makes, on a database where nothing is. Nothing is there afterwards either.
fn load(scratch: &Scratch, model: &Model) -> Result<Result<Catalog, Problem>, Error> {
    let client = &scratch.client;
    scratch.runtime.block_on(async {
        let lost = |error| scratch.lost(error);
        client.batch_execute("begin").await.map_err(lost)?;
        let outcome = match client.batch_execute(&model.sql).await {
            Ok(()) => {
                let read = scratch.catalog.read(client, &model.scope).await;
                Ok(read.map_err(lost)?)
            }
            Err(error) => match error.as_db_error() {
                Some(error) => {
                    let problem = SourceError::from_database(&model.path, &model.sql, 0, error);
                    let problem = problem.remedy("correct the model and build again");
                    Err(problem.naming_roles().into())
                }
                None => return Err(scratch.lost(error)),
            },
        };
        client.batch_execute("rollback").await.map_err(lost)?;
        Ok(outcome)
    })
}

fn compare(model: &Model, made: &Catalog, wanted: &Catalog) -> Result<(), Problem> {
    if made == wanted {
        return Ok(());
    }
    let message = "the model and the migrations disagree";
    let problem = SourceError::of_file(&model.path, message);
    let problem = difference(problem, &made.difference(wanted));
    let generate = "revision --autogenerate -m \"Describe the change\"";
    let generate = command_line("cargo db", generate, model.directory.as_deref());
    let help = format!(
        "the migrations lack what is marked with +, and have too much what is marked with -; {generate} writes a \
         revision that brings them to the model; or correct the model"
    );
    Err(problem.remedy(help).into())
}

fn difference(problem: SourceError, difference: &Difference) -> SourceError {
    problem.note("difference", difference.to_string())
}
