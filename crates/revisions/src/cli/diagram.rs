//! `diagram`: a schema as a picture, written, or compared with what was written before.

use std::path::{Path, PathBuf};

use super::arguments::DiagramFormat;
use super::{CommandError, Context, Diagram, compare, print};

pub(super) async fn run(options: &Diagram, context: &Context<'_>) -> Result<(), CommandError> {
    let file = options.output.as_ref().or(options.check.as_ref());
    let format = match (options.format, file) {
        (Some(format), _) => format,
        (None, Some(file)) => by_name(file)?,
        (None, None) => DiagramFormat::Svg,
    };
    let from = options.from.as_deref().unwrap_or("model");
    let catalog = compare::of(from, &compare::scope(false, context)?, context).await?;
    let all = crate::diagram::Diagram::of(&catalog);
    let diagram = match options.only.as_slice() {
        [] => all,
        patterns => all.only(patterns),
    };
    if diagram.is_empty() {
        return Err(DiagramError::NoTables {
            patterns: options.only.clone(),
        }
        .into());
    }
    let text = match format {
        DiagramFormat::Svg => diagram.svg(),
        DiagramFormat::Mermaid => diagram.mermaid(),
        DiagramFormat::Dot => diagram.dot(),
    };
    if let Some(path) = &options.output {
        return write(path, &text);
    }
    match &options.check {
        Some(path) => check(path, &text, options, context),
        None => print(&text),
    }
}

/// Why there is no diagram, or that it is an old one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiagramError {
    /// A file that is not what would be written now.
    #[error("{}: {}\n  = help: `{program} diagram {arguments}` writes it", .path.display(), outdated(.is_missing))]
    Outdated {
        /// The file.
        path: PathBuf,
        /// Whether there is none.
        is_missing: bool,
        /// How the commands are called.
        program: String,
        /// The arguments that write it.
        arguments: String,
    },
    /// The name of a file does not tell what is to be in it.
    #[error("{}: the name does not tell what it is to be\n  = help: end it with .svg, .mmd or .dot, or say `--format svg`, `mermaid` or `dot`", .path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to be shown.
    #[error("there is no table to be shown{}", no_table_help(.patterns))]
    NoTables {
        /// The patterns that none fits.
        patterns: Vec<String>,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

fn outdated(is_missing: &bool) -> &'static str {
    match is_missing {
        true => "there is no such diagram",
        false => "the diagram is not what the schema is now",
    }
}

fn no_table_help(patterns: &[String]) -> String {
    match patterns {
        [] => String::new(),
        patterns => format!(
            ": none is called {}\n  = help: `*` stands for any text, and a table outside of `public` is called with its schema: --only 'shop.*'",
            patterns.join(" or ")
        ),
    }
}

fn by_name(file: &Path) -> Result<DiagramFormat, DiagramError> {
    let ending = file.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => Ok(DiagramFormat::Svg),
        Some("mmd" | "mermaid") => Ok(DiagramFormat::Mermaid),
        Some("dot" | "gv") => Ok(DiagramFormat::Dot),
        _ => Err(DiagramError::UnknownFormat {
            path: file.to_owned(),
        }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let refuse = |source| CommandError::Directory {
        path: path.to_owned(),
        source,
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(refuse)?;
    }
    std::fs::write(path, text).map_err(refuse)
}

fn check(
    path: &Path,
    text: &str,
    options: &Diagram,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let found = match std::fs::read_to_string(path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => {
            let path = path.to_owned();
            return Err(DiagramError::Unreadable { path, source }.into());
        }
    };
    // A checkout may have given the lines other ends.
    if found
        .as_ref()
        .is_some_and(|found| found.replace("\r\n", "\n") == text)
    {
        return print(&format!("{} is current\n", path.display()));
    }
    Err(DiagramError::Outdated {
        path: path.to_owned(),
        is_missing: found.is_none(),
        program: context.options.program.clone(),
        arguments: arguments(path, options),
    }
    .into())
}

/// The arguments that write the file.
fn arguments(path: &Path, options: &Diagram) -> String {
    // A URL may have a password in it.
    let from = options.from.iter().map(|it| match it.contains("://") {
        true => "URL".to_owned(),
        false => quoted(it),
    });
    let mut words: Vec<String> = from.collect();
    if let Some(format) = options.format {
        words.push(format!("--format {format}"));
    }
    words.extend(
        options
            .only
            .iter()
            .map(|it| format!("--only {}", quoted(it))),
    );
    words.push(format!("--output {}", quoted(&path.display().to_string())));
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "-_./:@%+=,".contains(it);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
