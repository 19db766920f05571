//! What a statement is about: tables, indexes and materialized views, and which of them are new, so that nobody uses them.

use super::Script;
use super::words::{Name, Words};

/// The relations that were made so far.
#[derive(Debug, Default)]
pub(super) struct Made {
    names: Vec<Name>,
}

/// Which relations the statements of a script are about, and which of these are new.
pub(super) struct News {
    /// The end of each statement, how many relations it is about, and which of them are in use.
    statements: Vec<(usize, usize, Vec<Name>)>,
}

impl News {
    /// Whether the statement in which a byte lies is about new relations alone.
    pub(super) fn is_about_new(&self, at: usize) -> bool {
        self.statement(at)
            .is_some_and(|(_, count, in_use)| *count > 0 && in_use.is_empty())
    }

    /// The relations that are not new, of the statement in which a byte lies.
    pub(super) fn in_use(&self, at: usize) -> &[Name] {
        self.statement(at).map_or(&[], |(_, _, in_use)| in_use)
    }

    fn statement(&self, at: usize) -> Option<&(usize, usize, Vec<Name>)> {
        self.statements.iter().find(|(end, _, _)| at < *end)
    }
}

impl Made {
    /// Goes through a script, and remembers what it makes.
    pub(super) fn read(&mut self, script: &Script<'_>) -> News {
        let statements = script.statements.iter().map(|words| {
            let about = about(words);
            let count = about.len();
            let in_use: Vec<Name> = about.into_iter().filter(|it| !self.has(it)).collect();
            self.take(words, count > 0 && in_use.is_empty());
            (words.range.end, count, in_use)
        });
        News {
            statements: statements.collect(),
        }
    }

    fn has(&self, name: &Name) -> bool {
        self.names.iter().any(|made| made.may_be(name))
    }

    fn take(&mut self, words: &Words<'_>, is_about_new: bool) {
        self.names.extend(made(words));
        if let Some(name) = made_index(words).filter(|_| is_about_new) {
            self.names.push(name);
        }
        let renames = words.is(0, "alter") && is_about_new;
        let to = words.find(0, "rename").filter(|_| renames);
        if let Some((new, _)) = to
            .filter(|&at| words.is(at + 1, "to"))
            .and_then(|at| words.name(at + 2))
        {
            self.names.push(new);
        }
    }
}

/// The table or materialized view that a statement makes.
fn made(words: &Words<'_>) -> Option<Name> {
    if !words.is(0, "create") {
        return None;
    }
    let kinds = [
        "global",
        "local",
        "temporary",
        "temp",
        "unlogged",
        "foreign",
    ];
    let at = words.skip(1, &kinds);
    let at = match words.is(at, "table") {
        true => at + 1,
        false if words.are(at, &["materialized", "view"]) => at + 2,
        false => return None,
    };
    let at = words.skip(at, &["if", "not", "exists"]);
    words.name(at).map(|(name, _)| name)
}

fn made_index(words: &Words<'_>) -> Option<Name> {
    let at = index_at(words)?;
    let at = words.skip(at, &["concurrently", "if", "not", "exists"]);
    (!words.is(at, "on"))
        .then(|| words.name(at))?
        .map(|it| it.0)
}

/// Behind `create [unique] index`.
fn index_at(words: &Words<'_>) -> Option<usize> {
    let at = words.skip(1, &["unique"]);
    (words.is(0, "create") && words.is(at, "index")).then_some(at + 1)
}

/// The relations that a statement changes, or locks; none where that is not one of the statements that rules are about.
pub(super) fn about(words: &Words<'_>) -> Vec<Name> {
    let exists = ["concurrently", "if", "exists"];
    match words.text(0).to_ascii_lowercase().as_str() {
        "alter" => {
            let at = words.skip(1, &["foreign", "materialized"]);
            let is_relation = words.is_any(at, &["table", "view", "index"]);
            let at = words.skip(at + 1, &["if", "exists", "only"]);
            let name = words.name(at).filter(|_| is_relation);
            name.map(|(name, _)| name).into_iter().collect()
        }
        "create" => {
            let on = index_at(words).and_then(|at| words.find(at, "on"));
            let on = on.map(|on| words.skip(on + 1, &["only"]));
            let name = on.and_then(|on| words.name(on));
            name.map(|(name, _)| name).into_iter().collect()
        }
        "drop" => {
            let at = words.skip(1, &["foreign", "materialized"]);
            match words.is_any(at, &["table", "view", "index"]) {
                true => words.names(words.skip(at + 1, &exists)),
                false => Vec::new(),
            }
        }
        "truncate" | "lock" => words.names(words.skip(1, &["table"])),
        "update" => words.names(1),
        "delete" => words.names(words.skip(1, &["from"])),
        "refresh" => words.names(words.skip(1, &["materialized", "view", "concurrently"])),
        "vacuum" | "cluster" => {
            let options = ["full", "freeze", "verbose", "analyze"];
            words.names(words.skip(words.behind_brackets(1), &options))
        }
        "reindex" => {
            let at = words.behind_brackets(1);
            match words.is_any(at, &["table", "index"]) {
                true => words.names(words.skip(at + 1, &exists)),
                false => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}
