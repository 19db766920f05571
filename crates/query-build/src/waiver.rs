//! Waivers: `--# rule: reason` lines beside a query, which let it be what a rule refuses.
//!
//! Which rules there are is said here; what they find, where they are.

use std::ops::Range;

use crate::annotation::{Name, Unexpected};

/// What a waiver line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiver {
    pub(crate) rule: Rule,
    pub(crate) reason: String,
    /// The line, without its marker.
    pub(crate) range: Range<usize>,
}

/// What is waived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `--# full-scan: reason`: the query may read all of a table.
    FullScan,
    /// `--# not-null: column: reason`: the column is never null, although that cannot be proved.
    NotNull(Name),
}

/// Reads the `--#` line that lies at `line` in `text`; none if it is an attribute of Rust.
pub(crate) fn read(text: &str, line: Range<usize>) -> Option<Result<Waiver, Unexpected>> {
    let start = skip_space(text, line.start + 3, line.end);
    let (rule, mut at) = key(text, start, line.end)?;
    let rule_range = start..start + rule.len();
    let rule = match rule {
        "full-scan" => Rule::FullScan,
        "not-null" => {
            let column_at = skip_space(text, at, line.end);
            let Some((column, end)) = key(text, column_at, line.end) else {
                let expected = "the column, a colon and the reason";
                return Some(Err(unexpected(text, expected, column_at..line.end)));
            };
            at = end;
            Rule::NotNull(Name {
                text: column.trim_matches('"').to_owned(),
                range: column_at..column_at + column.len(),
            })
        }
        _ => {
            let expected = "`full-scan: reason` or `not-null: column: reason`";
            return Some(Err(unexpected(text, expected, rule_range)));
        }
    };
    let reason = text[at..line.end].trim();
    if reason.is_empty() {
        let end = text[..line.end].trim_end().len();
        return Some(Err(unexpected(text, "a reason", end..line.end)));
    }
    Some(Ok(Waiver {
        rule,
        reason: reason.to_owned(),
        range: start..text[..line.end].trim_end().len(),
    }))
}

fn skip_space(text: &str, start: usize, end: usize) -> usize {
    let rest = &text[start..end];
    start + (rest.len() - rest.trim_start().len())
}

/// A word and a colon, not two: the word, and where what follows starts. A path of Rust is no such thing.
fn key(text: &str, start: usize, end: usize) -> Option<(&str, usize)> {
    let rest = &text[start..end];
    let length = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"')? + 2,
        None => rest.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')?,
    };
    let after = rest[length..].strip_prefix(':')?;
    (length > 0 && !after.starts_with(':')).then(|| (&rest[..length], start + length + 1))
}

fn unexpected(text: &str, expected: &'static str, range: Range<usize>) -> Unexpected {
    let range = range.start..range.end.max(range.start).min(text.len());
    Unexpected { expected, range }
}

#[cfg(test)]
mod tests {
    use super::{Rule, read};

    fn rule(line: &str) -> Option<Result<(Rule, String), &'static str>> {
        let read = read(line, 0..line.len())?;
        Some(
            read.map(|waiver| (waiver.rule, waiver.reason))
                .map_err(|unexpected| unexpected.expected),
        )
    }

    #[test]
    fn a_waiver_has_a_rule_and_a_reason() {
        let full_scan = rule("--# full-scan: it is nightly: nobody waits");
        let reason = "it is nightly: nobody waits".to_owned();
        assert_eq!(full_scan, Some(Ok((Rule::FullScan, reason))));
        let Some(Ok((Rule::NotNull(column), reason))) = rule("--# not-null: ends_at: both are set")
        else {
            panic!("no waiver");
        };
        assert_eq!((column.text.as_str(), column.range), ("ends_at", 14..21));
        assert_eq!(reason, "both are set");
        assert_eq!(rule("--# full-scan:  "), Some(Err("a reason")));
        assert_eq!(rule("--# not-null: x:"), Some(Err("a reason")));
        assert_eq!(
            rule("--# not-null: because"),
            Some(Err("the column, a colon and the reason"))
        );
        assert!(matches!(rule("--# ful-scan: reason"), Some(Err(_))));
    }

    #[test]
    fn an_attribute_of_rust_is_none() {
        for line in [
            "--# derive(Eq)",
            "--# serde::skip",
            "--# doc = \"a: b\"",
            "--#",
        ] {
            assert_eq!(rule(line), None, "{line}");
        }
    }
}
