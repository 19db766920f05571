//! Expressions in one form, where PostgreSQL has several for the same.
//!
//! What it writes is not always what it would write after reading that: `x between 1 and 2 and y` becomes
//! `((a AND b) AND c)`, and that, when it is read, `(a AND b AND c)`; `x in ('a')` on a varchar becomes
//! `(ARRAY[…])::text[]`, and that an array whose items are cast; `null` in the second part of a `union` becomes
//! `NULL::integer`, and that `NULL::integer AS int4`. Whoever runs the definitions of a snapshot has to get the
//! same snapshot.

use crate::lexer::{Kind, Lexer, Token};

/// An expression, or a definition with expressions in it, in its one form.
pub(super) fn canonical(sql: &str) -> String {
    casts_inside_arrays(&without_names_of_types(&flat(sql)))
}

/// The definition of extended statistics with their columns by name: PostgreSQL has them in the order of the table.
pub(super) fn statistics(sql: &str) -> String {
    let parts = sql
        .split_once(" ON ")
        .and_then(|(head, rest)| Some((head, rest.rsplit_once(" FROM ")?)));
    let Some((head, (columns, table))) = parts else {
        return sql.to_owned();
    };
    let mut columns = crate::generate::items(columns);
    columns.sort_unstable();
    format!("{head} ON {} FROM {table}", columns.join(", "))
}

/// A pair of brackets.
struct Group {
    parent: Option<usize>,
    open: usize,
    close: Option<usize>,
    /// The `and` or `or` between its operands.
    connective: Option<&'static str>,
}

/// Without the brackets around an `and` that is an operand of an `and`, and the same for `or`.
fn flat(sql: &str) -> String {
    let tokens: Vec<Token> = Lexer::new(sql, 0).collect();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(sql));
    let mut groups: Vec<Group> = Vec::new();
    let mut current: Option<usize> = None;
    for at in 0..tokens.len() {
        match text(at) {
            "(" => {
                groups.push(Group {
                    parent: current,
                    open: at,
                    close: None,
                    connective: None,
                });
                current = Some(groups.len() - 1);
            }
            ")" => {
                if let Some(group) = current.and_then(|index| groups.get_mut(index)) {
                    group.close = Some(at);
                    current = group.parent;
                }
            }
            word @ ("AND" | "OR") => {
                if let Some(group) = current.and_then(|index| groups.get_mut(index)) {
                    group.connective = Some(if word == "AND" { "AND" } else { "OR" });
                }
            }
            _ => {}
        }
    }
    let mut left_out = vec![false; tokens.len()];
    for group in &groups {
        let (Some(close), Some(connective)) = (group.close, group.connective) else {
            continue;
        };
        let parent = group.parent.and_then(|index| groups.get(index));
        let same = parent.is_some_and(|parent| parent.connective == Some(connective));
        let before = group.open.checked_sub(1).map_or("", text);
        let is_operand = (before == "(" || before == connective)
            && (text(close + 1) == ")" || text(close + 1) == connective);
        if same && is_operand {
            left_out[group.open] = true;
            left_out[close] = true;
        }
    }
    let mut written = String::with_capacity(sql.len());
    let mut end = 0;
    for (at, token) in tokens.iter().enumerate() {
        written.push_str(&sql[end..token.range.start]);
        if !left_out[at] {
            written.push_str(token.text(sql));
        }
        end = token.range.end;
    }
    written.push_str(&sql[end..]);
    written
}

/// `(ARRAY[a, b])::text[]` as `ARRAY[(a)::text, (b)::text]`.
fn casts_inside_arrays(sql: &str) -> String {
    let tokens: Vec<Token> = Lexer::new(sql, 0).collect();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(sql));
    let mut written = String::with_capacity(sql.len());
    let (mut at, mut end) = (0, 0);
    while at < tokens.len() {
        if let Some((items, kind, next)) = cast_array(&tokens, sql, at) {
            written.push_str(&sql[end..tokens[at].range.start]);
            let items = items.iter().map(|item| format!("({item})::{kind}"));
            written.push_str(&format!("ARRAY[{}]", items.collect::<Vec<_>>().join(", ")));
            end = tokens[next - 1].range.end;
            at = next;
        } else {
            written.push_str(&sql[end..tokens[at].range.start]);
            written.push_str(text(at));
            end = tokens[at].range.end;
            at += 1;
        }
    }
    written.push_str(&sql[end..]);
    written
}

