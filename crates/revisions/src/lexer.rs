//! Where one SQL statement ends and the next begins.
//!
//! The rules are PostgreSQL's own (`scan.l`), and psql's for the body of `create function … begin atomic`
//! (`psqlscan.l`). The crates that could do this either need a C library or mistake an escape string or a
//! dollar quote (squawk-lexer 2.44 on `E'\''` and on `$a$ xa$ $a$`), so it is done here; property tests hold it.

use std::ops::Range;

/// A piece of SQL text that means something by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key word or an unquoted name.
    Word,
    /// A string, in quotes of any kind, or a quoted name.
    Quoted,
    /// `$tag$ … $tag$`.
    DollarQuoted,
    /// A comment, or blanks.
    Space,
    Semicolon,
    Open,
    Close,
    /// Anything else: numbers, operators.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
}

/// The tokens of `sql`. They cover it without a gap; one that is never closed goes to the end.
pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = Token> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = sql.get(at..).filter(|rest| !rest.is_empty())?;
        let (kind, length) = first_token(rest);
        let range = at..at + length;
        at = range.end;
        Some(Token { kind, range })
    })
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}

/// The first token of a text that is not empty, and its length in bytes.
fn first_token(rest: &str) -> (Kind, usize) {
    let length_while = |wanted: fn(char) -> bool| rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    let Some(first) = rest.chars().next() else {
        return (Kind::Other, 0);
    };
    match first {
        ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' => (
            Kind::Space,
            length_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')),
        ),
        '-' if rest.starts_with("--") => {
            (Kind::Space, rest.find(['\n', '\r']).unwrap_or(rest.len()))
        }
        '/' if rest.starts_with("/*") => (Kind::Space, block_comment(rest)),
        '\'' => (Kind::Quoted, quoted(rest, 0, '\'', false)),
        '"' => (Kind::Quoted, quoted(rest, 0, '"', false)),
        'e' | 'E' if rest[1..].starts_with('\'') => (Kind::Quoted, quoted(rest, 1, '\'', true)),
        '$' => dollar(rest),
        ';' => (Kind::Semicolon, 1),
        '(' => (Kind::Open, 1),
        ')' => (Kind::Close, 1),
        // A number takes the letters behind it along (`1e5`, `0x1f`), so that they are no words.
        '0'..='9' => (Kind::Other, length_while(|c| is_word(c) && c != '$')),
        c if is_word_start(c) => (Kind::Word, length_while(is_word)),
        c => (Kind::Other, c.len_utf8()),
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = rest[at..].find(['/', '*']) {
        at += found;
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The end of what is quoted from the byte `start` on. A doubled quote stands for itself; with `escapes`, a
/// backslash takes the character after it along.
fn quoted(rest: &str, start: usize, quote: char, escapes: bool) -> usize {
    let mut chars = rest.char_indices().skip(start + 1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes {
            chars.next();
        } else if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    chars.next();
                }
                _ if escapes && continues(&rest[at + 1..]) => {
                    // On the next line the string goes on, and its backslashes still escape.
                    chars.by_ref().find(|&(_, next)| next == quote);
                }
                _ => return at + 1,
            }
        }
    }
    rest.len()
}

/// Whether what comes after a closed string is a line end and then another one, which PostgreSQL takes for its
/// continuation.
fn continues(rest: &str) -> bool {
    let after = rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    after.starts_with('\'') && rest[..rest.len() - after.len()].contains(['\n', '\r'])
}

/// `$tag$ … $tag$`, or a parameter such as `$1`, or a lonely dollar.
fn dollar(rest: &str) -> (Kind, usize) {
    let tag_length = rest[1..]
        .find(|c| !(is_word(c) && c != '$'))
        .map(|length| length + 1);
    let opening = match tag_length {
        Some(end) if rest[end..].starts_with('$') => &rest[..=end],
        _ => return (Kind::Other, 1),
    };
    if opening[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return (Kind::Other, 1);
    }
    let body = opening.len();
    let length = rest[body..]
        .find(opening)
        .map_or(rest.len(), |end| body + end + opening.len());
    (Kind::DollarQuoted, length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, Token, tokens};

    /// The kinds of the tokens that are no blanks.
    fn kinds(sql: &str) -> Vec<Kind> {
        tokens(sql)
            .map(|token| token.kind)
            .filter(|&kind| kind != Kind::Space)
            .collect()
    }

    #[test]
    fn each_form_of_quoting_is_one_token() {
        for sql in [
            "'a;b'",
            "'a''; b'",
            "E'a\\'; b'",
            "e'\\\\'",
            "E'a' \n 'it\\'s; '",
            "\"a;\"\"b\"",
            "'a\nb;'",
            "'\\'",
        ] {
            assert_eq!(kinds(sql), [Kind::Quoted], "{sql}");
        }
        for sql in [
            "$$a;b$$",
            "$x$ $$ ; $y$ x$ $x$",
            "$é$;$é$",
            "$a$ xa$ ; $a$",
            "$_1$;$_1$",
        ] {
            assert_eq!(kinds(sql), [Kind::DollarQuoted], "{sql}");
        }
        assert_eq!(kinds("-- a\r;"), [Kind::Semicolon]);
        for sql in ["-- a;b", "/* a;b */", "/* /* ; */ ; */", "/* ' */", "-- '"] {
            assert!(kinds(sql).is_empty(), "{sql}");
        }
    }

    #[test]
    fn what_only_looks_like_quoting_is_none() {
        assert_eq!(
            kinds("a$b$c;$1;"),
            [
                Kind::Word,
                Kind::Semicolon,
                Kind::Other,
                Kind::Other,
                Kind::Semicolon
            ]
        );
        assert_eq!(
            kinds("'a' 'b\\';"),
            [Kind::Quoted, Kind::Quoted, Kind::Semicolon]
        );
        assert_eq!(kinds("name'x'"), [Kind::Word, Kind::Quoted]);
        assert_eq!(kinds("1e5;"), [Kind::Other, Kind::Semicolon]);
        assert_eq!(
            kinds("a/b-c"),
            [Kind::Word, Kind::Other, Kind::Word, Kind::Other, Kind::Word]
        );
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text_without_a_gap(sql in "([a-z0-9 ';$\"\\\\/*()\n-]|\\PC){0,60}") {
            let mut at = 0;
            for Token { range, .. } in tokens(&sql) {
                prop_assert_eq!(range.start, at);
                prop_assert!(range.end > at);
                prop_assert!(sql.is_char_boundary(range.end));
                at = range.end;
            }
            prop_assert_eq!(at, sql.len());
        }

        #[test]
        fn any_text_can_be_quoted(text in "\\PC{0,30}", tag in "[a-z_]{0,5}") {
            let string = format!("'{}'", text.replace('\'', "''"));
            prop_assert_eq!(kinds(&string), [Kind::Quoted]);
            let name = format!("\"{}\"", text.replace('"', "\"\""));
            prop_assert_eq!(kinds(&name), [Kind::Quoted]);
            let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
            prop_assert_eq!(kinds(&format!("E'{escaped}'")), [Kind::Quoted]);
            let quote = format!("${tag}$");
            prop_assume!(!format!("{text}$").contains(&quote));
            prop_assert_eq!(kinds(&format!("{quote}{text}{quote}")), [Kind::DollarQuoted]);
        }
    }
}
