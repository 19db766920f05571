//! Where the columns of a result stand in a query file. PostgreSQL 17 does not say it any more.

use std::ops::Range;

use revisions::lexer::Token;

use crate::query_file::Query;
use crate::source::Source;

/// The places of the columns, if the list has one item for each; nothing where it has a `*`.
pub(crate) fn columns(source: &Source, query: &Query, count: usize) -> Vec<Range<usize>> {
    let items = items(source, query);
    if items.len() == count {
        items
    } else {
        Vec::new()
    }
}

/// The items behind the outermost `returning`, or else `select`.
fn items(source: &Source, query: &Query) -> Vec<Range<usize>> {
    let outermost = outermost(source, query);
    let is = |token: &Token, word: &str| token.text(&source.text).eq_ignore_ascii_case(word);
    let list = |word: &str| outermost.iter().position(|token| is(token, word));
    let Some(start) = list("returning").or_else(|| list("select")) else {
        return Vec::new();
    };
    let ends = [
        "from",
        "where",
        "group",
        "having",
        "order",
        "limit",
        "union",
        "intersect",
        "except",
        "for",
        "window",
        "offset",
        "fetch",
    ];
    let mut items = Vec::new();
    let mut item: Option<Range<usize>> = None;
    for token in &outermost[start + 1..] {
        if ends.iter().any(|end| is(token, end)) {
            break;
        }
        if is(token, ",") {
            items.extend(item.take());
            continue;
        }
        let start = item.map_or(token.range.start, |item| item.start);
        item = Some(start..token.range.end);
    }
    items.extend(item);
    items
}

/// The tokens that are in no brackets, the brackets included.
fn outermost<'a>(source: &Source, query: &'a Query) -> Vec<&'a Token> {
    let mut depth = 0_usize;
    let mut outermost = Vec::new();
    for token in query.tokens.iter().filter(|token| !token.is_comment()) {
        match token.text(&source.text) {
            "(" | "[" => {
                if depth == 0 {
                    outermost.push(token);
                }
                depth += 1;
            }
            ")" | "]" => depth = depth.saturating_sub(1),
            _ if depth == 0 => outermost.push(token),
            _ => {}
        }
    }
    outermost
}
