//! Who takes back the lock timeout that the migrator sets, and waivers that are not heard.

use std::time::Duration;

use crate::header::Key;
use crate::lexer::Lexer;
use crate::lint::words::Words;
use crate::lint::{Script, Violation};

/// squawk's name, for what is left of its rule: somebody who takes the timeout back.
const RULE: &str = "require-timeout-settings";

const FOR_EVER: &str = "without a lock timeout, a statement that waits for a lock waits as long as it takes, and everybody who comes after it waits for it";

pub(super) fn of_statement(words: &Words<'_>) -> Option<Violation> {
    let at = words.skip(1, &["session", "local"]);
    let is_set = words.is(0, "set")
        && words.is(at, "lock_timeout")
        && (words.is(at + 2, "default") || is_zero(words.text(at + 2)));
    let is_reset = words.is(0, "reset") && words.is_any(1, &["lock_timeout", "all"]);
    let found = |range| Violation::new(RULE, range, FOR_EVER);
    if is_set || is_reset {
        return found(words.range.clone());
    }
    let mut calls = (0..words.len()).filter(|&at| words.are(at, &["set_config", "("]));
    let call = calls.find(|&at| {
        words.is(at + 2, "'lock_timeout'") && words.is(at + 3, ",") && is_zero(words.text(at + 4))
    });
    call.and_then(|at| found(words.between(at, words.behind_brackets(at + 1))))
}

/// `0`, `'0'`, `'0s'`.
fn is_zero(value: &str) -> bool {
    let value = value.trim_matches('\'').trim();
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    !number.is_empty() && number.chars().all(|c| c == '0')
}

pub(super) fn of_header(script: &Script<'_>) -> Option<Violation> {
    let headers = script.revision.headers();
    let is_zero = headers.lock_timeout == Some(Duration::ZERO);
    let line = headers.line_of(Key::LockTimeout).filter(|_| is_zero)?;
    Violation::new(RULE, range_of_line(script.sql, line)?, FOR_EVER)
}

/// A line, counted from 1, without the blanks around it.
fn range_of_line(sql: &str, line: usize) -> Option<std::ops::Range<usize>> {
    let text = sql.split('\n').nth(line.checked_sub(1)?)?;
    let start = text.as_ptr() as usize - sql.as_ptr() as usize;
    let indent = text.len() - text.trim_start().len();
    Some(start + indent..start + text.trim_end().len())
}

pub(super) fn squawks_waivers(script: &Script<'_>) -> Vec<Violation> {
    let comments = Lexer::new(script.sql, 0).filter(crate::lexer::Token::is_comment);
    let ours = comments.filter(|comment| {
        let text = comment.text(script.sql);
        let text = text.trim_start_matches(['-', '/', '*']).trim_start();
        text.starts_with("squawk-ignore")
    });
    let reason = "squawk's own waivers, which give no reason, are not heard";
    ours.filter_map(|it| Violation::new("unused-ignore", it.range, reason))
        .collect()
}
