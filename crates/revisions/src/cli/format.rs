//! Revisions as text, in the words of Alembic.

use crate::revision::Revision;
use crate::revisions::Revisions;

/// A revision among the others, and where the database is, if that was asked.
pub(super) struct Entry<'a> {
    pub(super) revision: &'a Revision,
    pub(super) revisions: &'a Revisions,
    pub(super) is_current: bool,
}

fn list(ids: impl IntoIterator<Item = i64>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.join(", ")
}

impl Entry<'_> {
    fn is_head(&self) -> bool {
        self.revisions.children(self.revision.id()).is_empty()
    }

    fn parents(&self) -> String {
        match self.revision.parents() {
            [] => "<base>".to_owned(),
            parents => list(parents.iter().copied()),
        }
    }

    /// `20251122090000 (head)`.
    pub(super) fn name(&self) -> String {
        let label = self.revision.headers().branch.as_ref();
        let label = label.map(|label| format!(" ({label})")).unwrap_or_default();
        let head = if self.is_head() { " (head)" } else { "" };
        let current = if self.is_current { " (current)" } else { "" };
        format!("{}{label}{head}{current}", self.revision.id())
    }

    fn shape(&self) -> String {
        let branches = self.revisions.children(self.revision.id()).len() > 1;
        let merges = self.revision.parents().len() > 1;
        let branch = if branches { " (branchpoint)" } else { "" };
        let merge = if merges { " (mergepoint)" } else { "" };
        format!("{branch}{merge}")
    }

    /// `20251122090000 -> 20251123100000 (head), message`.
    pub(super) fn line(&self) -> String {
        let depends = &self.revision.headers().depends_on;
        let depends = match depends.as_slice() {
            [] => String::new(),
            ids => format!(" ({})", list(ids.iter().copied())),
        };
        let (parents, name, shape) = (self.parents(), self.name(), self.shape());
        format!(
            "{parents}{depends} -> {name}{shape}, {}",
            self.revision.message()
        )
    }

    /// All there is to say, in several lines.
    pub(super) fn paragraph(&self) -> String {
        let revision = self.revision;
        let mut lines = vec![format!("Rev: {}{}", self.name(), self.shape())];
        let parents = if revision.parents().len() > 1 {
            "Merges"
        } else {
            "Parent"
        };
        lines.push(format!("{parents}: {}", self.parents()));
        let children = self.revisions.children(revision.id());
        if children.len() > 1 {
            lines.push(format!("Branches into: {}", list(children.iter().copied())));
        }
        if !revision.headers().depends_on.is_empty() {
            let depends = list(revision.headers().depends_on.iter().copied());
            lines.push(format!("Also depends on: {depends}"));
        }
        lines.push(format!("Path: {}", revision.path()));
        lines.push(String::new());
        lines.push(format!("    {}", revision.message()));
        lines.join("\n")
    }
}
