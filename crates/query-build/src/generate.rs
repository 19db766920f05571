//! Runs cornucopia on the checked queries.
//!
//! cornucopia reads a copy of the query files in which comments are blanked out and doc lines stand where it
//! looks for them; what it complains about is shown in the file that was written.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;

use cornucopia::config::{Config, TypeMapping};
use miette::Diagnostic;
use tokio_postgres::Client;

use revisions::{Location, SourceError};

use crate::error::Error;
use crate::query_file::QueryFile;
use crate::shipped::without_comments;

/// Stands for `crate` in what the application wrote (type mappings, traits, attributes) while the `crate` of
/// the generated code is replaced. As long as `crate`, so that positions stay.
pub(crate) const APPLICATION: &str = "q_b_a";

/// Generates the code of `files` below `directory`, which is empty; returns the directory of its sources.
///
/// The connection of `client` must be driven by another thread: cornucopia blocks this one.
pub(crate) fn run_cornucopia(
    client: &Client,
    files: &[QueryFile],
    mapped_types: &BTreeMap<String, String>,
    directory: &Path,
) -> Result<PathBuf, Error> {
    let queries = directory.join("queries");
    let mut copies = Vec::new();
    for file in files {
        copies.push(Copy::write(file, &queries)?);
    }
    let destination = directory.join("generated");
    let mut config = Config::builder()
        .queries(&queries)
        .destination(&destination)
        .params_only(true);
    for (postgres_type, rust_type) in mapped_types {
        let rust_type = hide_crate(rust_type);
        config = config.add_type_mapping(postgres_type, TypeMapping::Simple(rust_type));
    }
    // On a thread of its own, because it panics where a name cannot be one in Rust.
    let generated = thread::scope(|scope| {
        let generator = scope.spawn(|| cornucopia::gen_live(client, config.build()));
        generator.join()
    });
    match generated {
        Ok(Ok(())) => Ok(destination.join("src")),
        Ok(Err(error)) => Err(Error::Refused(vec![explain(&error, &copies).into()])),
        Err(panic) => Err(Error::Generator(panic_message(panic.as_ref()))),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

/// Replaces the `crate` of paths by its stand-in.
fn hide_crate(text: &str) -> String {
    text.replace("crate::", &format!("{APPLICATION}::"))
}

/// A query file as cornucopia reads it.
struct Copy<'a> {
    path: PathBuf,
    file: &'a QueryFile,
    text: String,
    /// Where pieces of the source went: the offset in the copy, and the range in the source.
    pieces: Vec<(usize, Range<usize>)>,
}

impl<'a> Copy<'a> {
    fn write(file: &'a QueryFile, queries: &Path) -> Result<Self, Error> {
        let mut path = queries.to_path_buf();
        path.extend(&file.module);
        path.set_extension("sql");
        let mut copy = Self {
            path,
            file,
            text: String::new(),
            pieces: Vec::new(),
        };
        copy.fill();
        let parent = copy.path.parent().unwrap_or(queries);
        fs::create_dir_all(parent).map_err(Error::io(parent))?;
        fs::write(&copy.path, &copy.text).map_err(Error::io(&copy.path))?;
        Ok(copy)
    }

    fn fill(&mut self) {
        let file = self.file;
        for block in &file.types {
            for line in &block.lines {
                self.line(line);
            }
        }
        for query in &file.queries {
            let lines = [&query.head].into_iter().chain(&query.attributes);
            for line in lines.chain(&query.docs) {
                self.line(line);
            }
            self.piece(&query.body, &without_comments(&file.source, query));
            self.text.push_str(";\n");
        }
    }

    fn line(&mut self, range: &Range<usize>) {
        let line = hide_crate(&self.file.source.text[range.clone()]);
        self.piece(range, line.trim_end());
        self.text.push('\n');
    }

    fn piece(&mut self, range: &Range<usize>, text: &str) {
        self.pieces.push((self.text.len(), range.clone()));
        self.text.push_str(text);
    }

    /// The range in the source of what is at `start` in the copy.
    fn origin(&self, start: usize, length: usize) -> Range<usize> {
        let before = self.pieces.iter().rev().find(|(at, _)| *at <= start);
        let (at, range) = before.cloned().unwrap_or((0, 0..0));
        let start = (range.start + (start - at)).min(range.end);
        start..start + length
    }
}

/// cornucopia's error, shown in the file that was written.
fn explain(error: &cornucopia::Error, copies: &[Copy]) -> SourceError {
    let message = match error {
        // PostgreSQL has taken the query as it is written.
        cornucopia::Error::PrepareQueries(_) => {
            format!("the generated code would not ship the SQL that is written: {error}")
        }
        _ => error.to_string(),
    };
    let mut places = Vec::new();
    for label in error.labels().into_iter().flatten() {
        let source = error.source_code();
        let contents = source.and_then(|source| source.read_span(label.inner(), 0, 0).ok());
        let name = contents.and_then(|contents| contents.name().map(PathBuf::from));
        let copy = copies.iter().find(|copy| Some(&copy.path) == name.as_ref());
        if let Some(copy) = copy {
            let origin = copy.origin(label.offset(), label.len());
            places.push((copy.file, origin, label.label().map(str::to_owned)));
        }
    }
    let mut places = places.into_iter();
    let mut problem = match places.next() {
        Some((file, range, label)) => {
            let problem = file.source.problem(range, message);
            label
                .into_iter()
                .fold(problem, |problem, label| problem.note("note", label))
        }
        None => SourceError::of_file("queries", message),
    };
    for (file, range, label) in places {
        let place = Location::of_byte(&file.source.text, range.start);
        let (file, label) = (&file.source.name, label.unwrap_or_default());
        problem = problem.note(
            "and",
            format!("{file}:{}:{}: {label}", place.line, place.column),
        );
    }
    problem.remedy(match error.help() {
        Some(help) => help.to_string(),
        None => "write it in another way; a parameter can carry any literal".to_owned(),
    })
}

/// The SQL text that the generated code ships, by the name of the query.
pub(crate) fn shipped_sql(
    generated: &Path,
    file: &QueryFile,
) -> Result<BTreeMap<String, String>, Error> {
    let mut path = generated.join("queries");
    path.extend(&file.module);
    path.set_extension("rs");
    let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
    let code = syn::parse_file(&text).map_err(|error| Error::Generator(error.to_string()))?;
    let functions = code.items.iter().filter_map(|item| match item {
        syn::Item::Fn(function) => Some(function),
        _ => None,
    });
    let mut shipped = BTreeMap::new();
    for function in functions {
        // `fn name() -> NameStmt { NameStmt("the SQL", None) }`
        if let [syn::Stmt::Expr(syn::Expr::Call(call), None)] = function.block.stmts.as_slice()
            && let Some(syn::Expr::Lit(literal)) = call.args.first()
            && let syn::Lit::Str(sql) = &literal.lit
        {
            let name = function.sig.ident.to_string();
            let name = name.strip_prefix("r#").unwrap_or(&name);
            shipped.insert(name.to_owned(), sql.value());
        }
    }
    Ok(shipped)
}
