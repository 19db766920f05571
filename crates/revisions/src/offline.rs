//! Scripts for a database that cannot be reached from here: what an upgrade, a downgrade or a stamp would do, as SQL for
//! psql. Nothing here talks to a database.
//!
//! A script does what the migrator does, with the same history, and guards itself: it takes the migration lock, and
//! does nothing to a database that is not where it starts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use crate::history::{HISTORY_TABLE, delete_query, insert_query, table_query};
use crate::lexer::{Kind, Lexer};
use crate::migrator::{Error, LOCK_KEY, Mode, Options, Script, no_way_back};
use crate::names::TargetError;
use crate::position::Position;
use crate::revision::Revision;
use crate::revisions::Revisions;
use crate::source_error::{Location, SourceError};
use crate::statements;

/// Writes scripts of SQL instead of running revisions.
#[derive(Debug)]
pub struct Offline<'a> {
    revisions: &'a Revisions,
    options: &'a Options,
}

impl<'a> Offline<'a> {
    /// A writer of scripts. Of the options, the lock timeout of a statement is in them.
    #[must_use]
    pub fn new(revisions: &'a Revisions, options: &'a Options) -> Self {
        Self { revisions, options }
    }

    /// The script of an upgrade to `target`, from `start`, or from a database where nothing is applied.
    ///
    /// # Errors
    ///
    /// [`Error::Target`] if one of them is not known; [`Error::Failed`] for what cannot run in a script.
    pub fn upgrade(&self, start: Option<&str>, target: &str) -> Result<String, Error> {
        let position = self.position(start)?;
        let planned = position.upgrade(target)?;
        let mut out = self.head("upgrade", start, target);
        self.guard(&mut out, &position, &planned);
        for revision in planned {
            let script = Script::up(revision, &self.options.program);
            self.step(&mut out, revision, script, &insert_query(revision))?;
        }
        Ok(self.end(out))
    }

    /// The script of a downgrade from `start` to `target`.
    ///
    /// # Errors
    ///
    /// As [`Offline::upgrade`]; and [`Error::NoDownScript`] and [`Error::Irreversible`].
    pub fn downgrade(&self, start: &str, target: &str) -> Result<String, Error> {
        let position = self.position(Some(start))?;
        let planned = position.downgrade(target)?;
        let mut out = self.head("downgrade", Some(start), target);
        self.guard(&mut out, &position, &[]);
        for revision in planned {
            let script = Script::down(revision, &self.options.program);
            let script = script.ok_or_else(|| no_way_back(revision))?;
            self.step(&mut out, revision, script, &delete_query(revision.id()))?;
        }
        Ok(self.end(out))
    }

    /// The script that declares a database to be at `targets`, from `start`, or from one where nothing is applied.
    ///
    /// # Errors
    ///
    /// [`Error::Target`] if one of them is not known.
    pub fn stamp(&self, start: Option<&str>, targets: &[String]) -> Result<String, Error> {
        let position = self.position(start)?;
        let wanted = position.stamp(targets)?;
        let mut out = self.head("stamp", start, &targets.join(" "));
        self.guard(&mut out, &position, &[]);
        out.push_str("begin;\n");
        for id in position.applied().difference(&wanted) {
            let _ = writeln!(out, "{};", delete_query(*id));
        }
        let new = wanted.difference(position.applied());
        let new: BTreeSet<i64> = new.copied().collect();
        for revision in self.revisions.iter().filter(|it| new.contains(&it.id())) {
            let _ = writeln!(out, "{};", insert_query(revision));
        }
        out.push_str("commit;\n\n");
        Ok(self.end(out))
    }

