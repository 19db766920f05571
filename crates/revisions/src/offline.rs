//! Scripts for a database that cannot be reached from here: what an upgrade, a downgrade or a stamp would do, as SQL for
//! psql. Nothing here talks to a database.
//!
//! A script does what the migrator does, with the same history, and guards itself: it takes the migration lock, and
//! does nothing to a database that is not where it starts (`guard.rs`). How a revision is written is in `script.rs`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::history::{delete_query, insert_query};
use crate::migrator::{Error, LOCK_KEY, Mode, Options, Script, no_way_back};
use crate::names::TargetError;
use crate::position::Position;
use crate::revision::Revision;
use crate::revisions::Revisions;

mod guard;
mod script;

use guard::Guard;

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
        let new = planned.iter().map(|revision| revision.id());
        self.guard(&mut out, &position, new.collect());
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
        let undone = planned.iter().map(|revision| revision.id());
        self.guard(&mut out, &position, self.above(&position, undone));
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
        let removed = position.applied().difference(&wanted).copied();
        let new: BTreeSet<i64> = wanted.difference(position.applied()).copied().collect();
        let mut absent = self.above(&position, removed.clone());
        absent.extend(&new);
        let mut out = self.head("stamp", start, &targets.join(" "));
        self.guard(&mut out, &position, absent);
        out.push_str("begin;\n");
        for id in removed {
            let _ = writeln!(out, "{};", delete_query(id));
        }
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
             \\set ON_ERROR_STOP on\n\\set AUTOCOMMIT on\n\\encoding UTF8\n\n",
            one_line(&line)
        )
    }

    /// What needs one of `ids` and is not applied at the start: nothing can be taken away below it.
    fn above(&self, start: &Position<'_>, ids: impl IntoIterator<Item = i64>) -> BTreeSet<i64> {
        let needing = self.revisions.all_with_needing(ids);
        needing.difference(start.applied()).copied().collect()
    }

    fn guard(&self, out: &mut String, start: &Position<'_>, absent: BTreeSet<i64>) {
        let guard = Guard {
            revisions: self.revisions,
            applied: start.applied(),
            absent,
            program: &self.options.program,
        };
        let _ = writeln!(out, "{}", guard.statement());
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
        script::refuse_unterminated(&script)?;
        // Batches are sent within a quote.
        if script.mode != Mode::UntilNoRows {
            script::refuse_what_psql_replaces(&script)?;
        }
        let verb = if script.undoes { "Undo" } else { "Apply" };
        let _ = writeln!(
            out,
            "-- {verb} {}, {}",
            revision.id(),
            one_line(revision.message())
        );
        let own = match script.undoes {
            true => revision.down_headers().and_then(|it| it.lock_timeout),
            false => None,
        };
        let own = own.or(revision.headers().lock_timeout);
        let timeout = own.unwrap_or(self.options.lock_timeout);
        let settle = script::settle(script.sql);
        let lock_timeout = format!("set local lock_timeout = {};", timeout.as_millis());
        match script.mode {
            Mode::OneTransaction | Mode::Enclosed => {
                let _ = writeln!(out, "begin;\n{lock_timeout}");
                script::push_script(out, script.sql);
                let _ = writeln!(out, "{settle}{lock_timeout}\n{row};\ncommit;\n");
            }
            Mode::OneByOne => {
                script::push_one_by_one(out, script.sql, timeout, own.is_some());
                let _ = writeln!(out, "{settle}{row};\n");
            }
            Mode::UntilNoRows => {
                let _ = writeln!(out, "set lock_timeout = {};", timeout.as_millis());
                script::push_batches(out, script.sql);
                let _ = writeln!(out, "{settle}{row};\n");
            }
        }
        Ok(())
    }
}

/// For a comment: psql ends one where a line ends.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