/// Without the name of a column that a cast literal has anyway, since it is that of the type.
fn without_names_of_types(sql: &str) -> String {
    let tokens: Vec<Token> = Lexer::new(sql, 0).collect();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(sql));
    let is_literal = |at: usize| {
        let kind = tokens.get(at).map(|token| token.kind);
        matches!(kind, Some(Kind::Literal | Kind::Number)) || text(at) == "NULL"
    };
    let mut written = String::with_capacity(sql.len());
    let mut end = 0;
    for at in (1..tokens.len()).filter(|at| text(*at) == "::") {
        let is_cast_literal = is_literal(at - 1)
            || at >= 3 && text(at - 1) == ")" && is_literal(at - 2) && text(at - 3) == "(";
        let Some(first) = tokens.get(at + 1).filter(|_| is_cast_literal) else {
            continue;
        };
        let is_type = |token: &&Token| {
            let word = token.text(sql);
            let is_name = matches!(token.kind, Kind::Word | Kind::QuotedName | Kind::Number);
            is_name && word != "AS" || matches!(word, "." | "(" | ")" | "," | "[" | "]")
        };
        let count = tokens[at + 1..].iter().take_while(is_type).count();
        let as_at = at + 1 + count;
        let (Some(last), Some(name)) = (tokens.get(as_at - 1), tokens.get(as_at + 1)) else {
            continue;
        };
        let type_name = &sql[first.range.start..last.range.end];
        if count > 0
            && text(as_at) == "AS"
            && name.text(sql).trim_matches('"') == column_of_type(type_name)
        {
            written.push_str(&sql[end..last.range.end]);
            end = name.range.end;
        }
    }
    written.push_str(&sql[end..]);
    written
}

/// How PostgreSQL calls a column that is a literal of a type.
fn column_of_type(name: &str) -> &str {
    let base = name.split(['(', '[']).next().unwrap_or_default().trim_end();
    match base {
        "smallint" => "int2",
        "integer" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" => "float8",
        "boolean" => "bool",
        "character varying" => "varchar",
        "character" => "bpchar",
        "bit varying" => "varbit",
        "timestamp" if name.ends_with("with time zone") => "timestamptz",
        "timestamp with time zone" => "timestamptz",
        "timestamp" | "timestamp without time zone" => "timestamp",
        "time" if name.ends_with("with time zone") => "timetz",
        "time with time zone" => "timetz",
        "time" | "time without time zone" => "time",
        _ => {
            let last = base.rsplit('.').next().unwrap_or_default();
            last.trim_matches('"')
        }
    }
}

/// The items and the type of a cast array that begins at a token, and the token after it.
fn cast_array<'a>(
    tokens: &[Token],
    sql: &'a str,
    start: usize,
) -> Option<(Vec<&'a str>, &'a str, usize)> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(sql));
    if (text(start), text(start + 1), text(start + 2)) != ("(", "ARRAY", "[") {
        return None;
    }
    let (mut depth, mut at, mut from) = (0_usize, start + 3, tokens.get(start + 3)?.range.start);
    let mut items = Vec::new();
    loop {
        match text(at) {
            "" => return None,
            "]" if depth == 0 => break,
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.checked_sub(1)?,
            "," if depth == 0 => {
                items.push(sql[from..tokens[at].range.start].trim());
                from = tokens[at].range.end;
            }
            _ => {}
        }
        at += 1;
    }
    items.push(sql[from..tokens[at].range.start].trim());
    if (text(at + 1), text(at + 2)) != (")", "::") {
        return None;
    }
    let first = at + 3;
    let is_name = |token: &&Token| {
        matches!(token.kind, Kind::Word | Kind::QuotedName) || token.text(sql) == "."
    };
    let count = tokens.get(first..)?.iter().take_while(is_name).count();
    let after = first + count;
    if count == 0 || (text(after), text(after + 1)) != ("[", "]") {
        return None;
    }
    let kind = &sql[tokens[first].range.start..tokens[after - 1].range.end];
    Some((items, kind, after + 2))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn nested_ands_and_ors_are_flat() {
        let flat = "CHECK ((a AND b AND c AND d))";
        assert_eq!(canonical("CHECK ((((a AND b) AND c) AND d))"), flat);
        assert_eq!(canonical("CHECK (((a AND b) AND (c AND d)))"), flat);
        assert_eq!(canonical(flat), flat);
        assert_eq!(
            canonical("((a OR (b AND c)) OR d)"),
            "(a OR (b AND c) OR d)"
        );
        for same in [
            "(f((a AND b)) AND c)",
            "((NOT (a AND b)) AND c)",
            "('((a AND b) AND c)')",
            "((a AND b) = c)",
        ] {
            assert_eq!(canonical(same), same);
        }
    }

    #[test]
    fn arrays_are_cast_item_by_item() {
        assert_eq!(
            canonical(
                "((x)::text = ANY ((ARRAY['a,'::character varying, 'b'::character varying])::text[]))"
            ),
            "((x)::text = ANY (ARRAY[('a,'::character varying)::text, ('b'::character varying)::text]))"
        );
        for same in [
            "(ARRAY[1, 2])[1]",
            "(ARRAY[1])::text",
            "ARRAY[f(1, 2)]",
            "(ARRAY[",
        ] {
            assert_eq!(canonical(same), same);
        }
    }

    #[test]
    fn a_literal_has_the_name_of_its_type_only_once() {
        assert_eq!(
            canonical(
                "SELECT NULL::integer AS int4, 'a'::text AS text, (5)::bigint AS int8, 'b'::public.m[] AS m, NULL::interval AS \"interval\""
            ),
            "SELECT NULL::integer, 'a'::text, (5)::bigint, 'b'::public.m[], NULL::interval"
        );
        for same in [
            "SELECT NULL::integer AS id",
            "SELECT a.x::text AS text",
            "SELECT ('a'::text || 'b'::text) AS text",
            "SELECT CAST('a'::text AS name)",
        ] {
            assert_eq!(canonical(same), same);
        }
    }
}
