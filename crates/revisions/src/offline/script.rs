//! The text of one revision in a script for psql: its statements, in a transaction, one by one, or in batches.

use std::fmt::Write as _;
use std::time::Duration;

use crate::lexer::{Kind, Lexer, Token};
use crate::migrator::{Error, Script};
use crate::quoting;
use crate::source_error::{Location, SourceError};
use crate::statements;

/// The script as it is, with a semicolon at its end.
pub(super) fn push_script(out: &mut String, sql: &str) {
    out.push_str(sql.trim_end());
    out.push('\n');
    let last = Lexer::new(sql, 0)
        .filter(|token| !token.is_comment())
        .last();
    if last.is_some_and(|token| token.kind != Kind::Semicolon) {
        out.push_str(";\n");
    }
}

/// The statements of a script outside of a transaction; those that only wait for older transactions, as long as it
/// takes: what nobody waits behind.
pub(super) fn push_one_by_one(out: &mut String, sql: &str, timeout: Duration, is_own: bool) {
    let set = |out: &mut String, timeout: Duration| {
        let _ = writeln!(out, "set lock_timeout = {};", timeout.as_millis());
    };
    set(out, timeout);
    let mut from = 0;
    for statement in statements::split(sql) {
        let end = statement.range.end;
        let waits = statement.is_concurrent_on_index() && !is_own;
        if waits {
            set(out, Duration::ZERO);
        }
        let text = sql[from..end].trim_start_matches(';').trim();
        let _ = writeln!(out, "{text};");
        if waits {
            set(out, timeout);
        }
        from = end;
    }
}

/// A loop that commits each turn.
pub(super) fn push_batches(out: &mut String, sql: &str) {
    let (outer, inner) = (
        quoting::free_tag("batches", sql),
        quoting::free_tag("statement", sql),
    );
    let _ = writeln!(
        out,
        "do {outer}\n\
         declare\n    \
             changed int8;\n\
         begin\n    \
             loop\n        \
                 execute {inner}\n{}\n{inner};\n        \
                 get diagnostics changed = row_count;\n        \
                 commit;\n        \
                 exit when changed = 0;\n    \
             end loop;\n\
         end {outer};",
        sql.trim()
    );
}

/// What puts back the settings that a script changes for good. The role is not among those that `reset all` resets; it is
/// reset if it looks as if it was changed, also from within a block or a function, so the text is searched and not its
/// words.
pub(super) fn settle(sql: &str) -> String {
    let sql = sql.to_lowercase();
    let mentions = |words: &[&str]| words.iter().any(|word| sql.contains(word));
    let mut settle = String::new();
    for (setting, words) in [
        // First, since it changes the role.
        ("session authorization", &["authorization"][..]),
        ("role", &["role", "authorization"]),
    ] {
        if mentions(words) || mentions(&["set_config"]) {
            let _ = writeln!(settle, "reset {setting};");
        }
    }
    // `\encoding` at the head of the script has set it.
    settle.push_str("reset all;\nset client_encoding = 'UTF8';\n");
    settle
}

/// What psql takes for its own outside of quotes, while PostgreSQL is sent it as it is: variables and commands.
pub(super) fn refuse_what_psql_replaces(script: &Script<'_>) -> Result<(), Error> {
    let mut tokens = Lexer::new(script.sql, 0).peekable();
    while let Some(token) = tokens.next() {
        let next = tokens.peek();
        let next = next.filter(|next| next.range.start == token.range.end);
        let (message, help) = match (token.kind, token.text(script.sql)) {
            (Kind::Parameter, variable) => (
                format!("psql would put the value of a variable for `{variable}`"),
                "write a blank after the colon",
            ),
            // `:'name'`, `:"name"` and `:{?name}`.
            (Kind::Symbol, ":") if next.is_some_and(|next| is_named(script.sql, next)) => (
                "psql would put the value of a variable for what comes after the colon".to_owned(),
                "write a blank after the colon",
            ),
            (Kind::Symbol, text) if text.starts_with('\\') => (
                "psql would take what comes after the backslash for a command of its own"
                    .to_owned(),
                "remove it: a migration is SQL and nothing else",
            ),
            _ => continue,
        };
        let place = Location::of_byte(script.sql, token.range.start);
        let error = SourceError::at(script.path, place, message).remedy(help);
        return Err(Error::Failed(Box::new(error)));
    }
    Ok(())
}

/// Whether psql finds the name of a variable in what follows a colon.
fn is_named(sql: &str, token: &Token) -> bool {
    token.text(sql).starts_with(['\'', '"', '{'])
}

/// In a script, what a file leaves open would swallow what comes after it.
pub(super) fn refuse_unterminated(script: &Script<'_>) -> Result<(), Error> {
    let open = Lexer::new(script.sql, 0).find(|token| token.kind == Kind::Unterminated);
    let Some(open) = open else { return Ok(()) };
    let place = Location::of_byte(script.sql, open.range.start);
    let error = SourceError::at(script.path, place, "what begins here does not end");
    let help = "close the quote or the comment";
    Err(Error::Failed(Box::new(error.remedy(help))))
}
