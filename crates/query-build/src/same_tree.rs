//! That PostgreSQL reads the SQL that is shipped as it reads the SQL that is written.
//!
//! Both are made one function for a moment (`begin atomic`), the one as it stands in the file, with its comments and line
//! breaks, and PostgreSQL keeps what it has read: two trees, with all names, constants and types. They have to be equal,
//! but for the places of the words in the text. Nothing here knows what a tree means.

use futures_util::future::join_all;
use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::{Client, Error};

use revisions::SourceError;

use crate::nullability::{head, node::words, tree_of};
use crate::prepare::Prepared;
use crate::query_file::{Query, QueryFile};
use crate::shipped::Shipped;

const REMEDY: &str = "write it in another way; a parameter can carry any literal";

/// Compares all queries; those that are read in another way go to `problems`. Gives the tree of each as it is shipped, as
/// text; an empty one where PostgreSQL makes none, as for `listen`.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn compare(
    client: &Client,
    files: &[QueryFile],
    prepared: &[Prepared],
    problems: &mut Vec<SourceError>,
) -> Result<Vec<String>, Error> {
    let asked: Vec<Comparison> = prepared
        .iter()
        .enumerate()
        .map(|(number, prepared)| Comparison::of(number, files, prepared))
        .collect();
    let found = join_all(asked.iter().map(|it| it.read(client))).await;
    let mut trees = Vec::new();
    for read in found {
        let (tree, problem) = read?;
        trees.push(tree);
        problems.extend(problem);
    }
    Ok(trees)
}

/// The comparison of one query.
struct Comparison<'a> {
    number: usize,
    /// The beginning of the statement that makes a function.
    head: String,
    file: &'a QueryFile,
    query: &'a Query,
    shipped: &'a Shipped,
    written: Shipped,
}

impl<'a> Comparison<'a> {
    fn of(number: usize, files: &'a [QueryFile], prepared: &'a Prepared) -> Self {
        let (file, query) = prepared.of(files);
        Self {
            number,
            head: head(number, prepared),
            file,
            query,
            shipped: &prepared.shipped,
            written: Shipped::as_written(&file.source, query),
        }
    }

    async fn read(&self, client: &Client) -> Result<(String, Option<SourceError>), Error> {
        let alone = format!("{}{}\n; end", self.head, self.shipped.sql);
        // What is not changed cannot be read in another way.
        if self.written.sql.trim_matches(is_space) == self.shipped.sql {
            let tree = tree_of(client, self.number, &alone).await?;
            return Ok((tree.unwrap_or_default(), None));
        }
        // A comment at the end of a text ends with its line.
        let before = format!("{}{}\n; ", self.head, self.shipped.sql);
        let both = format!("{before}{}\n; end", self.written.sql);
        let refusal = match tree_of(client, self.number, &both).await? {
            Ok(trees) => {
                let problem = self.judge(&trees);
                return Ok((trees, problem));
            }
            Err(refusal) => refusal,
        };
        Ok(match tree_of(client, self.number, &alone).await? {
            Ok(tree) => {
                let problem = self.refused_as_written(&refusal, before.chars().count());
                (tree, Some(problem))
            }
            Err(_) => (String::new(), Some(self.without_tree(&refusal))),
        })
    }

    fn judge(&self, trees: &str) -> Option<SourceError> {
        let difference = difference(trees)?;
        let range = self.query.line.name.range.clone();
        let message =
            "PostgreSQL reads the SQL that is written in another way than what is shipped";
        let problem = self.file.source.problem(range, message);
        Some(problem.note("reason", difference).remedy(REMEDY))
    }

    /// PostgreSQL takes what is shipped, and refuses what is written.
    fn refused_as_written(&self, refusal: &DbError, before: usize) -> SourceError {
        let position = match refusal.position() {
            Some(ErrorPosition::Original(position)) => {
                position.checked_sub(u32::try_from(before).unwrap_or(u32::MAX))
            }
            _ => None,
        };
        let range = match position {
            Some(position) => self.written.place_of(self.query, position),
            None => self.query.line.name.range.clone(),
        };
        let mut tokens = self.query.tokens.iter();
        let word = tokens.find(|token| token.range.start == range.start);
        let range = word.map_or(range, |word| word.range.clone());
        let message = "PostgreSQL refuses the SQL that is written, and takes what would be shipped";
        let problem = self.file.source.problem(range, message);
        problem.note("reason", refusal.message()).remedy(REMEDY)
    }

    /// Of `listen` and the like there is no tree: they have to be shipped as they are.
    fn without_tree(&self, refusal: &DbError) -> SourceError {
        let sql = self.query.tokens.iter().find(|token| !token.is_comment());
        let range = sql.map_or(&self.query.line.name.range, |token| &token.range);
        let message = "PostgreSQL does not show how it reads this statement, so it is shipped only as it is written";
        let problem = self.file.source.problem(range.clone(), message);
        problem
            .note("reason", refusal.message())
            .remedy("write it in one line, without comments and parameters")
    }
}

