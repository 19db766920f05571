//! The steps of a build, in their order. Its settings are in `build.rs`; what a step does, in a room of its own.

use std::path::{Path, PathBuf};

use revisions::{ReadError, Revisions, SourceError};

use crate::build::{Build, DIRECTORY};
use crate::declared::Declared;
use crate::error::{Error, Problem};
use crate::examine::Vetted;
use crate::place::Place;
use crate::previous::{self, Release};
use crate::prove::{Model, prove};
use crate::read::{Queries, read_queries};
use crate::report::{Clock, Module, Report};
use crate::scratch::{self, Scratch};
use crate::shipped::Shipped;
use crate::{assemble, embed, examine, generate, lints, output};

impl Build {
    /// As [`Build::try_run`]; messages name the files as the reader does who is at the place.
    pub(crate) fn try_run_from(&self, place: &Place, out_dir: &Path) -> Result<Report, Error> {
        let mut clock = Clock::start();
        let mut problems = Vec::new();
        output::remove_leftovers(out_dir)?;

        let revisions = self.read_revisions(place, &mut problems);
        let queries = self.read_queries(place, &mut problems)?;
        let model = match self.read_model(place) {
            Err(Error::Refused(found)) => {
                problems.extend(found);
                None
            }
            model => Some(model?),
        };
        let (Some(revisions), Some(model)) = (revisions, model) else {
            return Err(Error::refused(problems));
        };
        clock.step("read");

        let settings = match lints::settings(place, &revisions)? {
            Ok(settings) => Some(settings),
            Err(wrong) => {
                problems.extend(wrong.into_iter().map(Problem::from));
                // The migrations may be refused or not, once it is right.
                None
            }
        };
        let mut warnings = Vec::new();
        if let Some(settings) = &settings {
            warnings = lints::judge(&revisions, settings, &mut problems);
        }
        clock.step("lint the migrations");

        let mut scratch = match Scratch::start(&scratch::directory_for(out_dir)) {
            Err(_) if !problems.is_empty() => return Err(Error::refused(problems)),
            started => started?,
        };
        clock.step("start PostgreSQL");

        let proof = match prove(&mut scratch, &revisions, model.as_ref())? {
            Ok(proof) => proof,
            Err(problem) => {
                // Queries that do not fit are most often a consequence; what the lints found is none.
                problems.push(problem);
                return Err(Error::refused(problems));
            }
        };
        clock.step("prove the migrations");

        let vetted = self.vet_queries(place, &scratch, &queries, &mut problems)?;
        clock.step("vet the queries");

        let release = self.read_release(place, out_dir, &mut problems)?;
        if let Some((release, settings)) = release.as_ref().zip(settings.as_ref()) {
            let check = previous::Check {
                release,
                revisions: &revisions,
                small_tables: &self.small_tables,
                settings,
            };
            check.run(&scratch, &mut problems, &mut warnings)?;
            clock.step("check the previous release");
        }
        if !problems.is_empty() {
            return Err(Error::refused(problems));
        }
        warnings.extend(vetted.warnings.iter().map(ToString::to_string));

        let revisions_text = embed::revisions_file(&revisions, &proof)?;
        let mut files = vec![("revisions.rs", revisions_text)];
        match self.queries {
            Some(_) => files.push(("queries.rs", self.generate(&scratch, &queries, out_dir)?)),
            // What an earlier build has left would be compiled, and nobody has checked it.
            None => output::remove(out_dir, "queries.rs")?,
        }
        clock.step("generate");

        let written = output::write_changed(out_dir, &files)?;
        let server = scratch.name();
        drop(scratch);
        clock.step("write");

        Ok(Report {
            revisions: revisions
                .iter()
                .map(|revision| revision.file_name().to_owned())
                .collect(),
            modules: queries.files.iter().map(Module::of).collect(),
            server,
            warnings,
            document: vetted.document,
            written,
            watched: release.map(|release| release.watched).unwrap_or_default(),
            steps: clock.steps,
        })
    }

