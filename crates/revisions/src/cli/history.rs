//! `history`: the revisions, the newest first. Asks the database only where the answer needs it.

use std::collections::BTreeSet;

use super::format::Entry;
use super::{CommandError, Context, History, print};
use crate::migrator::Migrator;
use crate::revision::Revision;
use crate::revisions::Revisions;
use crate::target::{self, TargetError};

/// What the ends of a range can be, for messages.
const ALLOWED: &str = "a revision id, a unique prefix of one, `base`, `head` or `current`";

pub(super) async fn run(options: &History, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions.as_ref();
    let range = options.range.as_deref().unwrap_or(":");
    let (start, end) = range.split_once(':').ok_or_else(|| CommandError::Range {
        range: range.to_owned(),
    })?;
    let current = if options.indicate_current || start == "current" || end == "current" {
        let mut client = context.connect().await?;
        let state = Migrator::new(&mut client, revisions).state().await?;
        state.heads(revisions)
    } else {
        Vec::new()
    };
    let ends = Ends {
        revisions,
        current: &current,
        program: &context.options.program,
    };
    let shown = ends.between(start, end)?;
    let mut text = String::new();
    for revision in revisions
        .iter()
        .rev()
        .filter(|revision| shown.contains(&revision.id()))
    {
        let is_current = options.indicate_current && current.contains(&revision.id());
        let entry = Entry {
            revision,
            revisions,
            is_current,
        };
        if options.verbose {
            text.push_str(&format!("{}\n\n", entry.paragraph()));
        } else {
            text.push_str(&format!("{}\n", entry.line()));
        }
    }
    print(&text)
}

/// What the ends of a range are resolved against.
struct Ends<'a> {
    revisions: &'a Revisions,
    current: &'a [i64],
    program: &'a str,
}

impl Ends<'_> {
    /// The revisions from `start` to `end`, both with them.
    fn between(&self, start: &str, end: &str) -> Result<BTreeSet<i64>, CommandError> {
        let below_end = |end: &[i64]| -> BTreeSet<i64> {
            end.iter()
                .flat_map(|&id| self.revisions.with_needs(id))
                .collect()
        };
        let above_start = |start: &[i64]| -> BTreeSet<i64> {
            let above = start.iter().flat_map(|&id| self.revisions.needed_by(id));
            above.chain(start.iter().copied()).collect()
        };
        let (steps_down, steps_up) = (steps(start, '-'), steps(end, '+'));
        if let Some(steps) = steps_down {
            let below = below_end(&self.ids(end, Side::End)?);
            let line = self.revisions.iter().rev().map(Revision::id);
            return Ok(line
                .filter(|id| below.contains(id))
                .take(steps.saturating_add(1))
                .collect());
        }
        let above = above_start(&self.ids(start, Side::Start)?);
        if let Some(steps) = steps_up {
            let line = self.revisions.iter().map(Revision::id);
            return Ok(line
                .filter(|id| above.contains(id))
                .take(steps.saturating_add(1))
                .collect());
        }
        let below = below_end(&self.ids(end, Side::End)?);
        Ok(above.intersection(&below).copied().collect())
    }

    fn ids(&self, name: &str, side: Side) -> Result<Vec<i64>, TargetError> {
        let heads = || self.revisions.heads().map(Revision::id).collect();
        let bases = || {
            let bases = self
                .revisions
                .iter()
                .filter(|revision| revision.parents().is_empty());
            bases.map(Revision::id).collect()
        };
        match (name, side) {
            ("", Side::End) | ("head" | "heads", _) => Ok(heads()),
            ("" | "base", Side::Start) => Ok(bases()),
            ("base", Side::End) => Ok(Vec::new()),
            // A database where nothing is applied is at the base.
            ("current", Side::Start) if self.current.is_empty() => Ok(bases()),
            ("current", _) => Ok(self.current.to_vec()),
            _ => target::find(name, self.revisions, self.program, ALLOWED).map(|id| vec![id]),
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Start,
    End,
}

/// The `3` of `-3` or `+3`.
fn steps(name: &str, sign: char) -> Option<usize> {
    name.strip_prefix(sign)
        .and_then(|digits| digits.parse().ok())
}
