//! squawk's linter on a script: its rules, told how the migrator runs the script, and without those of its findings that
//! are none here.
//!
//! squawk's lexer mistakes escape strings and dollar quotes, so it gets the text with what is in them blanked out, of the
//! same length. Comments are blanked out too, and so its own waivers in them, which give no reason, are not heard.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use squawk_linter::Linter;
use squawk_syntax::SourceFile;

use super::words::Words;
use super::{Script, Violation};
use crate::generate::may_differ_by_row;
use crate::lexer::{Kind, Lexer, Token};

/// What squawk finds. It knows PostgreSQL 15, the oldest that is supported, unless it is told of another.
pub(super) fn violations(script: &Script<'_>) -> Vec<Violation> {
    let text = blanked(script.sql);
    let found = match quietly(|| judge(script, &text)) {
        Some(found) => found,
        None => one_by_one(script, &text),
    };
    let found: Vec<Violation> = found
        .into_iter()
        .filter(|it| is_meant(script, it))
        .collect();
    let is_specific = |it: &Violation| {
        let names = [
            "adding-foreign-key-constraint",
            "adding-serial-primary-key-field",
            "disallowed-unique-constraint",
        ];
        names.contains(&it.rule.name)
    };
    // A key has a rule of its own: what can be done about it is another thing.
    let inner: Vec<_> = found.iter().filter(|it| is_specific(it)).collect();
    let inner: Vec<_> = inner.into_iter().map(|it| it.range.clone()).collect();
    let is_told_twice = |it: &Violation| {
        it.rule.name == "constraint-missing-not-valid"
            && inner
                .iter()
                .any(|inner| it.range.start <= inner.start && inner.end <= it.range.end)
    };
    let found = found.into_iter().filter(|it| !is_told_twice(it));
    found.collect()
}

/// squawk's findings in `text`, and which statements it does not understand.
fn judge(script: &Script<'_>, text: &str) -> Vec<Violation> {
    let file = SourceFile::parse(text);
    let mut linter = Linter::with_all_rules();
    linter.settings.assume_in_transaction = script.in_transaction;
    let found = linter.lint(&file, text).into_iter().filter_map(|it| {
        let (start, end) = (it.text_range.start().into(), it.text_range.end().into());
        let violation = Violation::new(&it.code.to_string(), start..end, "")?;
        let reason = reason(violation.rule.name, &text[start..end], &it.message);
        Some(Violation {
            reason,
            ..violation
        })
    });
    let mut found: Vec<Violation> = found.collect();
    let errors: Vec<usize> = file
        .errors()
        .iter()
        .map(|error| error.range().start().into())
        .collect();
    let mut start = 0;
    for words in &script.statements {
        // What is missing at its end is told of at the end, or behind it.
        let range = start..=words.range.end;
        if errors.iter().any(|at| range.contains(at)) {
            found.extend(unlinted(words));
        }
        start = words.range.end + 1;
    }
    found
}

/// Each statement by itself: what squawk cannot read is told of, and does not hide the rest.
fn one_by_one(script: &Script<'_>, text: &str) -> Vec<Violation> {
    let judged = script.statements.iter().map(|words| {
        let (before, after) = (&text[..words.range.start], &text[words.range.end..]);
        let mut alone = String::with_capacity(text.len());
        blank(&mut alone, before, ' ');
        alone.push_str(&text[words.range.clone()]);
        blank(&mut alone, after, ' ');
        let found = quietly(|| judge(script, &alone));
        found.unwrap_or_else(|| unlinted(words).into_iter().collect())
    });
    judged.flatten().collect()
}

fn unlinted(words: &Words<'_>) -> Option<Violation> {
    let reason = "squawk does not understand this statement, so its rules are not held against it";
    Violation::new("unlinted-statement", words.range.clone(), reason)
}

thread_local! {
    /// Whether a panic of this thread is expected, and handled.
    static IS_EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives; nothing if it panics, as squawk's parser does where it does not get on. That is not shown.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_EXPECTED.get() {
                hook(info);
            }
        }));
    });
    IS_EXPECTED.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_EXPECTED.set(false);
    done.ok()
}