    fn position(&self, start: Option<&str>) -> Result<Position<'a>, TargetError> {
        let program = &self.options.program;
        match start.filter(|start| !start.is_empty()) {
            None => Ok(Position::new(self.revisions, [], program)),
            Some(start) => Position::after(self.revisions, start, program),
        }
    }

    fn head(&self, command: &str, start: Option<&str>, target: &str) -> String {
        let start = start.map(|start| format!("{start}:")).unwrap_or_default();
        let line = format!("{} {command} {start}{target} --sql", self.options.program);
        format!(
            "-- {}\n-- For psql. It stops at the first error; what was committed before it stands.\n\
             \\set ON_ERROR_STOP on\n\n",
            line.replace(['\n', '\r'], " ")
        )
    }

    /// Statements that refuse a database on which another migrator works, or that is not where the script starts.
    fn guard(&self, out: &mut String, start: &Position<'_>, new: &[&Revision]) {
        let quiet = "set client_min_messages = warning";
        let make = table_query();
        let make = make.trim_end_matches(';');
        let _ = writeln!(out, "{quiet};\n{make};\nreset client_min_messages;\n");
        let tips: Vec<String> = self
            .revisions
            .tips(start.applied())
            .iter()
            .map(i64::to_string)
            .collect();
        let new: Vec<String> = new
            .iter()
            .map(|revision| revision.id().to_string())
            .collect();
        let list = |ids: &[String]| format!("array[{}]::int8[]", ids.join(", "));
        let _ = writeln!(
            out,
            "do $guard$\n\
             declare\n    \
                 at_start int8[] := {};\n    \
                 new int8[] := {};\n    \
                 found int8;\n\
             begin\n    \
                 if not pg_try_advisory_lock({LOCK_KEY}) then\n        \
                     raise exception 'another migrator is at work on this database';\n    \
                 end if;\n    \
                 select id into found from unnest(at_start) as id\n     \
                     where not exists (select from {HISTORY_TABLE} where version = id) limit 1;\n    \
                 if found is not null then\n        \
                     raise exception 'this script starts where the revision % is applied, and it is not', found;\n    \
                 end if;\n    \
                 select version into found from {HISTORY_TABLE} where version = any (new) limit 1;\n    \
                 if found is not null then\n        \
                     raise exception 'the revision %, which this script applies, is applied already', found;\n    \
                 end if;\n\
             end $guard$;\n",
            list(&tips),
            list(&new),
        );
    }

    fn end(&self, mut out: String) -> String {
        let _ = writeln!(
            out,
            "do $$ begin perform pg_advisory_unlock({LOCK_KEY}); end $$;"
        );
        out
    }

    /// One revision, and its row in the history.
    fn step(
        &self,
        out: &mut String,
        revision: &Revision,
        script: Script<'_>,
        row: &str,
    ) -> Result<(), Error> {
        script.refuse_impossible()?;
        refuse_unterminated(&script)?;
        let verb = if script.undoes { "Undo" } else { "Apply" };
        let _ = writeln!(out, "-- {verb} {}, {}", revision.id(), revision.message());
        let own = match script.undoes {
            true => revision.down_headers().and_then(|it| it.lock_timeout),
            false => None,
        };
        let own = own.or(revision.headers().lock_timeout);
        let timeout = own.unwrap_or(self.options.lock_timeout);
        let settle = settle(script.sql);
        match script.mode {
            Mode::OneTransaction | Mode::Enclosed => {
                let _ = writeln!(
                    out,
                    "begin;\nset local lock_timeout = {};",
                    timeout.as_millis()
                );
                push_script(out, script.sql);
                let _ = writeln!(out, "{settle}{row};\ncommit;\n");
            }
            Mode::OneByOne => {
                push_one_by_one(out, script.sql, timeout, own.is_some());
                let _ = writeln!(out, "reset lock_timeout;\n{settle}{row};\n");
            }
            Mode::UntilNoRows => {
                let _ = writeln!(out, "set lock_timeout = {};", timeout.as_millis());
                push_batches(out, script.sql);
                let _ = writeln!(out, "reset lock_timeout;\n{settle}{row};\n");
            }
        }
        Ok(())
    }
}

/// The script as it is, with a semicolon at its end.
fn push_script(out: &mut String, sql: &str) {
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
fn push_one_by_one(out: &mut String, sql: &str, timeout: Duration, is_own: bool) {
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
fn push_batches(out: &mut String, sql: &str) {
    let tag = |name: &str| {
        let free = (0..).map(|number| match number {
            0 => format!("${name}$"),
            number => format!("${name}{number}$"),
        });
        free.into_iter()
            .find(|tag| !sql.contains(tag.as_str()))
            .unwrap_or_default()
    };
    let (outer, inner) = (tag("batches"), tag("statement"));
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

/// What puts back the settings that a script changes for good, if it looks as if it did.
fn settle(sql: &str) -> String {
    let mentions = |word: &str| statements::names(sql).any(|name| name == word);
    let mut settle = String::new();
    let generic = mentions("set_config");
    for (setting, words) in [
        ("search_path", ["search_path", "schema"]),
        ("role", ["role", "authorization"]),
    ] {
        if generic || words.iter().any(|word| mentions(word)) {
            let _ = writeln!(settle, "reset {setting};");
        }
    }
    settle
}

/// In a script, what a file leaves open would swallow what comes after it.
fn refuse_unterminated(script: &Script<'_>) -> Result<(), Error> {
    let open = Lexer::new(script.sql, 0).find(|token| token.kind == Kind::Unterminated);
    let Some(open) = open else { return Ok(()) };
    let place = Location::of_byte(script.sql, open.range.start);
    let error = SourceError::at(script.path, place, "what begins here does not end");
    let help = "close the quote or the comment";
    Err(Error::Failed(Box::new(error.remedy(help))))
}