/// What PostgreSQL takes for white space.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// What is different in the list of two trees that `text` is: what is shipped, and what is written.
fn difference(text: &str) -> Option<String> {
    if are_equal(text) {
        return None;
    }
    let words = words(text);
    let start = words.iter().position(|word| *word != "(").unwrap_or(0);
    let inner = &words[start..words.len().saturating_sub(start).max(start)];
    let (shipped, written) = inner.split_at(end_of_value(inner));
    let mut pairs = shipped.iter().zip(written);
    match pairs.position(|(shipped, written)| shipped != written) {
        None if !shipped.is_empty() && shipped.len() == written.len() => None,
        None => Some("they are not one statement each".to_owned()),
        Some(at) => {
            let mut fields = shipped[..at].iter().rev();
            let field = fields.find_map(|word| word.strip_prefix(':'));
            Some(format!(
                "`{}` is written, and `{}` would be shipped ({})",
                written[at],
                shipped[at],
                field.unwrap_or("statement")
            ))
        }
    }
}

/// How many of `words` are its first value.
fn end_of_value(words: &[&str]) -> usize {
    let mut depth = 0_usize;
    let end = words.iter().position(|word| {
        match *word {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    end.map_or(words.len(), |end| end + 1)
}

/// PostgreSQL 17 keeps no places: the list of two trees is then twice the same text.
fn are_equal(text: &str) -> bool {
    let inner = text.trim_start_matches('(').trim_end_matches(')');
    let middle = inner.len() / 2;
    inner.len() % 2 == 1
        && inner.as_bytes()[middle] == b' '
        && inner.as_bytes()[..middle] == inner.as_bytes()[middle + 1..]
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn trees_are_equal_but_for_the_places_in_the_text() {
        let tree = |name: &str, place: i32| {
            format!(
                "{{QUERY :sql ({{CONST :value 4 [ 1 0 ] :location {place}}}) :name {name} :stmt_location {place} :stmt_len 0}}"
            )
        };
        for (first, second) in [
            (tree("a", -1), tree("a", -1)),
            (tree("a", 1), tree("a", 30)),
        ] {
            assert_eq!(difference(&format!("(({first} {second}))")), None);
        }
        let other = format!("(({} {}))", tree("a", 1), tree("a\\ b", 30));
        assert_eq!(
            difference(&other).as_deref(),
            Some("`a\\ b` is written, and `a` would be shipped (name)")
        );
        let constant = other.replacen("1 0", "1 1", 1).replace("a\\ b", "a");
        assert_eq!(
            difference(&constant).as_deref(),
            Some("`0` is written, and `1` would be shipped (value)")
        );
    }

    #[test]
    fn what_is_not_two_trees_is_not_equal() {
        let tree = "{QUERY :sql <>}";
        for text in [
            String::new(),
            format!("(({tree}))"),
            format!("(({tree} {tree} {tree}))"),
            format!("(({tree}) ({tree}))"),
            format!("(({tree} {{QUERY :sql <> :more 1}}))"),
        ] {
            assert!(difference(&text).is_some(), "{text}");
        }
    }
}

#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests_with_postgresql {
    use std::sync::Arc;

    use super::Comparison;
    use crate::query_file;
    use crate::scratch::Scratch;
    use crate::shipped::Shipped;
    use crate::source::Source;

    /// What is said of a file with one query if `shipped` were shipped for it.
    fn said(scratch: &Scratch, written: &str, shipped: &str) -> Option<String> {
        let source = Arc::new(Source {
            name: "queries/one.sql".to_owned(),
            text: format!("--- One.\n--! one\n{written};\n"),
        });
        let file = query_file::parse(source, vec!["one".to_owned()], &mut Vec::new());
        let query = &file.queries[0];
        let mut other = Shipped::of(&file.source, query);
        other.sql = shipped.to_owned();
        let comparison = Comparison {
            number: 0,
            head: "create function pg_temp.query_build_0(int) returns void begin atomic "
                .to_owned(),
            file: &file,
            query,
            shipped: &other,
            written: Shipped::as_written(&file.source, query),
        };
        let asked = scratch.runtime.block_on(comparison.read(&scratch.client));
        let (_, problem) = asked.expect("a connection");
        problem.map(|problem| problem.to_string())
    }

    #[test]
    fn what_would_be_shipped_in_another_way_is_refused_by_its_tree() {
        let directory = tempfile::tempdir().expect("a directory");
        let scratch = Scratch::start(directory.path()).expect("an embedded PostgreSQL");
        let said = |written: &str, shipped: &str| said(&scratch, written, shipped);
        // The same tree, though the text is another one.
        assert_eq!(
            said("select 1 -- a;b\n as one", "select 1     as one"),
            None
        );
        assert_eq!(said("select :n -- c\n as n", "select $1 as n"), None);
        insta::assert_snapshot!(
            [
                ("select 'a\n b' as one", "select 'a b' as one"),
                ("select 'a' as one", "select 'a' as won"),
                ("select 1 as one", "select 1::bigint as one"),
                ("select 1 as a\u{a0}\n", "select 1 as a"),
                ("select 'a'\n'b' as one", "select 'a' as one"),
                ("select 1 as one\n, 2 as two", "select 1 as one"),
                ("select 1 -/*-*/- 1 as one frm", "select 1 - - 1 as one"),
                ("listen\none", "listen one"),
            ]
            .map(|(written, shipped)| said(written, shipped).unwrap_or_default())
            .join("\n\n")
        );
    }
}
