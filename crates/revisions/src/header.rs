//! The comment block that opens a migration: its message, and its `-- key: value` lines.
//!
//! Nothing here looks at other files: whether a parent exists is decided in `graph.rs`.

use std::time::Duration;

use crate::source_error::{Location, SourceError};

pub(crate) mod line;
mod value;

use line::{KeyLine, key_of};

/// What the comment block at the head of a script says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// `revises:` the parents; `Some` of an empty list is `none`, `None` is the default: the revision before it.
    pub revises: Option<Vec<i64>>,
    /// `branch:` a label for the branch that starts here.
    pub branch: Option<String>,
    /// `depends-on:` revisions that have to be applied before this one, and are not its parents.
    pub depends_on: Vec<i64>,
    /// `transaction: none` runs the statements one by one, outside a transaction.
    pub transaction: Transaction,
    /// `repeat: until-no-rows` runs the statement again and again.
    pub repeat: Option<Repeat>,
    /// `lock-timeout:` how long a statement waits for a lock; zero is for ever.
    pub lock_timeout: Option<Duration>,
    /// `down: irreversible: reason`: why there is no way back.
    pub irreversible: Option<String>,
    /// `allow:` lint rules that are waived.
    pub allow: Vec<Allow>,
    /// The first sentence of the block, without its full stop.
    pub(crate) message: Option<String>,
    /// The lines of `revises` and `depends-on`, for messages.
    pub(crate) lines: Vec<(Key, usize)>,
}

/// In how many transactions a script runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transaction {
    /// All of it in one, together with its row in the history.
    #[default]
    One,
    /// Each statement by itself, for what cannot run inside of one (`create index concurrently`). How far it came is
    /// noted in a table, with which an interrupted run is gone on with. Of the statement that was under way it is not
    /// known whether it was done if it cannot run in a transaction: let it be harmless to repeat (`if not exists`).
    None,
}

/// When a script is run more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Again and again, each run committed, until it changes no row.
    UntilNoRows,
}

/// A lint rule that a revision waives, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The name of the rule.
    pub rule: String,
    /// Why it does not matter here.
    pub reason: String,
}

/// A key of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Revises,
    Branch,
    DependsOn,
    Transaction,
    Repeat,
    LockTimeout,
    Down,
    Allow,
}

const KEYS: [(Key, &str); 8] = [
    (Key::Revises, "revises"),
    (Key::Branch, "branch"),
    (Key::DependsOn, "depends-on"),
    (Key::Transaction, "transaction"),
    (Key::Repeat, "repeat"),
    (Key::LockTimeout, "lock-timeout"),
    (Key::Down, "down"),
    (Key::Allow, "allow"),
];

/// Which script a header opens: a down script says less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Up,
    Down,
}

