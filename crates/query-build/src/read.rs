//! Reads `queries/`: which files there are, and what is in them.

use std::fs;
use std::path::Path;

use revisions::SourceError;

use crate::error::Error;
use crate::query_file::{self, QueryFile};
use crate::source::Source;
use crate::vet;

/// What was read.
pub(crate) struct Queries {
    pub(crate) files: Vec<QueryFile>,
}

/// Reads the `.sql` files of `directory`, which messages call `name`, and of the directories in it.
pub(crate) fn read_queries(
    directory: &Path,
    name: &str,
    problems: &mut Vec<SourceError>,
) -> Result<Queries, Error> {
    if !directory.is_dir() {
        problems.push(
            SourceError::of_file(name, "the directory of the queries does not exist")
                .remedy("create it, or name another one in build.rs: `.queries(\"directory\")`; a package without queries says `.without_queries()`"),
        );
        return Ok(Queries { files: Vec::new() });
    }
    let mut queries = read_files(directory, name, problems)?;
    if queries.files.is_empty() && problems.is_empty() {
        problems.push(
            SourceError::of_file(name, "the directory has no .sql file").remedy(
                "write a query file, such as users.sql; the README of query-build shows one",
            ),
        );
    }
    vet::vet_modules(&queries.files, problems);
    for file in &mut queries.files {
        vet::vet_file(file, problems);
    }
    Ok(queries)
}

/// The same without looking at what is in them, further than to take them apart.
pub(crate) fn read_files(
    directory: &Path,
    name: &str,
    problems: &mut Vec<SourceError>,
) -> Result<Queries, Error> {
    let mut queries = Queries { files: Vec::new() };
    queries.directory(directory, name, &[], problems)?;
    Ok(queries)
}

impl Queries {
    fn directory(
        &mut self,
        directory: &Path,
        name: &str,
        module: &[String],
        problems: &mut Vec<SourceError>,
    ) -> Result<(), Error> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(directory).map_err(Error::io(directory))? {
            paths.push(entry.map_err(Error::io(directory))?.path());
        }
        paths.sort();
        for path in paths {
            let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let (entry_name, is_directory) = (format!("{name}/{file_name}"), path.is_dir());
            let stem = file_name.strip_suffix(".sql");
            if file_name.starts_with('.') || (!is_directory && stem.is_none()) {
                continue;
            }
            let mut module = module.to_vec();
            module.push(stem.unwrap_or(file_name).to_owned());
            if is_directory {
                self.directory(&path, &entry_name, &module, problems)?;
            } else {
                match Source::read(&path, entry_name) {
                    Ok(source) => self.files.push(query_file::parse(source, module, problems)),
                    Err(problem) => problems.push(*problem),
                }
            }
        }
        Ok(())
    }
}
