//! The values of header keys. Each function gives what was meant, or what would be right.

use std::time::Duration;

use super::Allow;

/// Words that name revisions already, so that no branch can be called so.
const RESERVED: [&str; 5] = ["head", "heads", "base", "current", "none"];

/// `20251122090000, 20251123100000`, or `none`.
pub(super) fn ids(value: &str) -> Result<Vec<i64>, String> {
    if value == "none" {
        return Ok(Vec::new());
    }
    let mut ids = Vec::new();
    for word in value.split(',').map(str::trim) {
        let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        let id = digits.then(|| word.parse().ok()).flatten();
        let id = id.ok_or("write full revision ids, separated by commas, or `none`")?;
        if ids.contains(&id) {
            return Err(format!("{id} is named twice"));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// A branch label: a word that cannot be taken for an id or for another name of a revision.
pub(super) fn label(value: &str) -> Result<String, String> {
    let mut chars = value.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if !starts || !chars.all(|c| c.is_alphanumeric() || c == '_' || c == '.') {
        return Err("a label is one word: a letter, then letters, digits, `_` and `.`".to_owned());
    }
    if RESERVED.contains(&value) {
        return Err(format!(
            "`{value}` already means something; choose another label"
        ));
    }
    Ok(value.to_owned())
}

/// A time as PostgreSQL's settings take it: `500ms`, `5s`, `2min`, `1h`; a bare number is milliseconds.
pub(super) fn duration(value: &str) -> Result<Duration, String> {
    let help = || "write a number and one of `ms`, `s`, `min`, `h`, such as `2s`".to_owned();
    let value = value.trim_matches('\'');
    let split = value
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(split);
    let number: u64 = number.parse().map_err(|_| help())?;
    let unit_ms = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err(help()),
    };
    // The largest value PostgreSQL accepts for lock_timeout.
    let ms = number
        .checked_mul(unit_ms)
        .filter(|&ms| ms <= i32::MAX as u64);
    ms.map(Duration::from_millis)
        .ok_or_else(|| "that is more than PostgreSQL's limit of 24 days".to_owned())
}

/// `irreversible: the reason`.
pub(super) fn irreversible(value: &str) -> Result<String, String> {
    let reason = value.strip_prefix("irreversible").map(str::trim_start);
    let reason = reason
        .and_then(|rest| rest.strip_prefix(':'))
        .map(str::trim);
    match reason {
        Some(reason) if !reason.is_empty() => Ok(reason.to_owned()),
        _ => Err("write `-- down: irreversible: ` and the reason, or a `.down.sql`".to_owned()),
    }
}

/// The rule, then the reason.
pub(super) fn allow(value: &str) -> Result<Allow, String> {
    let (rule, reason) = value.split_once([' ', ':', ',']).unwrap_or((value, ""));
    let reason = reason
        .trim_start_matches([' ', ':', ',', '-', '–', '—'])
        .trim();
    if rule.is_empty() || reason.is_empty() {
        return Err("write the rule and then why it does not matter here".to_owned());
    }
    Ok(Allow {
        rule: rule.to_owned(),
        reason: reason.to_owned(),
    })
}
