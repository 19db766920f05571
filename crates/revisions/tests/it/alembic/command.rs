//! A command that is given where some revisions are applied, taken apart, and what ours makes of it.

use std::fmt;

use revisions::{Position, Revisions, TargetError};
use serde::Deserialize;

use super::graph::{Graph, Ids};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Upgrade,
    Downgrade,
    Stamp,
}

/// A command, and what is applied before it.
#[derive(Debug, Clone)]
pub struct Command<'g> {
    pub graph: &'g Graph,
    pub applied: Ids,
    pub kind: Kind,
    /// The arguments, with blanks between.
    pub arguments: String,
}

impl Command<'_> {
    /// What is applied after ours, or its refusal.
    pub fn ours(&self, revisions: &Revisions) -> Result<Ids, TargetError> {
        let position = Position::new(revisions, self.applied.iter().copied(), "cargo db");
        let (arguments, applied) = (self.arguments.as_str(), &self.applied);
        match self.kind {
            Kind::Upgrade => {
                let new = position.upgrade(arguments)?;
                let new: Ids = new.iter().map(|revision| revision.id()).collect();
                assert!(new.is_disjoint(applied), "applied twice: {self}");
                Ok(applied | &new)
            }
            Kind::Downgrade => {
                let undone = position.downgrade(arguments)?;
                let undone: Ids = undone.iter().map(|revision| revision.id()).collect();
                assert!(undone.is_subset(applied), "undone twice: {self}");
                Ok(applied - &undone)
            }
            Kind::Stamp => {
                let targets: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
                position.stamp(&targets)
            }
        }
    }

    pub fn names(&self) -> Vec<Name<'_>> {
        self.arguments.split(' ').map(Name::of).collect()
    }

    /// The one name of an upgrade or a downgrade, the first of a stamp.
    pub fn name(&self) -> Name<'_> {
        Name::of(self.arguments.split(' ').next().unwrap_or_default())
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = format!("{:?}", self.kind).to_lowercase();
        let tips = self.graph.tips(&self.applied);
        write!(f, "{kind} {} at {tips:?}", self.arguments)
    }
}

/// `branch@symbol±steps`, each of which may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    pub branch: Option<&'a str>,
    pub symbol: Option<&'a str>,
    pub steps: Option<Steps>,
}

/// So many revisions up or down from somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    pub up: bool,
    pub number: usize,
}

impl<'a> Name<'a> {
    pub fn of(text: &'a str) -> Self {
        let at = text.find('@');
        let rest = at.map_or(text, |at| &text[at + 1..]);
        let symbol = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let steps = match (rest[symbol.len()..].parse(), symbol.chars().last()) {
            (Ok(number), Some('+')) => Some(Steps { up: true, number }),
            (Ok(number), Some('-')) => Some(Steps { up: false, number }),
            _ => None,
        };
        let symbol = match steps {
            None => rest,
            Some(_) => &symbol[..symbol.len() - 1],
        };
        Self {
            branch: at.map(|at| &text[..at]),
            symbol: Some(symbol).filter(|symbol| !symbol.is_empty()),
            steps,
        }
    }
}
