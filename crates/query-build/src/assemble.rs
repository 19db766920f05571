//! Makes one file of the crate that cornucopia generates, fit for `include!` anywhere in an application.
//!
//! The paths of the generated code start at its own crate root (`crate::client`): they become relative
//! (`super::client`). It asks for features of the package it is in: the conditions are taken out. It names
//! crates that tokio-postgres exports anyway: it takes them from there.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

use crate::error::Error;
use crate::generate::APPLICATION;
use crate::support;

/// Generated code answers to no lint of the application.
const ALLOW: &str = "#[allow(warnings, missing_docs, clippy::all, clippy::pedantic, clippy::nursery, \
                     clippy::restriction, clippy::cargo)]";

/// The same for queries, without `warnings`: nothing within its scope would warn, whatever is said closer to it.
const ALLOW_IN_QUERIES: &str = "#[allow(unknown_lints, future_incompatible, let_underscore, missing_copy_implementations, \
                                missing_debug_implementations, missing_docs, non_local_definitions, nonstandard_style, \
                                refining_impl_trait, rust_2018_idioms, rust_2024_compatibility, single_use_lifetimes, \
                                trivial_casts, trivial_numeric_casts, unit_bindings, unnameable_types, \
                                unreachable_pub, unused, unused_import_braces, unused_lifetimes, \
                                unused_qualifications, unused_results, variant_size_differences, clippy::all, \
                                clippy::pedantic, clippy::nursery, clippy::restriction, clippy::cargo)]";

/// Before the function of a query: one that nobody calls is warned of, by its name.
const WARN_IF_UNUSED: &str = "#[warn(dead_code)]\n";

/// The line with which every file of cornucopia starts.
const CORNUCOPIAS_HEAD: &str = "// This file was generated with `cornucopia`. Do not modify.";

/// The text of `queries.rs`, from the sources that cornucopia wrote into `generated`.
///
/// `modules` are the names of the modules directly below the root, sorted.
pub(crate) fn one_file(generated: &Path, modules: &[String]) -> Result<String, Error> {
    let mut body = String::new();
    for name in modules {
        let path = generated.join("queries").join(format!("{name}.rs"));
        let content = inline(&path, 1)?;
        body.push_str(&format!(
            "{ALLOW_IN_QUERIES}\npub mod {name} {{\n{content}\n}}\n\n"
        ));
    }
    let types = inline(&generated.join("types.rs"), 1)?;
    module(&mut body, "pub mod", "types", &types);
    cache_statements(&generated.join("client"))?;
    let client = inline(&generated.join("client.rs"), 1)?;
    module(&mut body, "pub mod", "client", &client);

    let parts = support::Parts::used_by(&body);
    let traits = inline(&generated.join("type_traits.rs"), 2)?;
    let mut support = String::new();
    for name in parts.modules() {
        let path = generated.join(format!("{name}.rs"));
        let text = match *name {
            "type_traits" => parts.traits(&traits)?,
            _ => inline(&path, 2)?,
        };
        module(&mut support, "pub mod", name, &text);
    }
    support.push_str(parts.imports());
    module(&mut body, "mod", "support", &support);
    Ok(format!(
        "// Written by query-build from the files in queries/. Changes here are lost.\n\n\
         {body}#[allow(unused_imports)]\n{}\n",
        parts.exports()
    ))
}

/// Lets statements in transactions, and statements that return no rows, go through deadpool's statement cache
/// like all others: one round trip instead of two.
fn cache_statements(client: &Path) -> Result<(), Error> {
    let path = client.join("async_/deadpool.rs");
    let deadpool = fs::read_to_string(&path).map_err(Error::io(&path))?;
    if deadpool.matches("false").count() != 1 {
        let found = "the client for deadpool is not the known one".to_owned();
        return Err(Error::Generator(found));
    }
    fs::write(&path, deadpool.replace("false", "true")).map_err(Error::io(&path))?;
    let path = client.join("async_.rs");
    let functions = fs::read_to_string(&path).map_err(Error::io(&path))?;
    fs::write(&path, functions + EXECUTE).map_err(Error::io(&path))
}

/// What cornucopia's client module has for queries, for statements that return no rows.
const EXECUTE: &str = "
pub async fn execute<C: GenericClient>(
    client: &C,
    query: &str,
    params: &[&(dyn ToSql + Sync)],
    cached: Option<&Statement>,
) -> Result<u64, Error> {
    if let Some(cached) = cached {
        client.execute(cached, params).await
    } else if C::stmt_cache() {
        let cached = client.prepare(query).await?;
        client.execute(&cached, params).await
    } else {
        client.execute(query, params).await
    }
}
";

fn module(text: &mut String, keyword: &str, name: &str, content: &str) {
    text.push_str(&format!("{ALLOW}\n{keyword} {name} {{\n{content}\n}}\n\n"));
}

/// The text of the file at `path` with its submodules in place, as the content of a module that lies
/// `depth` modules below the root.
fn inline(path: &Path, depth: usize) -> Result<String, Error> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let tokens = TokenStream::from_str(&text)
        .map_err(|error| Error::Generator(format!("{}: {error}", path.display())))?;
    let mut rewrite = Rewrite {
        submodules: path.with_extension(""),
        edits: Vec::new(),
    };
    rewrite.stream(tokens, depth)?;
    let mut text = text;
    for (range, replacement) in rewrite.edits.into_iter().rev() {
        text.replace_range(range, &replacement);
    }
    let code = text.trim_start_matches(CORNUCOPIAS_HEAD);
    Ok(code.trim().to_owned())
}

