//! Revisions as text, in the words of Alembic, and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::style;
use crate::header::{Repeat, Transaction};
use crate::revision::{Down, Revision};
use crate::revisions::Revisions;

/// The revisions, and what is known of where the database is.
pub(super) struct Catalogue<'a> {
    revisions: &'a Revisions,
    labels: BTreeMap<i64, Vec<&'a str>>,
    /// What is marked as current; nothing if that was not asked.
    pub(super) current: Vec<i64>,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(revisions: &'a Revisions) -> Self {
        Self {
            revisions,
            labels: revisions.labels(),
            current: Vec::new(),
        }
    }

    fn labels(&self, revision: &Revision) -> &[&'a str] {
        self.labels.get(&revision.id()).map_or(&[], Vec::as_slice)
    }

    fn is_head(&self, revision: &Revision) -> bool {
        self.revisions.children(revision.id()).is_empty()
    }

    fn parents(revision: &Revision) -> String {
        match revision.parents() {
            [] => style::aside("<base>"),
            parents => list(parents),
        }
    }

    /// `20251122090000 (head)`.
    pub(super) fn name(&self, revision: &Revision) -> String {
        let mut name = style::id(revision.id());
        for label in self.labels(revision) {
            name.push_str(&format!(" ({label})"));
        }
        if self.is_head(revision) {
            name.push_str(&format!(" {}", style::good("(head)")));
        }
        if self.current.contains(&revision.id()) {
            name.push_str(&format!(" {}", style::here("(current)")));
        }
        name
    }

    fn shape(&self, revision: &Revision) -> String {
        let branches = self.revisions.children(revision.id()).len() > 1;
        let merges = revision.parents().len() > 1;
        let branch = if branches { " (branchpoint)" } else { "" };
        let merge = if merges { " (mergepoint)" } else { "" };
        format!("{branch}{merge}")
    }

    /// `20251122090000 -> 20251123100000 (head), message`.
    pub(super) fn line(&self, revision: &Revision) -> String {
        let depends = match revision.headers().depends_on.as_slice() {
            [] => String::new(),
            ids => format!(" ({})", list(ids)),
        };
        let (name, shape) = (self.name(revision), self.shape(revision));
        format!(
            "{}{depends} -> {name}{shape}, {}",
            Self::parents(revision),
            revision.message()
        )
    }

    /// All there is to say, in several lines.
    pub(super) fn paragraph(&self, revision: &Revision) -> String {
        let mut lines = vec![format!(
            "Rev: {}{}",
            self.name(revision),
            self.shape(revision)
        )];
        let merges = revision.parents().len() > 1;
        let parents = if merges { "Merges" } else { "Parent" };
        lines.push(format!("{parents}: {}", Self::parents(revision)));
        let children = self.revisions.children(revision.id());
        if children.len() > 1 {
            lines.push(format!("Branches into: {}", list(children)));
        }
        let headers = revision.headers();
        if !headers.depends_on.is_empty() {
            lines.push(format!("Also depends on: {}", list(&headers.depends_on)));
        }
        if headers.transaction == Transaction::None {
            lines.push("Runs: statement by statement, outside of a transaction".to_owned());
        }
        if headers.repeat == Some(Repeat::UntilNoRows) {
            lines.push("Runs: in batches, until no rows are left".to_owned());
        }
        match revision.down() {
            Down::Sql(_) => {}
            Down::Irreversible(reason) => lines.push(format!("Irreversible: {reason}")),
            Down::Missing => lines.push("Irreversible: it has no down script".to_owned()),
        }
        lines.push(format!("Path: {}", revision.path()));
        lines.push(String::new());
        lines.push(format!("    {}", revision.message()));
        lines.join("\n")
    }

    /// The revision for a machine.
    pub(super) fn record(&self, revision: &'a Revision) -> Record<'a> {
        let headers = revision.headers();
        let (down, irreversible) = match revision.down() {
            Down::Sql(_) => (revision.down_path(), None),
            Down::Irreversible(reason) => (None, Some(reason)),
            Down::Missing => (None, None),
        };
        Record {
            id: revision.id().to_string(),
            message: revision.message(),
            parents: strings(revision.parents()),
            depends_on: strings(&headers.depends_on),
            children: strings(self.revisions.children(revision.id())),
            labels: self.labels(revision).to_vec(),
            is_head: self.is_head(revision),
            is_current: self.current.contains(&revision.id()),
            path: revision.path(),
            down_path: down,
            irreversible,
            transaction: headers.transaction == Transaction::One && headers.repeat.is_none(),
            applied_on: None,
        }
    }
}

/// A revision as JSON. Ids are text: some readers of JSON do not keep all digits of a number.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    id: String,
    message: &'a str,
    parents: Vec<String>,
    depends_on: Vec<String>,
    children: Vec<String>,
    labels: Vec<&'a str>,
    is_head: bool,
    is_current: bool,
    path: &'a str,
    down_path: Option<&'a str>,
    irreversible: Option<&'a str>,
    transaction: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) applied_on: Option<&'a str>,
}

fn list(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(style::id).collect();
    ids.join(", ")
}

pub(super) fn strings(ids: &[i64]) -> Vec<String> {
    ids.iter().map(i64::to_string).collect()
}