    /// Step 1: the migrations as one history, without bad names, missing parents, cycles, or two heads.
    fn read_revisions(&self, place: &Place, problems: &mut Vec<Problem>) -> Option<Revisions> {
        let directory = place.package.join(&self.migrations);
        if !directory.is_dir() {
            let problem = SourceError::of_file(
                place.name(&self.migrations),
                "the directory of the migrations does not exist",
            );
            let remedy = "create it, or name another one in build.rs: `.migrations(\"directory\")`";
            problems.push(problem.remedy(remedy).into());
            return None;
        }
        let directory = place.way_from_here(&self.migrations).unwrap_or(directory);
        match Revisions::read(&directory) {
            Ok(revisions) => Some(revisions),
            Err(mut error) => {
                if let ReadError::SeveralHeads { dir, .. } = &mut error {
                    *dir = self.directory_for_commands(place.package);
                }
                problems.extend(match error {
                    ReadError::Several(errors) => errors.into_iter().map(Problem::from).collect(),
                    error => vec![error.into()],
                });
                None
            }
        }
    }

    /// The release that is checked too, if there is one.
    fn read_release(
        &self,
        place: &Place,
        out_dir: &Path,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<Release>, Error> {
        let Some(name) = &self.previous_release else {
            return Ok(None);
        };
        match Release::read(self, place.package, name, out_dir) {
            Ok(release) => Ok(Some(release)),
            Err(Error::Refused(unreadable)) => {
                problems.extend(unreadable);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Step 4 needs it: the model, if there is one.
    fn read_model(&self, place: &Place) -> Result<Option<Model>, Error> {
        let directory = self.directory_for_commands(place.package);
        let name = place.name(&self.migrations);
        Model::read(&place.package.join(&self.migrations), &name, directory)
    }

    /// The directory that a command has to name. Commands are typed in the root of the workspace, where its lock file
    /// is, and find `sql/` there by themselves; that of another package is named so that it is found from anywhere.
    fn directory_for_commands(&self, package: &Path) -> Option<PathBuf> {
        if !package.join("Cargo.lock").is_file() {
            return Some(package.join(&self.migrations));
        }
        let is_found = self.migrations == Path::new(DIRECTORY);
        (!is_found).then(|| self.migrations.clone())
    }

    /// Step 1, the other half: the query files, and what their text alone shows to be wrong.
    fn read_queries(&self, place: &Place, problems: &mut Vec<Problem>) -> Result<Queries, Error> {
        let Some(directory) = &self.queries else {
            return Ok(Queries { files: Vec::new() });
        };
        let mut found = Vec::new();
        let name = place.name(directory);
        let queries = read_queries(&place.package.join(directory), &name, &mut found);
        problems.extend(found.into_iter().map(Problem::from));
        queries
    }

    /// Step 6, first half: every query fits the schema, and has a Rust type for all it takes and gives. And step 7: it
    /// reads all of no table that grows, and says which of its columns may be null.
    fn vet_queries(
        &self,
        place: &Place,
        scratch: &Scratch,
        queries: &Queries,
        problems: &mut Vec<Problem>,
    ) -> Result<Vetted, Error> {
        let mut found = Vec::new();
        let script = std::fs::read_to_string(place.package.join("build.rs")).unwrap_or_default();
        let declared = Declared {
            small_tables: &self.small_tables,
            mapped_types: &self.mapped_types,
            name: &place.name(Path::new("build.rs")),
            script: &script,
        };
        let vet = examine::examine(&scratch.client, &queries.files, declared, &mut found);
        let vetted = scratch.runtime.block_on(vet);
        problems.extend(found.into_iter().map(Problem::from));
        vetted.map_err(|error| scratch.lost(error))
    }

    /// Step 6, second half, and of step 7: the code, which ships the SQL that is written.
    fn generate(
        &self,
        scratch: &Scratch,
        queries: &Queries,
        out_dir: &Path,
    ) -> Result<String, Error> {
        let directory = output::working_directory(out_dir)?;
        let types = &self.mapped_types;
        let generated =
            generate::run_cornucopia(&scratch.client, &queries.files, types, directory.path())?;
        let mut problems = Vec::new();
        for file in &queries.files {
            let shipped = generate::shipped_sql(&generated, file)?;
            for query in &file.queries {
                let sql = shipped
                    .get(&query.line.name.text)
                    .map_or("", String::as_str);
                let compared = Shipped::of(&file.source, query).compare(file, query, sql);
                problems.extend(compared.map(Problem::from));
            }
        }
        if !problems.is_empty() {
            return Err(Error::refused(problems));
        }
        let mut roots: Vec<String> = queries
            .files
            .iter()
            .filter_map(|file| file.module.first().cloned())
            .collect();
        roots.sort();
        roots.dedup();
        assemble::one_file(&generated, &roots)
    }
}