struct Rewrite {
    /// The directory that has the files of the submodules.
    submodules: PathBuf,
    /// What to put in the place of what, in the order of the text.
    edits: Vec<(Range<usize>, String)>,
}

impl Rewrite {
    fn stream(&mut self, stream: TokenStream, depth: usize) -> Result<(), Error> {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at += self.step(&tokens[at..], depth)?;
        }
        Ok(())
    }

    /// Rewrites what `tokens` begin with; returns how many tokens that was.
    fn step(&mut self, tokens: &[TokenTree], depth: usize) -> Result<usize, Error> {
        match tokens {
            [
                TokenTree::Ident(word),
                TokenTree::Ident(_),
                TokenTree::Group(content),
                ..,
            ] if word == "mod" && content.delimiter() == Delimiter::Brace => {
                self.stream(content.stream(), depth + 1)?;
                return Ok(3);
            }
            [
                TokenTree::Ident(word),
                TokenTree::Ident(name),
                TokenTree::Punct(end),
                ..,
            ] if word == "mod" && end.as_char() == ';' => {
                let name = name.to_string();
                let path = self.submodules.join(format!("{name}.rs"));
                let content = inline(&path, depth + 1)?;
                self.edits
                    .push((end.span().byte_range(), format!(" {{\n{content}\n}}")));
                return Ok(3);
            }
            [TokenTree::Punct(hash), TokenTree::Group(attribute), ..]
                if hash.as_char() == '#' && asks_for_a_feature(attribute) =>
            {
                let range = hash.span().byte_range().start..attribute.span().byte_range().end;
                self.edits.push((range, String::new()));
                return Ok(2);
            }
            [
                TokenTree::Ident(client),
                TokenTree::Punct(_),
                TokenTree::Ident(execute),
                TokenTree::Group(arguments),
                ..,
            ] if client == "client" && execute == "execute" && ships_a_query(arguments) => {
                self.execute_through_the_cache(client, arguments, depth)?;
                return Ok(4);
            }
            [TokenTree::Ident(public), ..] if public == "pub" && is_query(tokens) => {
                let start = public.span().byte_range().start;
                self.edits.push((start..start, WARN_IF_UNUSED.to_owned()));
            }
            [TokenTree::Ident(word), first, second, ..] if is_path(first, second) => {
                let replacement = match word.to_string().as_str() {
                    "crate" => vec!["super"; depth].join("::"),
                    APPLICATION => "crate".to_owned(),
                    "futures" => "futures_util".to_owned(),
                    "postgres_types" => "tokio_postgres::types".to_owned(),
                    _ => return Ok(3),
                };
                self.edits.push((word.span().byte_range(), replacement));
                return Ok(3);
            }
            [TokenTree::Group(group), ..] => self.stream(group.stream(), depth)?,
            _ => {}
        }
        Ok(1)
    }

    /// `client.execute(self.0, …)` parses the statement at every call, even one that was prepared.
    fn execute_through_the_cache(
        &mut self,
        client: &Ident,
        arguments: &Group,
        depth: usize,
    ) -> Result<(), Error> {
        let open = arguments.span_open().byte_range();
        let close = arguments.span_close().byte_range().start;
        let root = vec!["super"; depth].join("::");
        let call = format!("{root}::client::async_::execute(client, ");
        self.edits
            .push((client.span().byte_range().start..open.end, call));
        self.stream(arguments.stream(), depth)?;
        let last = arguments.stream().into_iter().last();
        let comma = match last {
            Some(TokenTree::Punct(punct)) if punct.as_char() == ',' => "",
            _ => ", ",
        };
        self.edits
            .push((close..close, format!("{comma}self.1.as_ref()")));
        Ok(())
    }
}

/// Whether this is the function of a query: `pub fn name() -> NameStmt`.
fn is_query(tokens: &[TokenTree]) -> bool {
    let texts: Vec<String> = tokens.iter().take(7).map(ToString::to_string).collect();
    match texts.as_slice() {
        [_, function, _, arguments, dash, arrow, statement] => {
            [function, arguments, dash, arrow] == ["fn", "()", "-", ">"]
                && statement.ends_with("Stmt")
        }
        _ => false,
    }
}

/// Whether these are arguments that start with the SQL of a statement: `(self.0, …`.
fn ships_a_query(arguments: &Group) -> bool {
    let tokens: Vec<String> = arguments
        .stream()
        .into_iter()
        .take(4)
        .map(|token| token.to_string())
        .collect();
    tokens == ["self", ".", "0", ","]
}

fn is_path(first: &TokenTree, second: &TokenTree) -> bool {
    let colon = |token: &TokenTree| match token {
        TokenTree::Punct(punct) if punct.as_char() == ':' => Some(punct.spacing()),
        _ => None,
    };
    colon(first) == Some(Spacing::Joint) && colon(second).is_some()
}

fn asks_for_a_feature(attribute: &Group) -> bool {
    let text = attribute.stream().to_string();
    text.starts_with("cfg") && text.contains("feature")
}
