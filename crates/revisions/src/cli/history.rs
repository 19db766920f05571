//! `history`: the revisions, the newest first. Asks the database only where the answer needs it.

use std::collections::BTreeSet;

use super::format::Catalogue;
use super::{CommandError, Context, History, print, print_json};
use crate::migrator::Migrator;
use crate::names::{Name, Names, TargetError};
use crate::revision::Revision;
use crate::revisions::Revisions;

/// What the ends of a range can be, for messages.
pub(super) const ALLOWED: &str =
    "a revision id, a unique prefix of one, `base`, `head` or `current`";

pub(super) async fn run(options: &History, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let range = options.range.as_deref().unwrap_or(":");
    let (start, end) = range.split_once(':').ok_or_else(|| CommandError::Range {
        range: range.to_owned(),
    })?;
    let (start, end) = (Name::parse(start), Name::parse(end));
    let asks = |name: &Name<'_>| name.symbol == Some("current");
    let current = if options.indicate_current || asks(&start) || asks(&end) {
        let mut client = context.connect().await?;
        let state = Migrator::new(&mut client, &revisions).state().await?;
        Some(state.heads(&revisions))
    } else {
        None
    };
    let ends = Ends {
        revisions: &revisions,
        names: Names {
            revisions: &revisions,
            current: current.as_deref(),
            allowed: ALLOWED,
            program: &context.options.program,
        },
    };
    let shown = ends.between(&start, &end)?;
    let shown = revisions
        .iter()
        .rev()
        .filter(|revision| shown.contains(&revision.id()));
    let mut catalogue = Catalogue::new(&revisions);
    if options.indicate_current {
        catalogue.current = current.clone().unwrap_or_default();
    }
    if options.json {
        let records: Vec<_> = shown.map(|revision| catalogue.record(revision)).collect();
        return print_json(&records);
    }
    let mut text = String::new();
    for revision in shown {
        if options.verbose {
            text.push_str(&format!("{}\n\n", catalogue.paragraph(revision)));
        } else {
            text.push_str(&format!("{}\n", catalogue.line(revision)));
        }
    }
    print(&text)
}

/// What the ends of a range are resolved against.
pub(super) struct Ends<'a> {
    pub(super) revisions: &'a Revisions,
    pub(super) names: Names<'a>,
}

impl Ends<'_> {
    /// The revisions from `start` to `end`, both with them.
    pub(super) fn between(
        &self,
        start: &Name<'_>,
        end: &Name<'_>,
    ) -> Result<BTreeSet<i64>, CommandError> {
        if let (None, Some(steps)) = (start.symbol, steps_of(start, -1)) {
            // So many before the end, on the one way that leads there.
            let below = self.revisions.all_with_needs(self.end(end)?);
            let line = self.revisions.iter().rev().map(Revision::id);
            let steps = steps.saturating_add(1);
            return Ok(line.filter(|id| below.contains(id)).take(steps).collect());
        }
        let from = self.start(start)?;
        let above = match &from[..] {
            // Also those that have no ancestor at all, which only others need.
            [] => self.revisions.iter().map(Revision::id).collect(),
            ids => self.revisions.descendants(ids.iter().copied()),
        };
        if let (None, Some(steps)) = (end.symbol, steps_of(end, 1)) {
            let line = self.revisions.iter().map(Revision::id);
            let steps = steps.saturating_add(usize::from(!from.is_empty()));
            return Ok(line.filter(|id| above.contains(id)).take(steps).collect());
        }
        let below = self.revisions.all_with_needs(self.end(end)?);
        if let Some(&from) = from.iter().find(|id| !below.contains(id)) {
            return Err(CommandError::NotAnAncestor {
                from,
                to: end.text.to_owned(),
            });
        }
        Ok(above.intersection(&below).copied().collect())
    }

    /// Nothing is the base.
    fn start(&self, name: &Name<'_>) -> Result<Vec<i64>, TargetError> {
        match name.text {
            "" => Ok(Vec::new()),
            _ => self.names.all(name),
        }
    }

    fn end(&self, name: &Name<'_>) -> Result<Vec<i64>, TargetError> {
        match name.text {
            "" | "head" => self.names.all(&Name::parse("heads")),
            _ => self.names.all(name),
        }
    }
}

/// The `3` of `-3` or `+3`, if it leads that way.
fn steps_of(name: &Name<'_>, sign: i64) -> Option<usize> {
    let steps = name.steps?.checked_mul(sign)?;
    usize::try_from(steps).ok()
}