impl Headers {
    /// Reads the comment block at the head of `sql`, the content of `file`.
    pub(crate) fn parse(file: &str, sql: &str, script: Script) -> Result<Self, Box<SourceError>> {
        let mut headers = Self::default();
        let mut prose = Prose::default();
        for (index, line) in sql.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                prose.end_paragraph();
                continue;
            }
            let Some(comment) = line.strip_prefix("--") else {
                break;
            };
            let comment = comment.trim();
            let refuse = |part: &str, message: String, help: String| {
                let location = Location::of_part(sql, index + 1, part);
                Box::new(SourceError::at(file, location, message).remedy(help))
            };
            match key_of(comment, &KEYS) {
                KeyLine::Prose => prose.add(comment),
                KeyLine::Misspelt { written, meant } => {
                    return Err(refuse(
                        written,
                        format!("`{written}` is not a key of the header"),
                        format!(
                            "write `-- {meant}:`, or reword the comment so that it does not start like a key"
                        ),
                    ));
                }
                KeyLine::Key(key, value) => {
                    prose.end_paragraph();
                    headers
                        .take(key, value, index + 1, script)
                        .map_err(|wrong| {
                            let part = if wrong.of_key { key.name() } else { value };
                            refuse(part, wrong.message, wrong.help)
                        })?;
                }
            }
        }
        headers.message = prose.first_sentence();
        Ok(headers)
    }

    /// The line on which `key` stands.
    pub(crate) fn line_of(&self, key: Key) -> Option<usize> {
        self.lines
            .iter()
            .find(|(written, _)| *written == key)
            .map(|(_, line)| *line)
    }

    fn take(&mut self, key: Key, value: &str, line: usize, script: Script) -> Result<(), Wrong> {
        let name = key.name();
        if script == Script::Down && !matches!(key, Key::Transaction | Key::LockTimeout) {
            return Err(Wrong {
                of_key: true,
                message: format!("`{name}` does not belong in a down script"),
                help: "write it in the script that applies the revision; a down script takes \
                       `transaction` and `lock-timeout`"
                    .to_owned(),
            });
        }
        if key != Key::Allow && self.line_of(key).is_some() {
            return Err(Wrong {
                of_key: true,
                message: format!("`{name}` is given twice"),
                help: "keep one of the lines".to_owned(),
            });
        }
        self.lines.push((key, line));
        let wrong = |help: &str| Wrong {
            of_key: value.is_empty(),
            message: format!("`{name}` cannot be `{value}`"),
            help: help.to_owned(),
        };
        match key {
            Key::Revises => self.revises = Some(value::ids(value).map_err(|help| wrong(&help))?),
            Key::DependsOn => self.depends_on = value::ids(value).map_err(|help| wrong(&help))?,
            Key::Branch => self.branch = Some(value::label(value).map_err(|help| wrong(&help))?),
            Key::Transaction if value == "none" => self.transaction = Transaction::None,
            Key::Transaction => {
                return Err(wrong(
                    "only `-- transaction: none` is known; without the line there is one transaction",
                ));
            }
            Key::Repeat if value == "until-no-rows" => self.repeat = Some(Repeat::UntilNoRows),
            Key::Repeat => return Err(wrong("only `-- repeat: until-no-rows` is known")),
            Key::LockTimeout => {
                self.lock_timeout = Some(value::duration(value).map_err(|help| wrong(&help))?);
            }
            Key::Down => {
                self.irreversible = Some(value::irreversible(value).map_err(|help| wrong(&help))?);
            }
            Key::Allow => self
                .allow
                .push(value::allow(value).map_err(|help| wrong(&help))?),
        }
        Ok(())
    }
}

/// What is wrong with a line of the header.
struct Wrong {
    /// Whether it is its key, and not its value.
    of_key: bool,
    message: String,
    help: String,
}

impl Key {
    pub(crate) fn name(self) -> &'static str {
        KEYS.iter()
            .find(|(key, _)| *key == self)
            .map_or("", |(_, name)| name)
    }
}

/// The first paragraph of the comment block.
#[derive(Default)]
struct Prose {
    text: String,
    ended: bool,
}

impl Prose {
    fn add(&mut self, line: &str) {
        // A line of dashes or other signs is an ornament.
        let ornament = !line.chars().any(char::is_alphanumeric);
        if self.ended || (ornament && self.text.is_empty()) {
            return;
        }
        if ornament {
            return self.end_paragraph();
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(line);
    }

    fn end_paragraph(&mut self) {
        self.ended = !self.text.is_empty();
    }

    /// Up to the first full stop that ends a sentence: one before the end, or before a blank and a capital. So
    /// `e.g. this` does not end it. A colon or a full stop at the end is left out.
    fn first_sentence(&self) -> Option<String> {
        let text = &self.text;
        let ends = |at: usize, c: char| {
            let mut rest = text[at + c.len_utf8()..].chars();
            match (c, rest.next()) {
                ('。' | '！' | '？', _) | ('.' | '!' | '?', None) => true,
                ('.' | '!' | '?', Some(' ')) => rest.next().is_none_or(|next| !next.is_lowercase()),
                _ => false,
            }
        };
        let end = text.char_indices().find(|&(at, c)| ends(at, c));
        let sentence = end.map_or(text.as_str(), |(at, c)| &text[..at + c.len_utf8()]);
        let sentence = sentence.trim_end_matches(['.', '。', ':']).trim();
        (!sentence.is_empty()).then(|| sentence.to_owned())
    }
}