/// Whether a finding holds for what the migrator does, and for PostgreSQL 15.
fn is_meant(script: &Script<'_>, violation: &Violation) -> bool {
    let text = &script.sql[violation.range.clone()];
    match violation.rule.name {
        // The migrator sets a lock timeout; `own` looks for who takes it back.
        "require-timeout-settings" => false,
        // Of names in its own comments, which it does not get.
        "unused-ignore" => false,
        // That to a savepoint ends nothing, nor does the end of a body.
        "transaction-nesting" => script.statements.iter().any(|words| {
            let is_partial = words.is(0, "rollback") && words.has("to");
            words.range.start == violation.range.start && !is_partial
        }),
        // squawk does not look into brackets, nor at arguments.
        "adding-field-with-default" => {
            let is_generated = text.to_ascii_lowercase().starts_with("generated");
            is_generated || may_differ_by_row(text)
        }
        "ban-alter-domain-with-add-constraint" => {
            !text.to_ascii_lowercase().trim_end().ends_with("not valid")
        }
        _ => true,
    }
}

/// squawk's reason without its last full stop; ours where squawk's is of something else, or leaves out what is lost.
fn reason(rule: &str, text: &str, message: &str) -> String {
    let ours = match rule {
        "adding-field-with-default" if !text.to_ascii_lowercase().starts_with("generated") => {
            "the default may be another one for each row, so all rows are written anew, and nobody reads or writes the table meanwhile"
        }
        "ban-drop-column" => {
            "the values of the column are lost, and programs that still use it fail"
        }
        "ban-drop-table" => "the rows of the table are lost, and programs that still use it fail",
        "ban-drop-database" => "the database is lost, with all that is in it",
        _ => message,
    };
    ours.trim_end_matches('.').to_owned()
}

/// `sql` without what is in comments, escape strings and dollar quotes; each byte stays where it is.
fn blanked(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut at = 0;
    for token in Lexer::new(sql, 0) {
        text.push_str(&sql[at..token.range.start]);
        push_blanked(&mut text, sql, &token);
        at = token.range.end;
    }
    text.push_str(&sql[at..]);
    text
}

fn push_blanked(text: &mut String, sql: &str, token: &Token) {
    let own = token.text(sql);
    let plain = own.starts_with('\'') && !own.contains('\\');
    match token.kind {
        Kind::LineComment | Kind::BlockComment => blank(text, own, ' '),
        Kind::Literal if !plain => {
            let start = own.find('\'').unwrap_or_default();
            blank(text, &own[..start], ' ');
            text.push('\'');
            blank(text, &own[start + 1..own.len() - 1], 'x');
            text.push('\'');
        }
        Kind::DollarQuote => {
            text.push('\'');
            blank(text, &own[1..own.len() - 1], 'x');
            text.push('\'');
        }
        _ => text.push_str(own),
    }
}

/// As many bytes, with the line ends where they were.
fn blank(text: &mut String, own: &str, with: char) {
    text.extend(own.bytes().map(|byte| match byte {
        b'\n' => '\n',
        _ => with,
    }));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::blanked;

    #[test]
    fn what_squawk_mistakes_is_blanked_out() {
        let sql = "select E'\\'', $a$ xa$ $a$, 'ü', U&'\\00fc' -- it's\n/* ' */;";
        let wanted = "select  'xx', 'xxxxxxxxx', 'ü',   'xxxxx'        \n       ;";
        assert_eq!(blanked(sql), wanted);
        assert_eq!(sql.len(), wanted.len());
    }

    proptest! {
        #[test]
        fn every_byte_and_line_stays_where_it_is(sql in "([a-z';$\\\\Eü\n-]|\\$a\\$|/\\*|\\*/){0,40}") {
            let text = blanked(&sql);
            prop_assert_eq!(text.len(), sql.len());
            let line_ends = |text: &str| text.match_indices('\n').map(|it| it.0).collect::<Vec<_>>();
            prop_assert_eq!(line_ends(&text), line_ends(&sql));
        }
    }
}
