//! What a query file must not contain, found in its text alone, before any database is asked.
//!
//! cornucopia trims the lines of a query and joins them with spaces, looks for parameters by the colon,
//! and makes Rust names of SQL names: what would not survive that is refused here. What slips through
//! is caught by `shipped.rs`, which compares what was generated with what was written.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use revisions::SourceError;

use crate::annotation::Name;
use crate::query_file::{Query, QueryFile, TypeBlock};
use crate::source::Source;
use revisions::lexer::{Kind, Token};

/// Finds everything that is wrong with the text of `file`.
pub(crate) fn vet_file(file: &mut QueryFile, problems: &mut Vec<SourceError>) {
    let mut names: HashMap<String, Name> = HashMap::new();
    for query in &mut file.queries {
        let before = problems.len();
        let mut vet = Vet {
            source: &file.source,
            query,
            problems,
        };
        vet.name();
        if let Some(first) = names.get(&query.line.name.text) {
            vet.second_of_a_name(first);
        }
        vet.docs();
        vet.misplaced_annotations();
        vet.parameter_names();
        vet.named_shapes(&file.types);
        vet.sql();
        query.sound &= problems.len() == before;
        let name = &query.line.name;
        names
            .entry(name.text.clone())
            .or_insert_with(|| name.clone());
    }
}

struct Vet<'a> {
    source: &'a Source,
    query: &'a Query,
    problems: &'a mut Vec<SourceError>,
}

impl Vet<'_> {
    fn refuse(&mut self, range: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems
            .push(self.source.problem(range, what).remedy(remedy));
    }

    fn text(&self, token: &Token) -> &str {
        token.text(&self.source.text)
    }

    fn name(&mut self) {
        let name = &self.query.line.name;
        if !is_rust_name(&name.text) {
            self.refuse(
                name.range.clone(),
                format!("`{}` cannot be the name of a Rust function", name.text),
                "start the name with a letter, and choose one that is not `self`, `super`, `crate` or `_`",
            );
        }
    }

    fn second_of_a_name(&mut self, first: &Name) {
        let name = &self.query.line.name;
        let line = self.source.text[..first.range.start].matches('\n').count() + 1;
        self.refuse(
            name.range.clone(),
            format!(
                "the query `{}` is already in line {line} of this file",
                name.text
            ),
            "give each query of a file a name of its own",
        );
    }

    fn docs(&mut self) {
        let said = self.query.docs.iter().any(|line| {
            let text = &self.source.text[line.clone()];
            !text.trim_start_matches('-').trim().is_empty()
        });
        if !said {
            let name = &self.query.line.name;
            self.refuse(
                name.range.clone(),
                format!("the query `{}` has no doc line", name.text),
                "say what it is for, in a line above or below the name: `--- What it does.`",
            );
        }
    }

    /// Annotations in the middle of the SQL would be taken for comments.
    fn misplaced_annotations(&mut self) {
        for token in &self.query.tokens {
            if token.kind != Kind::LineComment {
                continue;
            }
            let text = self.text(token);
            let rule = text.trim_end().bytes().all(|byte| byte == b'-');
            if text.starts_with("--#")
                || text.starts_with("--&")
                || (text.starts_with("---") && !rule)
            {
                self.refuse(
                    token.range.start..token.range.start + 3,
                    "this line would be taken for a comment in the SQL",
                    "put `--#` lines directly under the `--!` line and `---` lines directly under those, \
                     without indentation or a line between; a comment in SQL starts with `-- `",
                );
            }
        }
    }

    /// A name alone stands for a `--:` line; a name with fields must not have one.
    fn named_shapes(&mut self, types: &[TypeBlock]) {
        let line = &self.query.line;
        for shape in [&line.params, &line.row] {
            let Some(name) = &shape.name else { continue };
            let declared = types.iter().any(|block| block.line.name.text == name.text);
            let inline = shape.fields.is_some();
            let (what, remedy) = match (declared, inline) {
                (false, false) => (
                    format!("the type `{}` is not declared in this file", name.text),
                    format!("declare it with its nullable fields: `--: {}()`", name.text),
                ),
                (true, true) => (
                    format!(
                        "the fields of `{}` are already in its `--:` line",
                        name.text
                    ),
                    "take the fields out of this line, or name another type".to_owned(),
                ),
                _ => continue,
            };
            self.refuse(name.range.clone(), what, remedy);
        }
    }

    fn parameter_names(&mut self) {
        let mut seen = HashSet::new();
        for token in &self.query.tokens {
            let name = self.text(token).trim_start_matches(':').to_owned();
            if token.kind == Kind::Parameter && !is_rust_name(&name) && seen.insert(name.clone()) {
                self.refuse(
                    token.range.clone(),
                    format!("`{name}` cannot be the name of a Rust field"),
                    "name the parameter with ASCII letters, digits and underscores",
                );
            }
        }
        let parameters = self.query.parameters(self.source);
        for field in self.query.line.params.fields.iter().flatten() {
            if !parameters.contains(&field.text.as_str()) {
                let has = match parameters.as_slice() {
                    [] => "it has none".to_owned(),
                    names => format!("it has: {}", names.join(", ")),
                };
                self.refuse(
                    field.range.clone(),
                    format!("the query has no parameter `{}`", field.text),
                    format!(
                        "write it `:{}` in the SQL, or take it out here; {has}",
                        field.text
                    ),
                );
            }
        }
    }

    fn sql(&mut self) {
        let tokens = self.query.tokens.iter();
        let sql: Vec<&Token> = tokens.filter(|token| !token.is_comment()).collect();
        if sql.is_empty() {
            let name = &self.query.line.name;
            self.refuse(
                name.range.clone(),
                format!("the query `{}` has no SQL", name.text),
                "write it under the name, and end it with a semicolon",
            );
        }
        for token in &sql {
            self.token(token);
        }
        for pair in sql.windows(2) {
            self.pair(pair[0], pair[1]);
        }
    }

    fn token(&mut self, token: &Token) {
        let text = self.text(token);
        match token.kind {
            Kind::Unterminated => {
                let opening = token.range.start..token.range.start + 1;
                self.refuse(opening, "what is opened here never ends", "close it");
            }
            Kind::Literal | Kind::QuotedName | Kind::DollarQuote if text.contains('\n') => {
                let first = text.lines().next().map_or(1, str::len);
                self.refuse(
                    token.range.start..token.range.start + first,
                    "a line break inside a literal would be shipped as a space",
                    "write the line break as `\\n` in an `E'…'` literal, or pass the text as a parameter",
                );
            }
            Kind::PositionalParameter => {
                let what = format!("the parameter `{text}` has a number instead of a name");
                self.refuse(token.range.clone(), what, "give it a name: `:name`");
            }
            Kind::Word if text.contains(char::is_whitespace) => {
                let at = text.find(char::is_whitespace).unwrap_or_default();
                let space = text[at..].chars().next().unwrap_or(' ');
                let start = token.range.start + at;
                let what = format!(
                    "U+{:04X} is no space for PostgreSQL, but a letter",
                    u32::from(space)
                );
                let remedy = "write a plain space, or put the name in double quotes";
                self.refuse(start..start + space.len_utf8(), what, remedy);
            }
            Kind::Word if text.contains('$') => {
                let what =
                    format!("the `$` in the name `{text}` would be taken for a dollar quote");
                self.refuse(token.range.clone(), what, "put the name in double quotes");
            }
            _ => {}
        }
    }

    fn pair(&mut self, first: &Token, second: &Token) {
        let between = &self.source.text[first.range.end..second.range.start];
        let colon = self.text(first) == ":";
        let number = self.text(second).to_owned();
        if first.kind == Kind::Literal && second.kind == Kind::Literal && between.contains('\n') {
            self.refuse(
                second.range.clone(),
                "a literal that goes on in the next line would be shipped as two",
                "write one literal, or join the two with `||`",
            );
        }
        if colon && second.kind == Kind::Number && between.is_empty() {
            self.refuse(
                first.range.start..second.range.end,
                format!("`:{}` would be taken for a parameter", number),
                format!("put a space after the colon: `: {}`", number),
            );
        }
    }
}

