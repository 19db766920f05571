//! SQL taken into tokens.

use proptest::prelude::*;
use revisions::lexer::{Kind, Lexer, Token};

fn tokens(sql: &str) -> Vec<(Kind, &str)> {
    Lexer::new(sql, 0)
        .map(|token| (token.kind, &sql[token.range]))
        .collect()
}

#[test]
fn a_cast_is_not_a_parameter() {
    assert_eq!(
        tokens(":id::text"),
        [
            (Kind::Parameter, ":id"),
            (Kind::Symbol, "::"),
            (Kind::Word, "text")
        ]
    );
}

#[test]
fn what_stands_in_a_literal_is_part_of_the_literal() {
    assert_eq!(
        tokens("'it''s :a; --' E'\\'' $q$ ; ' $q$ \"a;\"\"b\" date'x'"),
        [
            (Kind::Literal, "'it''s :a; --'"),
            (Kind::Literal, "E'\\''"),
            (Kind::DollarQuote, "$q$ ; ' $q$"),
            (Kind::QuotedName, "\"a;\"\"b\""),
            (Kind::Word, "date"),
            (Kind::Literal, "'x'"),
        ]
    );
}

#[test]
fn a_backslash_ends_nothing_in_a_plain_literal() {
    assert_eq!(
        tokens(r"'a\' || 'b'"),
        [
            (Kind::Literal, r"'a\'"),
            (Kind::Symbol, "||"),
            (Kind::Literal, "'b'")
        ]
    );
}

#[test]
fn block_comments_nest_and_stop_an_operator() {
    assert_eq!(
        tokens("1 +/* a /* ' */ b */ 2"),
        [
            (Kind::Number, "1"),
            (Kind::Symbol, "+"),
            (Kind::BlockComment, "/* a /* ' */ b */"),
            (Kind::Number, "2"),
        ]
    );
}

#[test]
fn what_never_ends_is_said_so() {
    for sql in ["'a", "\"a", "$$ a", "/* a", "E'\\"] {
        assert_eq!(tokens(sql), [(Kind::Unterminated, sql)]);
    }
}

/// The kinds of the tokens that are no comments.
fn kinds(sql: &str) -> Vec<Kind> {
    Lexer::new(sql, 0)
        .filter(|token| !token.is_comment())
        .map(|token| token.kind)
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
        "'a\nb;'",
        "'\\'",
    ] {
        assert_eq!(kinds(sql), [Kind::Literal], "{sql}");
    }
    for sql in [
        "$$a;b$$",
        "$x$ $$ ; $y$ x$ $x$",
        "$é$;$é$",
        "$a$ xa$ ; $a$",
        "$_1$;$_1$",
    ] {
        assert_eq!(kinds(sql), [Kind::DollarQuote], "{sql}");
    }
    assert_eq!(kinds("-- a\r;"), [Kind::Semicolon]);
    for sql in ["-- a;b", "/* a;b */", "/* /* ; */ ; */", "/* ' */", "-- '"] {
        assert!(kinds(sql).is_empty(), "{sql}");
    }
}

#[test]
fn what_only_looks_like_quoting_is_none() {
    assert_eq!(
        tokens("a$b$c;$1;"),
        [
            (Kind::Word, "a$b$c"),
            (Kind::Semicolon, ";"),
            (Kind::PositionalParameter, "$1"),
            (Kind::Semicolon, ";"),
        ]
    );
    assert_eq!(kinds("name'x'"), [Kind::Word, Kind::Literal]);
    assert_eq!(
        kinds("'a'\n'\\';"),
        [Kind::Literal, Kind::Literal, Kind::Semicolon]
    );
    assert_eq!(
        kinds("E'a' '\\';"),
        [Kind::Literal, Kind::Literal, Kind::Semicolon]
    );
    assert_eq!(kinds("1e5;"), [Kind::Number, Kind::Semicolon]);
    assert_eq!(
        tokens("a/b-c"),
        [
            (Kind::Word, "a"),
            (Kind::Symbol, "/"),
            (Kind::Word, "b"),
            (Kind::Symbol, "-"),
            (Kind::Word, "c"),
        ]
    );
}

proptest! {
    #[test]
    fn nothing_but_white_space_is_between_the_tokens_of_any_text(
        sql in "([a-z0-9 ';$\"\\\\/*()\n\r-]|\\PC){0,60}",
    ) {
        let is_space = |text: &str| text.bytes().all(|byte| byte.is_ascii_whitespace());
        let mut at = 0;
        for Token { range, .. } in Lexer::new(&sql, 0) {
            prop_assert!(is_space(&sql[at..range.start]));
            prop_assert!(range.end > range.start);
            prop_assert!(sql.is_char_boundary(range.end));
            at = range.end;
        }
        prop_assert!(is_space(&sql[at..]));
    }

    #[test]
    fn any_text_can_be_quoted(text in "\\PC{0,30}", tag in "[a-z_]{0,5}") {
        let string = format!("'{}'", text.replace('\'', "''"));
        prop_assert_eq!(kinds(&string), [Kind::Literal]);
        let name = format!("\"{}\"", text.replace('"', "\"\""));
        prop_assert_eq!(kinds(&name), [Kind::QuotedName]);
        let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
        prop_assert_eq!(kinds(&format!("E'{escaped}'")), [Kind::Literal]);
        let quote = format!("${tag}$");
        prop_assume!(!format!("{text}$").contains(&quote));
        prop_assert_eq!(kinds(&format!("{quote}{text}{quote}")), [Kind::DollarQuote]);
    }
}
