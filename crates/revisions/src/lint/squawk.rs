//! squawk's linter on a script: its rules, told how the migrator runs the script, and without those of its findings that
//! are none here.
//!
//! squawk's lexer mistakes escape strings and dollar quotes, so it gets the text with what is in them blanked out, of the
//! same length. Comments are blanked out too, and so its own waivers in them, which give no reason, are not heard.

use squawk_linter::Linter;
use squawk_syntax::SourceFile;

use super::{Script, Violation};
use crate::generate::may_differ_by_row;
use crate::lexer::{Kind, Lexer, Token};

/// What squawk finds. It knows PostgreSQL 15, the oldest that is supported, unless it is told of another.
pub(super) fn violations(script: &Script<'_>) -> Vec<Violation> {
    let text = blanked(script.sql);
    let file = SourceFile::parse(&text);
    let mut linter = Linter::with_all_rules();
    linter.settings.assume_in_transaction = script.in_transaction;
    let found = linter.lint(&file, &text).into_iter().filter_map(|it| {
        let (start, end) = (it.text_range.start().into(), it.text_range.end().into());
        let violation = Violation::new(&it.code.to_string(), start..end, "")?;
        let reason = reason(violation.rule.name, &text[start..end], &it.message);
        Some(Violation {
            reason,
            ..violation
        })
    });
    let found: Vec<Violation> = found.filter(|it| is_meant(script, it)).collect();
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

/// Whether a finding holds for what the migrator does, and for PostgreSQL 15.
fn is_meant(script: &Script<'_>, violation: &Violation) -> bool {
    let text = &script.sql[violation.range.clone()];
    match violation.rule.name {
        // The migrator sets a lock timeout; `own` looks for who takes it back.
        "require-timeout-settings" => false,
        // Of names in its own comments, which it does not get.
        "unused-ignore" => false,
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