/// Finds what is wrong with the names of the files, which become modules.
pub(crate) fn vet_modules(files: &[QueryFile], problems: &mut Vec<SourceError>) {
    for file in files {
        for part in &file.module {
            if !is_rust_name(part) || is_keyword(part) || part.contains(char::is_uppercase) {
                let what = format!("`{part}` cannot be the name of a Rust module");
                let remedy =
                    "rename it: lower-case letters, digits and underscores, and no Rust key word";
                problems.push(SourceError::of_file(&file.source.name, what).remedy(remedy));
            }
        }
        let first = file.module.first().map(String::as_str);
        if let Some(name @ ("client" | "types" | "support")) = first {
            let what = format!("the module `{name}` of the generated code already has this name");
            problems.push(SourceError::of_file(&file.source.name, what).remedy("rename the file"));
        }
        let within = |other: &&QueryFile| {
            other.module.len() > file.module.len() && other.module.starts_with(&file.module)
        };
        if let Some(other) = files.iter().find(within) {
            let what = format!(
                "a file and a directory of one name: there is also {}",
                other.source.name
            );
            let remedy = "rename one, or move the queries of the file into the directory";
            problems.push(SourceError::of_file(&file.source.name, what).remedy(remedy));
        }
    }
}

fn is_rust_name(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // These alone cannot be written as raw identifiers.
    let forbidden = matches!(name, "_" | "self" | "Self" | "super" | "crate");
    starts_well && plain && !forbidden
}

fn is_keyword(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_err()
}
